fn main() {
    // The greeting.
    println!("hello, world");
}

fn other() {}
