pub fn twice(n: u32) -> u32 {
    n * 2
}

pub fn add_all(n: &[u32]) -> u32 {
    n.iter().sum()
}
