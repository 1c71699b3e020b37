# frozen_string_literal: true

# Orders.
module Shop
  class Order
    attr_reader :lines # in their order

    # The sum.
    def total(prices)
      sum = 0

      lines.each do |line|
        sum += prices[line] # in cents
      end
      puts <<~TEXT
        a text

        # that keeps its blanks
      TEXT
      sum
    end
  end
end
