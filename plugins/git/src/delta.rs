//! Deltas of packs: an object as copies from another and new bytes. gix-pack applies them too, to packs that are in memory as a
//! whole.

use crate::limits::MAX_OBJECT_BYTES;

/// What `delta` makes of `base`.
pub(crate) fn apply(base: &[u8], delta: &[u8]) -> Result<Vec<u8>, String> {
    let mut rest = delta.iter().copied();
    if size(&mut rest)? != base.len() as u64 {
        return Err("a delta is for another base".to_owned());
    }
    let promised = size(&mut rest)?;
    if promised > MAX_OBJECT_BYTES {
        return Err(format!("a delta makes {promised} bytes; objects of at most {MAX_OBJECT_BYTES} bytes are read"));
    }
    let promised = usize::try_from(promised).map_err(|_| "a delta is too large".to_owned())?;
    let mut made = Vec::with_capacity(promised);
    while let Some(command) = rest.next() {
        if command & 0x80 != 0 {
            let offset = number(command, 4, &mut rest)?;
            let length = match number(command >> 4, 3, &mut rest)? {
                0 => 0x10000,
                length => length,
            };
            let copied =
                base.get(offset..offset.saturating_add(length)).ok_or("a delta copies what is not in its base")?;
            made.extend_from_slice(copied);
        } else if command == 0 {
            return Err("a delta has an unknown instruction".to_owned());
        } else {
            let before = made.len();
            made.extend(rest.by_ref().take(usize::from(command)));
            if made.len() - before != usize::from(command) {
                return Err("a delta is cut short".to_owned());
            }
        }
        if made.len() > promised {
            return Err("a delta makes more than it promises".to_owned());
        }
    }
    if made.len() < promised {
        return Err("a delta makes less than it promises".to_owned());
    }
    Ok(made)
}

/// A number whose bytes are there where the bits of `present` say so.
fn number(present: u8, bytes: u32, rest: &mut impl Iterator<Item = u8>) -> Result<usize, String> {
    let mut number = 0;
    for index in (0..bytes).filter(|index| present & (1 << index) != 0) {
        number |= usize::from(rest.next().ok_or("a delta is cut short")?) << (8 * index);
    }
    Ok(number)
}

fn size(rest: &mut impl Iterator<Item = u8>) -> Result<u64, String> {
    let (mut size, mut shift) = (0, 0);
    loop {
        let byte = rest.next().ok_or("a delta is cut short")?;
        size |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return Ok(size);
        }
        if shift > 56 {
            return Err("a size is too large".to_owned());
        }
    }
}
