//! From values of the older host to values here.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::Value as Json;
use toml_edit::{Array, Value};

use crate::{category::categories_here, read::Setting};

/// A value to convert, with the settings beside it.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    pub setting: &'a Setting,
    pub all: &'a [Setting],
}

/// A value here, and what of the older one it leaves out.
pub(crate) struct Converted {
    pub value: Value,
    pub note: Option<String>,
}

impl From<Value> for Converted {
    fn from(value: Value) -> Self {
        Self { value, note: None }
    }
}

/// Converts a value, or says why it has no counterpart.
pub(crate) type Convert = fn(Given<'_>) -> Result<Converted, String>;

const BEYOND: &str = "callers from other machines need keys: add `[tenants.NAME]` with `keys`, or set \
    server.allow-unauthenticated = true; the host does not start without either";

/// As the older host read booleans of YAML 1.1 and of variables.
pub(crate) fn truth(value: &Json) -> Option<bool> {
    match value {
        Json::Bool(truth) => Some(*truth),
        Json::Number(number) => number.as_u64().filter(|number| *number < 2).map(|number| number == 1),
        Json::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn number(value: &Json) -> Option<f64> {
    let number = match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

fn texts(value: &Json) -> Option<Vec<&str>> {
    match value {
        Json::String(text) => Some(text.split(',').map(str::trim).filter(|text| !text.is_empty()).collect()),
        Json::Array(list) => list.iter().map(Json::as_str).collect(),
        _ => None,
    }
}

pub(crate) fn boolean(given: Given<'_>) -> Result<Converted, String> {
    truth(&given.setting.value).map(|truth| Value::from(truth).into()).ok_or_else(|| "it is not a boolean".to_owned())
}

pub(crate) fn count(given: Given<'_>) -> Result<Converted, String> {
    let whole = number(&given.setting.value).filter(|number| number.fract() == 0.0 && (0.0..9e15).contains(number));
    // Exact: it is whole and below 2^53.
    whole.map(|number| Value::from(number as i64).into()).ok_or_else(|| "it is not a whole number".to_owned())
}

pub(crate) fn port(given: Given<'_>) -> Result<Converted, String> {
    port_of(&given.setting.value).map(|port| Value::from(i64::from(port)).into())
}

fn port_of(value: &Json) -> Result<u16, String> {
    let whole = number(value).filter(|number| number.fract() == 0.0 && (0.0..=65_535.0).contains(number));
    whole.map(|number| number as u16).ok_or_else(|| "it is not a port".to_owned())
}

/// Seconds, with or without a fraction.
pub(crate) fn seconds(given: Given<'_>) -> Result<Converted, String> {
    let seconds = number(&given.setting.value).filter(|number| (0.0..1e9).contains(number));
    let millis = (seconds.ok_or("it is not a number of seconds")? * 1_000.0).round() as u64;
    let text = if millis.is_multiple_of(1_000) { format!("{}s", millis / 1_000) } else { format!("{millis}ms") };
    Ok(Value::from(text).into())
}

/// A default of the older host, which is a ceiling here.
pub(crate) fn ceiling(given: Given<'_>) -> Result<Converted, String> {
    let note = "a ceiling here: what asks for more is refused".to_owned();
    Ok(Converted { note: Some(note), ..seconds(given)? })
}

fn ip(value: &Json) -> Result<IpAddr, String> {
    match value.as_str().map(str::trim) {
        Some("localhost") => Ok(Ipv4Addr::LOCALHOST.into()),
        Some(text) => text.parse().map_err(|_| "it is not an IP address; name the address to listen on".to_owned()),
        None => Err("it is not an IP address; name the address to listen on".to_owned()),
    }
}

pub(crate) fn host(given: Given<'_>) -> Result<Converted, String> {
    let ip = ip(&given.setting.value)?;
    let note = (!ip.is_loopback()).then(|| BEYOND.to_owned());
    Ok(Converted { value: Value::from(ip.to_string()), note })
}

/// Levels of Python's `logging`.
pub(crate) fn level(given: Given<'_>) -> Result<Converted, String> {
    let level = match &given.setting.value {
        Json::String(text) => text.trim().to_ascii_lowercase(),
        // Its numbers.
        Json::Number(number) => number.to_string(),
        _ => String::new(),
    };
    let level = match level.as_str() {
        "debug" | "10" | "notset" | "0" => "debug",
        "info" | "20" => "info",
        "warning" | "warn" | "30" => "warn",
        "error" | "critical" | "fatal" | "40" | "50" => "error",
        _ => {
            return Err("it is not a level of logging; `telemetry.log` is error, warn, info, debug or trace".to_owned());
        }
    };
    Ok(Value::from(level).into())
}

pub(crate) fn debug(given: Given<'_>) -> Result<Converted, String> {
    match truth(&given.setting.value) {
        Some(true) => Ok(Value::from("debug").into()),
        Some(false) => Ok(Value::from("info").into()),
        None => Err("it is not a boolean".to_owned()),
    }
}

pub(crate) fn log_format(given: Given<'_>) -> Result<Converted, String> {
    match given.setting.value.as_str() {
        Some("json") => Ok(Value::from("json").into()),
        Some("text") => Ok(Value::from("pretty").into()),
        _ => Err("it is neither `text` nor `json`".to_owned()),
    }
}

pub(crate) fn fallback(given: Given<'_>) -> Result<Converted, String> {
    match truth(&given.setting.value) {
        Some(true) => Ok(Converted {
            value: Value::from("general"),
            note: Some("only tools that are marked idempotent fall back".to_owned()),
        }),
        Some(false) => Ok(Value::from("error").into()),
        None => Err("it is not a boolean".to_owned()),
    }
}

/// A port as the addresses of libp2p; the older host listened on every address.
pub(crate) fn p2p_listen(given: Given<'_>) -> Result<Converted, String> {
    let port = port_of(&given.setting.value)?;
    let addresses = [format!("/ip4/0.0.0.0/tcp/{port}"), format!("/ip4/0.0.0.0/udp/{port}/quic-v1")];
    let note = "on all addresses, as the older host; only the peers in p2p.allow may connect".to_owned();
    Ok(Converted { value: addresses.into_iter().collect::<Array>().into(), note: Some(note) })
}

/// Peers of public IPFS nodes: they answer no tool calls.
const PUBLIC_IPFS: [&str; 6] = [
    "QmaCpDMGvV2BGHeYERUEnRQAwe3N8SzbUtfsmvsqQLuvuJ",
    "QmSoLPppuBtQSGwKDZT2M73ULpjvfd3aZ6ha4oFGL1KrGM",
    "QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN",
    "QmQCU2EcMqAqQPR2i9bChDtGNJchTbq5TbXJJ16u19uLTa",
    "QmbLHAnMoJPWSCR5Zhtx6BHJX9KiKNN6tpvbUcqanj75Nb",
    "QmcZf59bWwK5XFi76CZX8cbJ4BhTzzA3gU1ZjYZcYW3dwt",
];

pub(crate) fn bootstrap(given: Given<'_>) -> Result<Converted, String> {
    let nodes = texts(&given.setting.value).ok_or("it is not a list of addresses")?;
    let (mut kept, mut left) = (Array::new(), Vec::new());
    for node in nodes {
        let peer = node.rsplit_once("/p2p/").map(|(_, peer)| peer);
        match peer {
            Some(peer) if PUBLIC_IPFS.contains(&peer) => left.push(format!("{node} (a public IPFS node)")),
            Some(peer) if peer.parse::<tandem_config::PeerIdText>().is_ok() => kept.push(node),
            _ => left.push(format!("{node} (it does not end with /p2p/ and a peer id)")),
        }
    }
    let note = (!left.is_empty()).then(|| format!("not carried over: {}", left.join(", ")));
    match (kept.is_empty(), note) {
        (true, Some(note)) => Err(note),
        (true, None) => Err("the list is empty".to_owned()),
        (false, note) => Ok(Converted { value: kept.into(), note }),
    }
}

pub(crate) fn origins(given: Given<'_>) -> Result<Converted, String> {
    let origins = texts(&given.setting.value).ok_or("it is not a list of origins")?;
    if origins.contains(&"*") {
        return Err("pages of every origin could call; name the origins in server.allowed-origins".to_owned());
    }
    Ok(Value::from(origins.into_iter().collect::<Array>()).into())
}

pub(crate) fn list(given: Given<'_>) -> Result<Converted, String> {
    let list = texts(&given.setting.value).ok_or("it is not a list")?;
    Ok(Value::from(list.into_iter().collect::<Array>()).into())
}

/// `owner/name` of two keys.
pub(crate) fn repository(given: Given<'_>) -> Result<Converted, String> {
    let key = given.setting.key.as_str();
    let sibling = |ending: &str| {
        let stem = key.strip_suffix("owner").or_else(|| key.strip_suffix("name"));
        let stem = stem.or_else(|| key.strip_suffix("OWNER")).or_else(|| key.strip_suffix("NAME"))?;
        let other = format!("{stem}{ending}");
        given.all.iter().find(|setting| setting.key.eq_ignore_ascii_case(&other))?.value.as_str()
    };
    match (sibling("owner"), sibling("name")) {
        (Some(owner), Some(name)) => Ok(Value::from(format!("{owner}/{name}")).into()),
        _ => Err("a repository needs owner and name; set p2p.discovery.github.repository".to_owned()),
    }
}

pub(crate) fn categories(given: Given<'_>) -> Result<Converted, String> {
    let listed = texts(&given.setting.value).ok_or("it is not a list of categories")?;
    let (mut here, mut missing) = (Vec::new(), Vec::new());
    for category in listed {
        match categories_here(category) {
            [] => missing.push(category),
            known => here.extend(known.iter().filter(|name| !here.contains(*name)).copied().collect::<Vec<_>>()),
        }
    }
    let note = (!missing.is_empty()).then(|| format!("not here: {}", missing.join(", ")));
    if here.is_empty() {
        return Err(note.unwrap_or_else(|| "the list is empty, and would leave no tool".to_owned()));
    }
    Ok(Converted { value: here.into_iter().collect::<Array>().into(), note })
}

pub(crate) fn text(given: Given<'_>) -> Result<Converted, String> {
    given.setting.value.as_str().map(|text| Value::from(text).into()).ok_or_else(|| "it is not a string".to_owned())
}
