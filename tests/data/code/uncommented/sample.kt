package shop
class Order(private val lines: List<String>) {
    fun total(prices: Map<String, Int>): Int {
        var sum = 0
        for (line in lines) {
            sum += prices[line] ?: 0
        }
        println("// no remark $sum")
        return sum
    }
}
