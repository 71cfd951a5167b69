//! Nodes of a DAG by CID and path, shown as DAG-JSON.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use cid::Cid;
use ipld_core::ipld::Ipld;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tandem_granted_folders::{self as folders, Folders};

use crate::{
    car::Store,
    cid_tool::parse,
    fault::{Fault, Result},
    hash::{DAG_CBOR, DAG_JSON, DAG_PB, RAW, codec_name},
    limits::{MAX_ANSWER_BYTES, MAX_NODE_DEPTH, MAX_SEGMENTS},
    meter::Meter,
    pb::{self, decode_node},
    walk::{Content, Walker},
};

/// A node, or a part of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Node {
    /// The block that the path led to.
    cid: String,
    /// What the block is, as `dag-cbor`.
    codec: String,
    /// Bytes of the block.
    block_bytes: u64,
    /// The value as DAG-JSON: links are `{"/": "CID"}`, bytes are `{"/": {"bytes": "base64"}}`.
    value: Value,
}

/// Reads the node that a path leads to.
pub(crate) fn get(path: &str, cid: Option<&str>, at: &str, meter: &Meter<'_>) -> Result<Node> {
    let location = Folders::granted().locate("path", path)?;
    let given = cid.map(|text| parse("cid", text)).transpose()?;
    let (file, length) = folders::open("path", &location)?;
    let mut file = std::io::BufReader::with_capacity(1 << 16, file);
    let mut store = Store::open(&mut file, length, meter)?;
    let mut cid = store.start(given)?;
    let (mut value, mut bytes) = load(&mut store, &cid)?;
    for segment in segments("node", at)? {
        meter.check()?;
        value = match named(&mut store, &cid, &value, segment, meter)? {
            Some(link) => Ipld::Link(link),
            None => inside(value, segment, &cid)?,
        };
        if let Ipld::Link(link) = value {
            cid = link;
            (value, bytes) = load(&mut store, &cid)?;
        }
    }
    let value = shown(&value)?;
    let length = serde_json::to_vec(&value).map_or(u64::MAX, |text| text.len() as u64);
    if length > MAX_ANSWER_BYTES {
        return Err(Fault::Limit(format!(
            "the value has {length} bytes of JSON; the bound is {MAX_ANSWER_BYTES}: ask for a part of it in `node`"
        )));
    }
    Ok(Node { cid: cid.to_string(), codec: codec_name(cid.codec()), block_bytes: bytes, value })
}

/// The parts of a path.
pub(crate) fn segments<'a>(argument: &str, path: &'a str) -> Result<Vec<&'a str>> {
    let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if segments.len() > MAX_SEGMENTS || segments.contains(&"..") || segments.contains(&".") {
        return Err(Fault::Argument(format!(
            "`{argument}` is a path of at most {MAX_SEGMENTS} names with `/` between them, as `docs/guide.md`, without `.` and `..`"
        )));
    }
    Ok(segments)
}

fn load(store: &mut Store<'_>, cid: &Cid) -> Result<(Ipld, u64)> {
    let block = store.get(cid)?;
    let bad = |error: String| Fault::Damaged(format!("block {cid} is not {}: {error}", codec_name(cid.codec())));
    let value = match cid.codec() {
        RAW => Ipld::Bytes(block.clone()),
        DAG_PB => of_pb(decode_node(&block)?),
        DAG_CBOR => {
            cbor_depth(&block)?;
            serde_ipld_dagcbor::from_slice(&block).map_err(|error| bad(error.to_string()))?
        }
        DAG_JSON => {
            json_depth(&block)?;
            of_json(serde_json::from_slice(&block).map_err(|error| bad(error.to_string()))?)?
        }
        other => {
            return Err(Fault::Unsupported(format!(
                "block {cid} is {}: dag-cbor, dag-json, dag-pb and raw are read",
                codec_name(other)
            )));
        }
    };
    Ok((value, block.len() as u64))
}

fn too_deep() -> Fault {
    Fault::Limit(format!("a node has more than {MAX_NODE_DEPTH} maps and lists inside of each other"))
}

/// An error for brackets that stand too deep in each other. Those in strings are passed over.
fn json_depth(text: &[u8]) -> Result<()> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NODE_DEPTH {
            return Err(too_deep());
        }
    }
    Ok(())
}

/// An error for items that stand too deep in each other. What is not CBOR at all is left to the decoder.
fn cbor_depth(mut rest: &[u8]) -> Result<()> {
    // Items that are still to come at each level.
    let mut open: Vec<u64> = Vec::new();
    while let Some((head, after)) = rest.split_first() {
        let (major, small) = (head >> 5, head & 31);
        let width = match small {
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => 0,
        };
        let Some((number, after)) = after.split_at_checked(width) else { return Ok(()) };
        let argument = number.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let argument = if width == 0 { u64::from(small) } else { argument };
        rest = after;
        let inside = match major {
            2 | 3 => {
                let length = usize::try_from(argument).unwrap_or(usize::MAX);
                let Some(after) = rest.get(length..) else { return Ok(()) };
                rest = after;
                0
            }
            4 => argument,
            5 => argument.saturating_mul(2),
            6 => 1,
            _ => 0,
        };
        if let Some(left) = open.last_mut() {
            *left = left.saturating_sub(1);
        }
        if inside > 0 {
            open.push(inside);
        }
        if open.len() > MAX_NODE_DEPTH {
            return Err(too_deep());
        }
        while open.last() == Some(&0) {
            open.pop();
        }
    }
    Ok(())
}

fn of_pb(node: pb::Node) -> Ipld {
    let links = node.links.into_iter().map(|link| {
        Ipld::Map(
            [
                ("Hash".to_owned(), Ipld::Link(link.cid)),
                ("Name".to_owned(), Ipld::String(link.name)),
                ("Tsize".to_owned(), Ipld::Integer(link.size.into())),
            ]
            .into(),
        )
    });
    let mut map = std::collections::BTreeMap::from([("Links".to_owned(), Ipld::List(links.collect()))]);
    if let Some(data) = node.data {
        map.insert("Data".to_owned(), Ipld::Bytes(data));
    }
    Ipld::Map(map)
}

/// DAG-JSON as a node: the key `/` alone is reserved for links and bytes.
fn of_json(value: Value) -> Result<Ipld> {
    Ok(match value {
        Value::Null => Ipld::Null,
        Value::Bool(bool) => Ipld::Bool(bool),
        Value::String(text) => Ipld::String(text),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Ipld::Integer(number.into()),
            (_, Some(number)) => Ipld::Integer(number.into()),
            _ => Ipld::Float(number.as_f64().unwrap_or_default()),
        },
        Value::Array(items) => Ipld::List(items.into_iter().map(of_json).collect::<Result<_>>()?),
        Value::Object(map) => match map.get("/") {
            Some(Value::String(text)) if map.len() == 1 => Ipld::Link(
                Cid::try_from(text.as_str())
                    .map_err(|_| Fault::Damaged("a link of a dag-json node is not a CID".to_owned()))?,
            ),
            Some(Value::Object(bytes)) if map.len() == 1 => {
                let text = bytes.get("bytes").and_then(Value::as_str).unwrap_or_default();
                Ipld::Bytes(STANDARD_NO_PAD.decode(text).map_err(|_| {
                    Fault::Damaged("bytes of a dag-json node are not base64 without padding".to_owned())
                })?)
            }
            _ => Ipld::Map(map.into_iter().map(|(key, value)| Ok((key, of_json(value)?))).collect::<Result<_>>()?),
        },
    })
}

fn shown(value: &Ipld) -> Result<Value> {
    Ok(match value {
        Ipld::Null => Value::Null,
        Ipld::Bool(bool) => json!(bool),
        Ipld::Integer(number) => match (u64::try_from(*number), i64::try_from(*number)) {
            (Ok(number), _) => json!(number),
            (_, Ok(number)) => json!(number),
            _ => return Err(Fault::Unsupported(format!("the integer {number} has more than 64 bits"))),
        },
        Ipld::Float(number) => json!(number),
        Ipld::String(text) => json!(text),
        Ipld::Bytes(bytes) => json!({ "/": { "bytes": STANDARD_NO_PAD.encode(bytes) } }),
        Ipld::Link(cid) => json!({ "/": cid.to_string() }),
        Ipld::List(items) => Value::Array(items.iter().map(shown).collect::<Result<_>>()?),
        Ipld::Map(map) => Value::Object(
            map.iter().map(|(key, value)| Ok((key.clone(), shown(value)?))).collect::<Result<Map<_, _>>>()?,
        ),
    })
}

/// The link that an entry of a folder has, at the top of a dag-pb node.
fn named(store: &mut Store<'_>, cid: &Cid, value: &Ipld, segment: &str, meter: &Meter<'_>) -> Result<Option<Cid>> {
    let top = matches!(value, Ipld::Map(map) if map.contains_key("Links"));
    if cid.codec() != DAG_PB || !top {
        return Ok(None);
    }
    match (Walker { store, meter }).content(cid) {
        Ok(Content::Folder(links)) => Ok(links.iter().find(|link| link.name == segment).map(|link| link.cid)),
        _ => Ok(None),
    }
}

fn inside(value: Ipld, segment: &str, cid: &Cid) -> Result<Ipld> {
    let (found, names) = match value {
        Ipld::Map(mut map) => {
            let found = map.remove(segment);
            (found, map.keys().take(10).map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "))
        }
        Ipld::List(items) => {
            let count = items.len();
            let index = segment.parse::<usize>().ok();
            (
                index.and_then(|index| items.into_iter().nth(index)),
                format!("the items 0 to {}", count.saturating_sub(1)),
            )
        }
        _ => (None, "nothing below it".to_owned()),
    };
    found.ok_or_else(|| Fault::NotFound(format!("`node`: there is no `{segment}` in {cid}; it has {names}")))
}
