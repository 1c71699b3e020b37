package shop

// Orders.
class Order(private val lines: List<String>) {
    /** The sum. */
    fun total(prices: Map<String, Int>): Int {
        var sum = 0

        // each one
        for (line in lines) {
            sum += prices[line] ?: 0 // in cents
        }
        println("// no remark $sum")
        return sum
    }
}
