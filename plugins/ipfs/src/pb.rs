//! The dag-pb codec, strictly as its specification has it: two messages with five fields, in one order.

use cid::Cid;
use unsigned_varint::{decode, encode};

use crate::{
    fault::{Fault, Result},
    limits::MAX_LINKS,
};

/// A link of a node.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) cid: Cid,
    pub(crate) name: String,
    /// Bytes of the linked DAG, as whoever made the link says.
    pub(crate) size: u64,
}

/// A node.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) links: Vec<Link>,
    pub(crate) data: Option<Vec<u8>>,
}

/// A field of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    pub(crate) fn number(self) -> Result<u64> {
        if let Self::Number(number) = self { Ok(number) } else { Err(bad("a field has the wrong type")) }
    }

    pub(crate) fn bytes(self) -> Result<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(bad("a field has the wrong type")) }
    }
}

/// The next field of a message and its number; none at the end.
pub(crate) fn field<'a>(rest: &mut &'a [u8]) -> Result<Option<(u64, Value<'a>)>> {
    if rest.is_empty() {
        return Ok(None);
    }
    let key = varint(rest)?;
    let value = match key & 7 {
        0 => Value::Number(varint(rest)?),
        2 => {
            let length = usize::try_from(varint(rest)?).map_err(|_| bad("a length is too large"))?;
            let (bytes, after) =
                rest.split_at_checked(length).ok_or_else(|| bad("a field is longer than its message"))?;
            *rest = after;
            Value::Bytes(bytes)
        }
        _ => return Err(bad("a field has a wire type other than 0 and 2")),
    };
    Ok(Some((key >> 3, value)))
}

fn varint(rest: &mut &[u8]) -> Result<u64> {
    let (number, after) = decode::u64(rest).map_err(|_| bad("a number is cut off or too long"))?;
    *rest = after;
    Ok(number)
}

fn bad(why: &str) -> Fault {
    Fault::Damaged(format!("a block is not dag-pb: {why}"))
}

/// Reads a node.
pub(crate) fn decode_node(mut rest: &[u8]) -> Result<Node> {
    let mut node = Node::default();
    while let Some((number, value)) = field(&mut rest)? {
        match number {
            2 if node.data.is_some() => return Err(bad("links stand after the data")),
            2 => node.links.push(decode_link(value.bytes()?)?),
            1 if node.data.is_some() => return Err(bad("it has its data twice")),
            1 => node.data = Some(value.bytes()?.to_vec()),
            _ => return Err(bad("it has an unknown field")),
        }
        if node.links.len() > MAX_LINKS {
            return Err(Fault::Limit(format!("a node has more than {MAX_LINKS} links")));
        }
    }
    Ok(node)
}

fn decode_link(mut rest: &[u8]) -> Result<Link> {
    let (mut cid, mut name, mut size) = (None, None, None);
    while let Some((number, value)) = field(&mut rest)? {
        match number {
            1 if cid.is_none() && name.is_none() && size.is_none() => {
                cid = Some(Cid::try_from(value.bytes()?).map_err(|_| bad("a link has no valid CID"))?);
            }
            2 if name.is_none() && size.is_none() => {
                let text = str::from_utf8(value.bytes()?).map_err(|_| bad("the name of a link is not UTF-8"))?;
                name = Some(text.to_owned());
            }
            3 if size.is_none() => size = Some(value.number()?),
            _ => return Err(bad("the fields of a link are unknown, repeated or out of order")),
        }
    }
    let cid = cid.ok_or_else(|| bad("a link has no CID"))?;
    Ok(Link { cid, name: name.unwrap_or_default(), size: size.unwrap_or(0) })
}

/// Writes a node: its links before its data.
pub(crate) fn encode_node(links: &[Link], data: &[u8]) -> Vec<u8> {
    let mut node = Vec::new();
    for link in links {
        let mut message = Vec::new();
        put_bytes(&mut message, 1, &link.cid.to_bytes());
        put_bytes(&mut message, 2, link.name.as_bytes());
        put_number(&mut message, 3, link.size);
        put_bytes(&mut node, 2, &message);
    }
    put_bytes(&mut node, 1, data);
    node
}

pub(crate) fn put_number(to: &mut Vec<u8>, field: u64, number: u64) {
    to.extend_from_slice(encode::u64(field << 3, &mut encode::u64_buffer()));
    to.extend_from_slice(encode::u64(number, &mut encode::u64_buffer()));
}

pub(crate) fn put_bytes(to: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    to.extend_from_slice(encode::u64(field << 3 | 2, &mut encode::u64_buffer()));
    to.extend_from_slice(encode::u64(bytes.len() as u64, &mut encode::u64_buffer()));
    to.extend_from_slice(bytes);
}
