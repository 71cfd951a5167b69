fn main() {
    let total = add(1, 2);
    println!("{total}");
}

fn add(a: u32, b: u32) -> u32 {
    // TODO: check for overflow
    a + b
}
