//! The network's key, as an operator writes it.

/// 64 hexadecimal digits, alone or as the last line of a `swarm.key` file; none for anything else.
pub fn parse(text: &str) -> Option<[u8; 32]> {
    let digits = text.trim().lines().last().unwrap_or_default().trim();
    let mut key = [0; 32];
    hex::decode_to_slice(digits, &mut key).ok()?;
    Some(key)
}
