//! Orders.

use std::collections::HashMap;

/// The sum.
pub fn total(lines: &[String], prices: &HashMap<String, u32>) -> u32 {
    let mut sum = 0;

    // each one
    for line in lines {
        sum += prices[line]; /* in cents */
    }
    println!("// no remark {}", sum);
    sum
}

#[derive(Debug)]
pub struct Order {
    pub id: String, // how it is known
}
