use std::collections::HashMap;
pub fn total(lines: &[String], prices: &HashMap<String, u32>) -> u32 { /* [bursar: bodies are left out, by their lines; the original: blob_0000000000000000000000000000000000000000000000000000000000000000] L6-15 */ }
#[derive(Debug)]
pub struct Order {
    pub id: String,
}
