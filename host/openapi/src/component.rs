//! Puts operations into the component that performs them.
//!
//! The component says in its data where they belong: behind [`MAGIC`] are an address and a length of 0. One data segment is added at that
//! address, and the length is set. Nothing else changes, so the code that was reviewed is the code that runs, and the operations are
//! within the bytes that a signature covers.

use tandem_operations::{Bundle, BundleError, CAPACITY, MAGIC, Operations};

/// A component that takes no operations.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    /// Not one that takes them, or one that has some already.
    #[error("the component takes no operations: {0}")]
    Foreign(&'static str),
    /// What it should carry does not fit.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// Bytes before the first section, of components and modules alike.
const PREAMBLE: usize = 8;
/// Sections, by their ids: of a component a core module, of a module its data and how many segments that has.
const MODULE: u8 = 1;
const DATA: u8 = 11;
const DATA_COUNT: u8 = 12;

/// The component with these operations.
///
/// # Errors
/// The component is not the one that performs operations, or they are more than it carries.
pub fn carry(component: &[u8], operations: &Operations) -> Result<Vec<u8>, ComponentError> {
    let payload = Bundle::encode(operations)?;
    let mut written = None;
    let out = sections(component, |id, body| {
        (id == MODULE && find(body).is_some() && written.is_none()).then(|| {
            written = Some(());
            module(body, &payload)
        })
    })?;
    written.map(|()| out).ok_or(ComponentError::Foreign("it has no place for them"))
}

fn module(module: &[u8], payload: &[u8]) -> Result<Vec<u8>, ComponentError> {
    sections(module, |id, body| match id {
        DATA => Some(data(body, payload)),
        DATA_COUNT => Some(counted(body).map(|(count, _)| leb(count + 1))),
        _ => None,
    })
}

/// The data section with one segment more, and the length set.
fn data(body: &[u8], payload: &[u8]) -> Result<Vec<u8>, ComponentError> {
    let (count, segments) = counted(body)?;
    let foreign = || ComponentError::Foreign("its data is damaged");
    let slot = find(segments).ok_or_else(foreign)? + MAGIC.len();
    let (before, rest) = segments.split_at_checked(slot).ok_or_else(foreign)?;
    let (address, rest) = rest.split_first_chunk::<4>().ok_or_else(foreign)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(foreign)?;
    if *length != [0; 4] {
        return Err(ComponentError::Foreign("it has some already"));
    }
    let length = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= CAPACITY).ok_or_else(foreign)?;
    let mut out = leb(count + 1);
    out.extend_from_slice(before);
    out.extend_from_slice(address);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(rest);
    // An active segment of the first memory: `i32.const ADDRESS; end`, the length, the bytes.
    out.extend_from_slice(&[0, 0x41]);
    out.extend(signed_leb(i64::from(u32::from_le_bytes(*address))));
    out.push(0x0b);
    out.extend(leb(length));
    out.extend_from_slice(payload);
    Ok(out)
}

/// Copies a component or a module, section by section, and those that `change` answers in their new form.
fn sections(
    bytes: &[u8],
    mut change: impl FnMut(u8, &[u8]) -> Option<Result<Vec<u8>, ComponentError>>,
) -> Result<Vec<u8>, ComponentError> {
    let foreign = || ComponentError::Foreign("it is not a component");
    let (preamble, mut rest) = bytes.split_at_checked(PREAMBLE).ok_or_else(foreign)?;
    if !preamble.starts_with(b"\0asm") {
        return Err(foreign());
    }
    let mut out = preamble.to_vec();
    while let Some((id, after)) = rest.split_first() {
        let (length, after) = counted(after)?;
        let (body, after) =
            usize::try_from(length).ok().and_then(|length| after.split_at_checked(length)).ok_or_else(foreign)?;
        let changed = change(*id, body).transpose()?;
        let body = changed.as_deref().unwrap_or(body);
        out.push(*id);
        out.extend(leb(u32::try_from(body.len()).map_err(|_| foreign())?));
        out.extend_from_slice(body);
        rest = after;
    }
    Ok(out)
}

fn find(bytes: &[u8]) -> Option<usize> {
    bytes.windows(MAGIC.len()).position(|window| window == MAGIC)
}

/// A number in LEB128, and what is behind it.
fn counted(bytes: &[u8]) -> Result<(u32, &[u8]), ComponentError> {
    let mut value = 0_u32;
    for (index, byte) in bytes.iter().enumerate().take(5) {
        value |= u32::from(byte & 0x7f).checked_shl(7 * u32::try_from(index).unwrap_or(u32::MAX)).unwrap_or_default();
        if byte & 0x80 == 0 {
            return Ok((value, bytes.get(index + 1..).unwrap_or_default()));
        }
    }
    Err(ComponentError::Foreign("it is damaged"))
}

fn leb(mut value: u32) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let [low, ..] = (value & 0x7f).to_le_bytes();
        value >>= 7;
        out.push(if value == 0 { low } else { low | 0x80 });
        if value == 0 {
            return out;
        }
    }
}

/// Signed LEB128, of an address.
fn signed_leb(mut value: i64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let [low, ..] = (value & 0x7f).to_le_bytes();
        value >>= 7;
        let is_last = value == 0 && low & 0x40 == 0;
        out.push(if is_last { low } else { low | 0x80 });
        if is_last {
            return out;
        }
    }
}
