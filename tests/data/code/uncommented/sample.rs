use std::collections::HashMap;
pub fn total(lines: &[String], prices: &HashMap<String, u32>) -> u32 {
    let mut sum = 0;
    for line in lines {
        sum += prices[line];
    }
    println!("// no remark {}", sum);
    sum
}
#[derive(Debug)]
pub struct Order {
    pub id: String,
}
