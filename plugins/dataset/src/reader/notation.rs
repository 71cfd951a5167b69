//! Numbers that are written otherwise than `1234.5`: another decimal sign, and digits in groups of three.

use crate::{
    error::{Error, Result},
    text,
    types::DataType,
    value::Value,
};

/// How numbers are written in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Notation {
    decimal: char,
    thousands: Option<char>,
}

impl Notation {
    /// As a caller says it; none where numbers are as usual.
    pub(super) fn new(decimal: Option<&str>, thousands: Option<&str>) -> Result<Option<Self>> {
        let one = |name: &str, text: &str| {
            let mut chars = text.chars();
            match (chars.next(), chars.next()) {
                (Some(sign), None) if !sign.is_alphanumeric() && !matches!(sign, '+' | '-' | '"' | '\n' | '\r') => {
                    Ok(sign)
                }
                _ => Err(Error::invalid(format!(
                    "`{name}` of `csv` is one character that is no digit, letter, sign or quote"
                ))),
            }
        };
        if decimal.is_none() && thousands.is_none() {
            return Ok(None);
        }
        let decimal = decimal.map_or(Ok('.'), |text| one("decimal", text))?;
        let thousands = thousands.map(|text| one("thousands", text)).transpose()?;
        if thousands == Some(decimal) {
            return Err(Error::invalid(
                "`decimal` and `thousands` of `csv` are the same; a decimal point is `.` if not given",
            ));
        }
        Ok(Some(Self { decimal, thousands }))
    }

    /// A number of this notation, as `1234.5`.
    fn plain(self, cell: &str) -> Option<String> {
        let unsigned = cell.strip_prefix(['-', '+']).unwrap_or(cell);
        let (whole, fraction) = match unsigned.split_once(self.decimal) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (unsigned, None),
        };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let mut plain = if cell.starts_with('-') { "-".to_owned() } else { String::new() };
        match self.thousands.filter(|sign| whole.contains(*sign)) {
            None if !digits(whole) => return None,
            None => plain.push_str(whole),
            Some(sign) => {
                for (at, group) in whole.split(sign).enumerate() {
                    if !digits(group) || group.len() > 3 || (at > 0 && group.len() != 3) {
                        return None;
                    }
                    plain.push_str(group);
                }
            }
        }
        if let Some(fraction) = fraction {
            if !digits(fraction) {
                return None;
            }
            plain.push('.');
            plain.push_str(fraction);
        }
        Some(plain)
    }

    /// What a cell looks like: a number only in this notation.
    pub(super) fn guess(self, cell: &str) -> Option<Value> {
        match self.plain(cell) {
            Some(plain) => text::guess(&plain),
            None => text::guess(cell).filter(|value| !value.data_type().is_number()),
        }
    }

    /// The value of a cell in a column of this type, if it has one.
    pub(super) fn parse(self, cell: &str, wanted: DataType) -> Option<Value> {
        match self.plain(cell) {
            Some(plain) if wanted.is_number() => text::parse(&plain, wanted),
            None if wanted.is_number() && text::float_word(cell).is_none() => None,
            _ => text::parse(cell, wanted),
        }
    }
}
