"""What tokens cost: price rows in whole numbers, provider usage in one shape, exact costs, holds.

Nothing heavy is loaded by importing this: `PriceBook.load` reads the price library when asked.
"""
