//! Lists of hosts to begin with, as an operator writes them.
//!
//! Two forms of a file: one multiaddress a line, with `#` before comments; or a JSON array of multiaddresses. The
//! environment has a third: multiaddresses with commas or white space between them ([`super::env`]).
//!
//! **Promises.** Each address ends in `/p2p/<id>`: a host is dialled only as the one that is meant. What is wrong is
//! reported with its place, and does not hide what is right.
//!
//! **Bounds.** [`MAX_LIST`] bytes and [`MAX_NODES`] entries, right and wrong ones.

use libp2p_core::{Multiaddr, multiaddr::Protocol};
use libp2p_identity::PeerId;

/// Most bytes of a list.
pub const MAX_LIST: usize = 64 << 10;
/// Most entries of a list: each is a dial at the start.
pub const MAX_NODES: usize = 256;
/// Most characters of a wrong entry that are shown.
const SHOWN: usize = 120;

/// A host to begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Who.
    pub peer: PeerId,
    /// Where, with the id at the end.
    pub address: Multiaddr,
}

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// No multiaddress.
    #[error("it is not a multiaddress; write one as `/ip4/192.0.2.1/tcp/4001/p2p/12D3KooW…`")]
    Address,
    /// No id.
    #[error("it does not end in `/p2p/<id>`; add the peer's id, which authenticates it")]
    NoPeer,
    /// In a JSON array, something else than a text.
    #[error("it is not text")]
    NoText,
}

/// A list that cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Too long.
    #[error("the list has more than {MAX_LIST} bytes; shorten it")]
    TooLong,
    /// Too many entries.
    #[error("the list has more than {MAX_NODES} entries; shorten it")]
    TooMany,
    /// Not UTF-8.
    #[error("the list is not utf-8 text")]
    NoText,
    /// It begins as a JSON array and is none.
    #[error("the list begins with `[` and is not a json array: {0}")]
    Json(String),
}

/// An entry that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadNode {
    /// Its place: the line, or which entry it is; the first is 1.
    pub place: usize,
    /// Its first characters.
    pub text: String,
    /// What is wrong.
    pub error: NodeError,
}

/// A list of hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeList {
    /// The right ones, in order, each once.
    pub nodes: Vec<Node>,
    /// The wrong ones.
    pub failed: Vec<BadNode>,
}

impl NodeList {
    /// Reads a bootstrap file in either form.
    ///
    /// # Errors
    /// [`ListError`]; single entries that are wrong are in [`NodeList::failed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ListError> {
        let text = checked(bytes)?;
        if text.trim_start().starts_with('[') {
            let entries: Vec<serde_json::Value> =
                serde_json::from_str(text).map_err(|error| ListError::Json(error.to_string()))?;
            return Self::collect(entries.iter().enumerate().map(|(index, entry)| {
                let place = index.saturating_add(1);
                entry.as_str().map_or_else(|| (place, Err(entry.to_string())), |text| (place, Ok(text)))
            }));
        }
        let lines = text.lines().enumerate().map(|(index, line)| {
            // No multiaddress has a `#`.
            (index.saturating_add(1), line.split_once('#').map_or(line, |(address, _)| address).trim())
        });
        Self::collect(lines.filter(|(_, line)| !line.is_empty()).map(|(place, line)| (place, Ok(line))))
    }

    /// Reads addresses with commas or white space between them.
    ///
    /// # Errors
    /// [`ListError`]; single entries that are wrong are in [`NodeList::failed`].
    pub fn parse_separated(bytes: &[u8]) -> Result<Self, ListError> {
        let entries = checked(bytes)?.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
        Self::collect(entries.enumerate().map(|(index, entry)| (index.saturating_add(1), Ok(entry))))
    }

    fn collect<'a>(entries: impl Iterator<Item = (usize, Result<&'a str, String>)>) -> Result<Self, ListError> {
        let mut list = Self::default();
        for (count, (place, entry)) in entries.enumerate() {
            if count >= MAX_NODES {
                return Err(ListError::TooMany);
            }
            let (text, read) = match entry {
                Ok(text) => (text, node(text)),
                Err(ref shown) => (shown.as_str(), Err(NodeError::NoText)),
            };
            match read {
                Ok(node) if !list.nodes.contains(&node) => list.nodes.push(node),
                Ok(_) => {}
                Err(error) => list.failed.push(BadNode { place, text: text.chars().take(SHOWN).collect(), error }),
            }
        }
        Ok(list)
    }
}

/// Reads one address that ends in `/p2p/<id>`.
///
/// # Errors
/// [`NodeError`].
pub fn node(text: &str) -> Result<Node, NodeError> {
    let address: Multiaddr = text.parse().map_err(|_| NodeError::Address)?;
    match address.iter().last() {
        Some(Protocol::P2p(peer)) => Ok(Node { peer, address }),
        _ => Err(NodeError::NoPeer),
    }
}

fn checked(bytes: &[u8]) -> Result<&str, ListError> {
    if bytes.len() > MAX_LIST {
        return Err(ListError::TooLong);
    }
    std::str::from_utf8(bytes).map_err(|_| ListError::NoText)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";

    fn at(port: u16) -> String {
        format!("/ip4/192.0.2.1/tcp/{port}/p2p/{ID}")
    }

    #[test]
    fn both_forms_of_a_file_are_read() {
        let lines = format!("# ours\n\n{}\r\n  {} # the second\n{}\n", at(1), at(2), at(1));
        let json = format!("\n [\"{}\", \"{}\"]", at(1), at(2));
        let (lines, json) = (NodeList::parse(lines.as_bytes()).unwrap(), NodeList::parse(json.as_bytes()).unwrap());
        assert_eq!(lines, json);
        assert_eq!((lines.nodes.len(), lines.failed.len()), (2, 0));
        assert_eq!((lines.nodes[1].peer.to_base58(), lines.nodes[1].address.to_string()), (ID.to_owned(), at(2)));
        assert_eq!(NodeList::parse(b" # nothing\n"), Ok(NodeList::default()));
    }

    #[test]
    fn a_wrong_entry_is_reported_and_hides_no_right_one() {
        let text = format!("/ip4/192.0.2.1/tcp/1\n{}\nnonsense {}\n/p2p/12D3\n", at(3), "x".repeat(500));
        let list = NodeList::parse(text.as_bytes()).unwrap();
        assert_eq!(list.nodes.len(), 1);
        let failed: Vec<_> = list.failed.iter().map(|bad| (bad.place, bad.error)).collect();
        assert_eq!(failed, [(1, NodeError::NoPeer), (3, NodeError::Address), (4, NodeError::Address)]);
        assert_eq!(list.failed[1].text.chars().count(), SHOWN);
        let json = NodeList::parse(format!("[7, \"{}\"]", at(1)).as_bytes()).unwrap();
        assert_eq!((json.nodes.len(), json.failed[0].error, json.failed[0].place), (1, NodeError::NoText, 1));
    }

    #[test]
    fn lists_are_bounded() {
        assert_eq!(NodeList::parse(&vec![b'\n'; MAX_LIST + 1]), Err(ListError::TooLong));
        assert_eq!(NodeList::parse("x\n".repeat(MAX_NODES + 1).as_bytes()), Err(ListError::TooMany));
        assert_eq!(NodeList::parse_separated("x,".repeat(MAX_NODES + 1).as_bytes()), Err(ListError::TooMany));
        assert_eq!(NodeList::parse(b"\xff"), Err(ListError::NoText));
        assert!(matches!(NodeList::parse(b"[1"), Err(ListError::Json(_))));
    }

    proptest! {
        #[test]
        fn no_list_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..500), text in "[\\[\\]\",/a-z0-9# \n]{0,200}") {
            let _ = (NodeList::parse(&bytes), NodeList::parse_separated(&bytes));
            let _ = (NodeList::parse(text.as_bytes()), NodeList::parse_separated(text.as_bytes()));
        }
    }
}
