//! How the type of a column is found from its values.

use crate::{text, types::DataType, value::Value};

/// What was seen in a column so far. Only facts are kept, so that columns of any length merge into one type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen(u16);

impl Seen {
    const BOOL: u16 = 1;
    const INT: u16 = 1 << 1;
    const NEGATIVE: u16 = 1 << 2;
    /// Beyond ±2^53: a float would round it.
    const WIDE: u16 = 1 << 3;
    const UINT: u16 = 1 << 4;
    const FLOAT: u16 = 1 << 5;
    /// `NaN`, `Infinity` or `-Infinity` as text, which is a number only among numbers.
    const FLOAT_WORD: u16 = 1 << 6;
    const DATE: u16 = 1 << 7;
    const TIMESTAMP: u16 = 1 << 8;
    const DATETIME: u16 = 1 << 9;
    const TEXT: u16 = 1 << 10;
    const JSON: u16 = 1 << 11;

    /// Whether text was seen, after which a text column cannot become anything else.
    pub fn is_text(self) -> bool {
        self.0 & Self::TEXT != 0
    }

    /// Notes a cell of a text format that looks like this value, or like none.
    pub(crate) fn note_guess(&mut self, cell: &str, guess: Option<Value>) {
        match guess {
            Some(value) => self.note(&value),
            None if text::float_word(cell).is_some() => self.0 |= Self::FLOAT_WORD,
            None => self.0 |= Self::TEXT,
        }
    }

    /// Notes a typed value. Text that is a date is noted as a date: JSON has no other way to write one.
    pub fn note(&mut self, value: &Value) {
        self.0 |= match value {
            Value::Null => 0,
            Value::Bool(_) => Self::BOOL,
            Value::Int(number) => {
                let wide = if (-text::MAX_EXACT..=text::MAX_EXACT).contains(number) { 0 } else { Self::WIDE };
                Self::INT | wide | if *number < 0 { Self::NEGATIVE } else { 0 }
            }
            Value::UInt(_) => Self::UINT | Self::WIDE,
            Value::Float(_) | Value::Decimal(..) => Self::FLOAT,
            Value::Date(_) => Self::DATE,
            Value::Timestamp(..) => Self::TIMESTAMP,
            Value::DateTime(..) => Self::DATETIME,
            Value::Text(text) => match text::guess_time(text) {
                Some(Value::Date(_)) => Self::DATE,
                Some(Value::Timestamp(..)) => Self::TIMESTAMP,
                Some(Value::DateTime(..)) => Self::DATETIME,
                _ if text::float_word(text).is_some() => Self::FLOAT_WORD,
                _ => Self::TEXT,
            },
            Value::Json(_) => Self::JSON,
        };
    }

    /// The type that holds everything that was seen without changing it; `mixed` where no scalar type does.
    pub fn data_type(self, mixed: DataType) -> DataType {
        const NUMBER: u16 = Seen::INT | Seen::NEGATIVE | Seen::WIDE | Seen::UINT | Seen::FLOAT | Seen::FLOAT_WORD;
        let only = |mask: u16| self.0 & !mask == 0;
        if self.0 == 0 {
            DataType::Null
        } else if only(Self::BOOL) {
            DataType::Bool
        } else if only(Self::INT | Self::NEGATIVE | Self::WIDE) {
            DataType::Int64
        } else if only(Self::INT | Self::WIDE | Self::UINT) {
            DataType::Uint64
        } else if only(NUMBER) && !only(Self::FLOAT_WORD) && self.0 & Self::WIDE == 0 {
            DataType::Float64
        } else if only(Self::DATE) {
            DataType::Date
        } else if only(Self::TIMESTAMP) {
            DataType::Timestamp
        } else if only(Self::DATETIME) {
            DataType::Datetime
        } else if only(Self::TEXT | Self::FLOAT_WORD | Self::DATE | Self::TIMESTAMP | Self::DATETIME) {
            DataType::String
        } else {
            mixed
        }
    }
}
