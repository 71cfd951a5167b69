//! What a client takes, as RFC 9110 section 12.5.1 has it: no `Accept` and `*/*` are everything, `application/*` has JSON in it.
//! rmcp looks for the two names alone.

use http::{HeaderMap, HeaderValue, header};

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
const BOTH: &str = "application/json, text/event-stream";

/// Which of the two types a client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AcceptedTypes {
    pub(super) json: bool,
    pub(super) events: bool,
}

/// Reads `Accept`, and names both types in it where the client takes one of them at least: a client that takes JSON alone
/// gets it in the end.
pub(super) fn complete(headers: &mut HeaderMap) -> AcceptedTypes {
    let wants = read(headers);
    if !is_usual(headers) && (wants.json || wants.events) {
        headers.insert(header::ACCEPT, HeaderValue::from_static(BOTH));
    }
    wants
}

fn read(headers: &HeaderMap) -> AcceptedTypes {
    if is_usual(headers) || ranges(headers).next().is_none() {
        return AcceptedTypes { json: true, events: true };
    }
    let takes = |name: &str| {
        let kind = name.split_once('/').map_or(name, |(kind, _)| kind);
        // The most exact range counts.
        let weight = |wanted: &str| {
            ranges(headers).find(|(range, _)| range.eq_ignore_ascii_case(wanted)).map(|(_, refused)| !refused)
        };
        weight(name).or_else(|| weight(&format!("{kind}/*"))).or_else(|| weight("*/*")).unwrap_or(false)
    };
    AcceptedTypes { json: takes(JSON), events: takes(EVENTS) }
}

/// As the SDKs of MCP send it.
fn is_usual(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::ACCEPT).iter();
    values.next().is_some_and(|accept| accept == BOTH) && values.next().is_none()
}

/// The media ranges, and whether each is one that the client does not want (`q=0`).
fn ranges(headers: &HeaderMap) -> impl Iterator<Item = (&str, bool)> {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|entry| {
        let mut parts = entry.split(';');
        let range = parts.next().map(str::trim).filter(|range| !range.is_empty())?;
        let refused = parts.filter_map(|part| part.trim().split_once('=')).any(|(name, value)| {
            name.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0)
        });
        Some((range, refused))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(accept: &[&str]) -> (bool, bool) {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT, value.parse().unwrap());
        }
        let wants = read(&headers);
        (wants.json, wants.events)
    }

    #[test]
    fn ranges_count_as_in_http() {
        for (accept, expected) in [
            (&[][..], (true, true)),
            (&[""], (true, true)),
            (&["*/*"], (true, true)),
            (&["text/html, */*;q=0.8"], (true, true)),
            (&["application/json, text/event-stream"], (true, true)),
            (&["Application/JSON", "Text/Event-Stream;q=0.5"], (true, true)),
            (&["application/*, text/*"], (true, true)),
            (&["application/*"], (true, false)),
            (&["application/json"], (true, false)),
            (&["text/event-stream"], (false, true)),
            (&["text/event-stream;q=0, */*"], (true, false)),
            (&["text/html"], (false, false)),
            (&["*/*;q=0"], (false, false)),
        ] {
            assert_eq!(wants(accept), expected, "{accept:?}");
        }
    }
}
