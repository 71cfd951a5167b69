//! Where a frame goes. Each place has a known hardware address, so there is nothing to learn.

/// Locally administered addresses, of which the last byte is the place's number.
const VENDOR: [u8; 5] = [0x02, 0x54, 0x44, 0x4d, 0x00];

/// The hardware address of a place, as `ip` takes it.
pub(crate) fn hardware_address(place: usize) -> String {
    let last = u8::try_from(place).unwrap_or(u8::MAX);
    let all: Vec<_> = VENDOR.iter().chain([&last]).map(|byte| format!("{byte:02x}")).collect();
    all.join(":")
}

/// The places that a frame from one of so many is for: the one that it names, or all others.
pub(super) fn destinations(frame: &[u8], from: usize, places: usize) -> impl Iterator<Item = usize> + use<> {
    let group = frame.first().is_some_and(|first| first & 1 == 1);
    let one = match frame.get(..6) {
        Some([vendor @ .., last]) if *vendor == VENDOR => Some(usize::from(*last)),
        _ => None,
    };
    (0..places).filter(move |place| *place != from && (group || one == Some(*place)))
}
