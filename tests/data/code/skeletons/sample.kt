package shop
class Order(private val lines: List<String>) {
    fun total(prices: Map<String, Int>): Int { /* [bursar: bodies are left out, by their lines; the original: blob_0000000000000000000000000000000000000000000000000000000000000000] L6-15 */ }
}
