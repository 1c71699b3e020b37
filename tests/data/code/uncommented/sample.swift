import Foundation
struct Order {
    let lines: [String]
    func total(prices: [String: Int]) -> Int {
        var sum = 0
        for line in lines {
            guard let price = prices[line] else { continue }
            sum += price
        }
        print("// no remark \(sum)")
        return sum
    }
}
