# frozen_string_literal: true
module Shop
  class Order
    attr_reader :lines
    def total(prices)
      # [bursar: bodies are left out, by their lines; the original: blob_0000000000000000000000000000000000000000000000000000000000000000] L10-20
    end
  end
end
