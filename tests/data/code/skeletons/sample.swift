import Foundation
struct Order {
    let lines: [String]
    func total(prices: [String: Int]) -> Int { /* [bursar: bodies are left out, by their lines; the original: blob_0000000000000000000000000000000000000000000000000000000000000000] L8-18 */ }
}
