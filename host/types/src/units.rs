//! Sizes and durations as people write them: `64MiB`, `30s`.
//!
//! Both types are whole numbers (bytes, milliseconds), so that text, value and text again are the same. What
//! does not fit is refused, never rounded or clamped: signs, fractions, spaces, unknown units, overflow.

use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::text::shown;

/// Why a text is no size or duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// It does not start with an integer.
    #[error("`{text}` does not start with an integer; write {example}")]
    Number {
        /// The text.
        text: String,
        /// A text that is right.
        example: &'static str,
    },
    /// It starts with a sign.
    #[error("`{text}` has a sign; write a non-negative integer")]
    Sign {
        /// The text.
        text: String,
    },
    /// The unit is missing or unknown.
    #[error("`{text}` has no known unit; use one of {units}")]
    Unit {
        /// The text.
        text: String,
        /// The known units.
        units: &'static str,
    },
    /// It is larger than the type holds.
    #[error("`{text}` is too large; the largest value is {max}")]
    Overflow {
        /// The text.
        text: String,
        /// The largest value.
        max: &'static str,
    },
}

/// What differs between the two grammars.
struct Grammar {
    units: &'static [(&'static str, u64)],
    unit_names: &'static str,
    example: &'static str,
    max: u64,
    max_text: &'static str,
}

impl Grammar {
    fn parse(&self, text: &str) -> Result<u64, UnitError> {
        if text.starts_with(['-', '+']) {
            return Err(UnitError::Sign { text: shown(text) });
        }
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, unit) = text.split_at(end);
        if digits.is_empty() {
            return Err(UnitError::Number { text: shown(text), example: self.example });
        }
        let Some((_, factor)) = self.units.iter().find(|(name, _)| *name == unit) else {
            return Err(UnitError::Unit { text: shown(text), units: self.unit_names });
        };
        // Digits alone fail to parse only by overflow.
        digits
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(*factor))
            .filter(|value| *value <= self.max)
            .ok_or_else(|| UnitError::Overflow { text: shown(text), max: self.max_text })
    }

    /// The value in the largest of `units` that divides it.
    fn print(&self, value: u64, units: &[&str], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in units {
            if let Some((_, factor)) = self.units.iter().find(|(unit, _)| unit == name)
                && value != 0
                && value.is_multiple_of(*factor)
            {
                return write!(f, "{}{name}", value / factor);
            }
        }
        write!(f, "{value}{}", units.last().copied().unwrap_or_default())
    }
}

const SIZE: Grammar = Grammar {
    units: &[
        ("", 1),
        ("B", 1),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
    ],
    unit_names: "B, KB, MB, GB, KiB, MiB, GiB, TiB",
    example: "a size such as `64MiB`",
    max: ByteSize::MAX.0,
    max_text: "9007199254740991 bytes",
};

const DURATION: Grammar = Grammar {
    units: &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)],
    unit_names: "ms, s, m, h, d",
    example: "a duration such as `30s`",
    max: HumanDuration::MAX.0,
    max_text: "365d",
};

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

impl ByteSize {
    /// The largest size: 2^53 - 1, the last whole number that every JSON reader keeps exact.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// So many bytes, at most [`ByteSize::MAX`].
    #[must_use]
    pub const fn bytes(bytes: u64) -> Self {
        if bytes > Self::MAX.0 { Self::MAX } else { Self(bytes) }
    }

    /// So many KiB.
    #[must_use]
    pub const fn kib(kib: u32) -> Self {
        Self((kib as u64) << 10)
    }

    /// So many MiB.
    #[must_use]
    pub const fn mib(mib: u32) -> Self {
        Self((mib as u64) << 20)
    }

    /// The number of bytes.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The number of bytes, or `usize::MAX` where it does not fit.
    #[must_use]
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl FromStr for ByteSize {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        SIZE.parse(text).map(Self)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SIZE.print(self.0, &["TiB", "GiB", "MiB", "KiB", "B"], f)
    }
}

/// A duration of whole milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HumanDuration(u64);

impl HumanDuration {
    /// The longest duration, one year: any clock's present plus this stays representable.
    pub const MAX: Self = Self(365 * 24 * 3_600_000);

    /// So many milliseconds.
    #[must_use]
    pub const fn millis(millis: u32) -> Self {
        let millis = millis as u64;
        if millis > Self::MAX.0 { Self::MAX } else { Self(millis) }
    }

    /// So many seconds, at most [`HumanDuration::MAX`].
    #[must_use]
    pub const fn secs(secs: u32) -> Self {
        let millis = secs as u64 * 1_000;
        if millis > Self::MAX.0 { Self::MAX } else { Self(millis) }
    }

    /// The number of milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The same as the standard library has it.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl From<HumanDuration> for Duration {
    fn from(duration: HumanDuration) -> Self {
        duration.as_duration()
    }
}

impl FromStr for HumanDuration {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        DURATION.parse(text).map(Self)
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DURATION.print(self.0, &["d", "h", "m", "s", "ms"], f)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for HumanDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = ByteSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(SIZE.example)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ByteSize, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<ByteSize, E> {
                bytes.to_string().parse().map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<ByteSize, E> {
                bytes.to_string().parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = HumanDuration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(DURATION.example)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<HumanDuration, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

impl JsonSchema for ByteSize {
    fn schema_name() -> Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number of bytes, or a size such as 64MiB.",
            "anyOf": [
                { "type": "string", "pattern": "^[0-9]+(B|KB|MB|GB|KiB|MiB|GiB|TiB)?$" },
                { "type": "integer", "minimum": 0 }
            ]
        })
    }
}

impl JsonSchema for HumanDuration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A duration such as 50ms, 30s, 5m, 1h or 90d.",
            "type": "string",
            "pattern": "^[0-9]+(ms|s|m|h|d)$"
        })
    }
}

#[cfg(test)]
mod tests;
