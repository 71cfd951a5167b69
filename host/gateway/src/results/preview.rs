//! How a result begins, within a bound.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::limits::{MAX_ELEMENTS, MAX_LEVELS, MAX_MEMBERS, MAX_PREVIEW, MAX_STRING};

/// The beginning of a text.
pub(super) fn of_text(text: &str) -> Value {
    cut(text, MAX_PREVIEW).into()
}

/// A value with the first elements of its lists, and no more levels than fit.
pub(super) fn of_value(value: &Value) -> Value {
    // From few levels to more: what is made and found too long is then never much longer than what fits.
    let levels = (0..=MAX_LEVELS).map(|levels| shorten(value, levels));
    levels.take_while(|short| short.to_string().len() <= MAX_PREVIEW).last().unwrap_or_default()
}

fn shorten(value: &Value, levels: usize) -> Value {
    match value {
        Value::String(text) => match text.len() > MAX_STRING {
            true => format!("{}… ({} bytes)", cut(text, MAX_STRING), text.len()).into(),
            false => text.as_str().into(),
        },
        Value::Array(elements) if elements.is_empty() => Value::Array(Vec::new()),
        Value::Array(elements) if levels == 0 => format!("… ({} elements)", elements.len()).into(),
        Value::Array(elements) => {
            let first = elements.iter().take(MAX_ELEMENTS).map(|element| shorten(element, levels - 1));
            let more = elements.len().saturating_sub(MAX_ELEMENTS);
            first.chain((more > 0).then(|| format!("… ({more} more)").into())).collect()
        }
        Value::Object(members) if members.is_empty() => Value::Object(Map::new()),
        Value::Object(members) if levels == 0 => format!("… ({} members)", members.len()).into(),
        Value::Object(members) => {
            let first = members.iter().take(MAX_MEMBERS);
            let short = first.map(|(name, member)| (cut(name, MAX_STRING).into_owned(), shorten(member, levels - 1)));
            let more = members.len().saturating_sub(MAX_MEMBERS);
            let more = (more > 0).then(|| ("…".to_owned(), format!("{more} more").into()));
            Value::Object(short.chain(more).collect())
        }
        plain => plain.clone(),
    }
}

/// At most so many bytes, whole characters.
fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.len() > most {
        true => text.get(..text.floor_char_boundary(most)).unwrap_or_default().into(),
        false => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_strings_and_objects_say_how_much_is_left_out() {
        let value = json!({"rows": [1, 2, 3, 4, 5], "name": "ä".repeat(1000), "none": [], "deep": {"a": true}});
        let short = of_value(&value);
        assert_eq!(short["rows"], json!([1, 2, 3, "… (2 more)"]));
        assert!(short["name"].as_str().unwrap().ends_with("ä… (2000 bytes)"));
        assert_eq!((&short["none"], &short["deep"]), (&json!([]), &json!({"a": true})));
    }

    #[test]
    fn a_preview_is_bounded_whatever_the_result() {
        let wide: Map<String, Value> = (0..10_000).map(|n| (format!("{n:0>500}"), json!("x".repeat(300)))).collect();
        for value in
            [Value::Object(wide), json!(vec![vec![vec![vec!["x".repeat(99); 9]; 9]; 9]; 9]), json!("y".repeat(1 << 20))]
        {
            let text = of_value(&value).to_string();
            assert!(text.len() <= MAX_PREVIEW && text.contains('…'), "{text}");
        }
        assert_eq!(of_text(&"ä".repeat(9_999)).as_str().unwrap().len(), MAX_PREVIEW);
    }
}
