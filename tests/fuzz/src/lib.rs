//! What must hold of everything that reads what strangers wrote: [`PROPERTIES`], each a function of any bytes that panics
//! where its promise is broken.
//!
//! `cargo test` runs them on `corpus/` and on changed copies of it; `make fuzz` gives them to libFuzzer. The readers of the
//! reactor lane are built from its source files: the crate itself would bring wasmtime and libp2p's swarm into every build of
//! the fuzzer, over ten minutes of one processor, and its readers need neither.

// The unit tests of the sources that are built in belong to their own crates.
#![cfg(not(test))]
#![allow(dead_code, unused_imports, unfulfilled_lint_expectations, reason = "the lane uses the rest")]

#[path = "../../../host/reactor/src/rpc/error.rs"]
mod error;
#[path = "../../../host/reactor/src/rpc/frame.rs"]
mod frame;
mod grow;
mod manifests;
#[path = "../../../host/reactor/src/rpc/message.rs"]
mod message;
#[path = "../../../host/reactor/src/discovery/record/mod.rs"]
mod record;
#[path = "../../../host/reactor/src/swarm_key.rs"]
mod swarm_key;
#[path = "../../../host/reactor/src/trust/mod.rs"]
mod trust;
#[path = "../../../host/reactor/src/rpc/typed.rs"]
mod typed;

/// As the modules name each other.
mod discovery {
    pub(crate) use crate::record;
}

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use frame::Frame;
use grow::Soil;
use libp2p_identity::Keypair;
use message::Message;
use record::{Announcement, HostRecord};
use serde_json::{Value, json};
use tandem_workflow::{Found, Plan, ResolveError, Spec};
use trust::UnixMillis;

pub use manifests::{config, manifest, package, patterns};

/// A property: it panics where what it promises does not hold of these bytes.
pub type Property = fn(&[u8]);

/// Each property by the name of its fuzz target and of its directory in the corpus.
pub const PROPERTIES: [(&str, Property); 9] = [
    ("manifest", manifest),
    ("package", package),
    ("config", config),
    ("patterns", patterns),
    ("frames", frames),
    ("messages", message),
    ("records", record),
    ("swarm_keys", swarm_key),
    ("workflows", workflow),
];

/// A stream of frames: each is read or ends the stream, none is longer than allowed, and what was read can be written and
/// read again.
pub fn frames(bytes: &[u8]) {
    static RUNTIME: LazyLock<Option<tokio::runtime::Runtime>> =
        LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_time().build().ok());
    let Some(runtime) = RUNTIME.as_ref() else { return };
    runtime.block_on(async {
        let (mut stream, mut taken) = (futures::io::Cursor::new(bytes), 0);
        loop {
            let head = bytes.get(taken..taken + 4).and_then(|head| <[u8; 4]>::try_from(head).ok());
            let said = head.map_or(0, |head| u32::from_be_bytes(head) as usize);
            let Frame { value, exact, bytes: length } = match frame::read(&mut stream).await {
                Ok(Some(read)) => read,
                Ok(None) => break,
                Err(error) => {
                    let long = matches!(error, frame::FrameError::TooLong(_));
                    assert_eq!(long, said > frame::MAX_FRAME, "a length over the limit is refused before its bytes");
                    break;
                }
            };
            assert!(length == said && length <= frame::MAX_FRAME, "a frame is as long as it says");
            taken += 4 + length;
            if let Some(at) = exact.and_then(|exact| exact.wide_integer(&value)) {
                assert!(value.pointer(&at).is_some_and(Value::is_number), "it is where it is said to be");
            }
            let mut again = Vec::new();
            // Escapes make it longer at times: then it is refused.
            if let Ok(encoded) = frame::encode(&value)
                && frame::send(&mut again, &encoded).await.is_ok()
            {
                let read = frame::read(&mut futures::io::Cursor::new(&again)).await;
                assert!(matches!(read, Ok(Some(same)) if same.value == value), "what was written is read");
            }
            body(value);
        }
    });
}

/// The body of a frame, in both forms: it is understood, or refused with an answer that is a frame itself.
pub fn message(bytes: &[u8]) {
    const WORDS: [&str; 15] = [
        "id",
        "method",
        "params",
        "tool",
        "args",
        "arguments",
        "result",
        "error",
        "code",
        "message",
        "data",
        "reason",
        "type",
        "request",
        "response",
    ];
    if let Ok(value) = serde_json::from_slice(bytes) {
        body(value);
    }
    body(Value::Object(Soil(bytes).object(&WORDS)));
}

fn body(value: Value) {
    let id = value.get("id").cloned().unwrap_or(Value::Null);
    match Message::read(value) {
        Ok(Message::Request { id: asked, method, params }) => {
            assert_eq!(asked, id, "the answer must find its request");
            let again = Message::read(json!({"id": asked, "method": method, "params": params}));
            assert!(matches!(again, Ok(Message::Request { .. })), "a request is one again");
        }
        Ok(Message::Older { id: asked, args, .. }) => {
            let answer = message::older(asked.as_ref(), Ok(Value::Object(args)));
            assert_eq!(answer.get("id"), asked.as_ref(), "an answer has the id of its request, or none");
        }
        Ok(Message::Typed { id: asked, method, params }) => {
            let answer = typed::response(asked.as_ref(), &method, typed::tool_result(Value::Object(params)));
            assert_eq!(answer["id"], asked.unwrap_or_default(), "an answer has the id of its request");
            let again = Message::read(answer);
            assert!(
                matches!(again, Ok(Message::TypedResponse { .. })),
                "an answer is no request, though it has a method"
            );
        }
        Ok(Message::TypedResponse { result, .. }) => drop(message::response(&id, result.map(typed::as_mcp))),
        Ok(Message::Response { result, .. }) => drop(message::response(&id, result)),
        Ok(Message::Notification { .. }) => {}
        Err(refused) => {
            let (shown, error) = *refused;
            assert!(shown == id || shown.is_null(), "a refusal has the id of what is refused");
            assert_eq!(message::response(&shown, Err(error))["error"]["code"], -32600);
        }
    }
}

/// Records: whatever comes is read or refused, and a right one with one changed byte is refused.
pub fn record(bytes: &[u8]) {
    static RIGHT: LazyLock<Option<HostRecord>> = LazyLock::new(|| {
        let key = Keypair::ed25519_from_bytes([7; 32]).ok()?;
        let announcement = Announcement {
            addresses: vec!["/ip4/8.8.8.8/tcp/4001".parse().ok()?],
            tools: vec!["a_tool".to_owned()],
            capacity: 4,
            free: 3,
            metadata: BTreeMap::from([("region".to_owned(), "north".to_owned())]),
            sequence: 7,
            issued_at: UnixMillis(1_760_000_000_000),
            ttl: Duration::from_secs(1_800),
        };
        HostRecord::sign(&key, announcement).ok()
    });
    let right = RIGHT.as_ref().expect("a record can be signed");
    if let Ok(read) = HostRecord::decode(bytes) {
        assert_eq!(HostRecord::decode(read.text().as_bytes()).as_ref(), Ok(&read), "a record is handed on unchanged");
    }
    let [high, low, change, ..] = bytes else { return };
    let mut forged = right.text().as_bytes().to_vec();
    let place = usize::from(u16::from_be_bytes([*high, *low])) % forged.len();
    forged[place] ^= *change;
    let changed = *change != 0;
    assert_eq!(HostRecord::decode(&forged).is_err(), changed, "a record that was changed is not the host's");
    own(bytes, right);
}

/// A record that a host signs itself, with anything in some of its fields.
fn own(bytes: &[u8], right: &HostRecord) {
    const FIELDS: [&str; 10] = [
        "format",
        "peer_id",
        "sequence",
        "issued_at",
        "expires_at",
        "tools",
        "capacity",
        "free",
        "metadata",
        "routing",
    ];
    let (Ok(mut document), Ok(key)) =
        (serde_json::from_str::<Value>(right.text()), Keypair::ed25519_from_bytes([7; 32]))
    else {
        return;
    };
    if let Some(body) = document["body"].as_object_mut() {
        body.extend(Soil(bytes).object(&FIELDS));
    }
    let signed = [record::SIGNED_AS, &tandem_types::canonical_json(&document["body"])].concat();
    let Ok(signature) = key.sign(&signed) else { return };
    document["signature"] = BASE64_STANDARD.encode(signature).into();
    if let Ok(read) = HostRecord::decode(document.to_string().as_bytes()) {
        assert_eq!(read.peer(), right.peer(), "a record is of the host that signed it");
        assert!(read.free() <= read.capacity() && read.tools().len() <= record::MAX_TOOLS);
    }
}

/// A network's key, or none; its digits are its last line.
pub fn swarm_key(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(key) = swarm_key::parse(text) {
        let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(text.trim_end().to_lowercase().ends_with(&digits), "the key is what the text ends with");
        assert_eq!(swarm_key::parse(&digits), Some(key));
    }
}

/// A workflow: refused, or a plan whose steps come after what they depend on, and whose references are all to those.
pub fn workflow(bytes: &[u8]) {
    if let Ok(spec) = serde_json::from_slice::<Spec>(bytes) {
        plan(spec);
    }
    let mut soil = Soil(bytes);
    let steps: Vec<_> = (0..soil.byte() % 12).map(|_| step(&mut soil)).collect();
    if let Ok(spec) = serde_json::from_value::<Spec>(json!({"name": "w", "steps": steps})) {
        plan(spec);
    }
}

fn step(soil: &mut Soil<'_>) -> Value {
    const IDS: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "", "é"];
    const WORDS: [&str; 8] = ["$from", "path", "a", "b", "c", "", "/a/1/b", "/~1"];
    let id = soil.word(&IDS);
    let after: Vec<_> = (0..soil.byte() % 4).map(|_| soil.word(&IDS)).collect();
    let mut arguments = soil.object(&WORDS);
    for _ in 0..soil.byte() % 3 {
        let reference = json!({"$from": soil.word(&IDS), "path": soil.word(&["", "/a", "/a/1/b", "/", "/a/9", "x"])});
        arguments.insert(soil.word(&WORDS).to_owned(), reference);
    }
    json!({"id": id, "tool": "t", "depends_on": after, "arguments": arguments})
}

fn plan(spec: Spec) {
    let Ok(plan) = Plan::new(spec.clone(), |_| Ok(())) else { return };
    let order: Vec<&str> = plan.steps().map(|step| step.id.as_str()).collect();
    assert_eq!(order.len(), spec.steps.len(), "no step is lost");
    let result = Arc::new(json!({"a": [1, {"b": null}], "": "x"}));
    for (place, step) in plan.steps().enumerate() {
        let before = order.get(..place).unwrap_or_default();
        assert!(step.depends_on.iter().all(|id| before.contains(&id.as_str())), "a step comes before what it needs");
        let resolved = tandem_workflow::resolve(&step.arguments, &|from| match before.contains(&from) {
            true => Found::Value(result.clone()),
            false => Found::Nothing,
        });
        let wrong = matches!(resolved, Err(ResolveError::NoResult { .. } | ResolveError::Reference(_)));
        assert!(!wrong, "a plan's references are right: {resolved:?}");
        if let Ok(arguments) = resolved {
            assert!(arguments.is_object() && arguments.to_string().len() <= tandem_workflow::MAX_RESOLVED_BYTES);
        }
    }
}
