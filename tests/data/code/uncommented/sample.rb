# frozen_string_literal: true
module Shop
  class Order
    attr_reader :lines
    def total(prices)
      sum = 0
      lines.each do |line|
        sum += prices[line]
      end
      puts <<~TEXT
        a text

        # that keeps its blanks
      TEXT
      sum
    end
  end
end
