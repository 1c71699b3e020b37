import Foundation

// Orders.
struct Order {
    let lines: [String] // in their order

    /// The sum.
    func total(prices: [String: Int]) -> Int {
        var sum = 0

        for line in lines {
            // each one
            guard let price = prices[line] else { continue }
            sum += price
        }
        print("// no remark \(sum)")
        return sum
    }
}
