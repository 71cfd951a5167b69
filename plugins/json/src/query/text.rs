//! Results of a jq program as JSON text.

use jaq_json::{Num, Val};
use jaq_std::ValT as _;

use crate::limits::MAX_DEPTH;

/// What a number becomes that neither 64-bit integers nor binary64 hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// All digits, as a JSON number.
    Exact,
    /// Integers beyond 64 bits are strings of digits, as structured results round them.
    Portable,
}

/// Appends the JSON text of a value, and stops where it gets longer than `most`.
pub fn write(value: &Val, numbers: Numbers, most: usize, out: &mut String) -> Result<(), &'static str> {
    write_at(value, numbers, most, 0, out)
}

fn write_at(value: &Val, numbers: Numbers, most: usize, depth: usize, out: &mut String) -> Result<(), &'static str> {
    if out.len() > most {
        return Err("the results are longer than an answer may be: select less, or set a smaller `limit`");
    }
    if depth > MAX_DEPTH {
        return Err("a result has more than 100 levels");
    }
    match value {
        Val::Null => out.push_str("null"),
        Val::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Val::Num(number) => write_number(number, numbers, out),
        Val::BStr(bytes) | Val::TStr(bytes) => write_string(bytes, out),
        Val::Arr(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_at(item, numbers, most, depth + 1, out)?;
            }
            out.push(']');
        }
        Val::Obj(members) => {
            out.push('{');
            for (at, (key, member)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                let Val::TStr(key) = key else { return Err("a result has an object key that is not a string") };
                write_string(key, out);
                out.push(':');
                write_at(member, numbers, most, depth + 1, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn write_string(bytes: &[u8], out: &mut String) {
    let text = String::from_utf8_lossy(bytes);
    // Serialising a string cannot fail.
    out.push_str(&serde_json::to_string(&*text).unwrap_or_default());
}

fn write_number(number: &Num, numbers: Numbers, out: &mut String) {
    match number {
        Num::Float(number) => write_float(*number, out),
        Num::Dec(text) if serde_json::from_str::<serde_json::Number>(text).is_ok() => out.push_str(text),
        Num::Dec(_) => write_float(value_of(number), out),
        Num::Int(_) | Num::BigInt(_) => {
            let text = number.to_string();
            let fits = text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok();
            if numbers == Numbers::Exact || fits { out.push_str(&text) } else { out.extend(["\"", &text, "\""]) }
        }
    }
}

fn value_of(number: &Num) -> f64 {
    Val::Num(number.clone()).as_f64().unwrap_or(f64::NAN)
}

/// As jq: integral numbers without a point, not-a-number as null, infinities as the greatest number.
fn write_float(number: f64, out: &mut String) {
    let text = if number.is_nan() {
        "null".to_owned()
    } else if number.is_infinite() {
        format!("{:e}", f64::MAX.copysign(number))
    } else if number.fract() == 0.0 && number.abs() < 1e17 {
        format!("{number:.0}")
    } else {
        serde_json::Number::from_f64(number).map_or_else(|| "null".to_owned(), |number| number.to_string())
    };
    out.push_str(&text);
}
