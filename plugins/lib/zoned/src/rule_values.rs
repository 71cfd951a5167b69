//! Lists of values of a rule's parts.

use jiff::civil::Weekday;

use crate::limits::MAX_RULE_VALUES;

/// Days of the week as rules write them.
const DAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
    ("SU", Weekday::Sunday),
];

/// A list of numbers within bounds; 0 only where it is the least.
pub(crate) fn numbers<T: TryFrom<i64>>(name: &str, value: &str, least: i64, most: i64) -> Result<Vec<T>, String> {
    let range = if least < 0 { format!("{least} to -1 and 1 to {most}") } else { format!("{least} to {most}") };
    let texts: Vec<&str> = value.split(',').collect();
    if texts.len() > MAX_RULE_VALUES {
        return Err(format!("{name} has more than {MAX_RULE_VALUES} values"));
    }
    let number = |text: &&str| {
        let number: i64 = text.parse().ok()?;
        let allowed = (least..=most).contains(&number) && (number != 0 || least == 0);
        allowed.then(|| T::try_from(number).ok()).flatten()
    };
    texts
        .iter()
        .map(|text| number(text).ok_or_else(|| format!("{name} has `{text}`: its values are {range}")))
        .collect()
}

/// One day of the week.
pub(crate) fn weekday(value: &str) -> Result<Weekday, String> {
    let found = DAYS.iter().find(|(name, _)| *name == value).map(|(_, day)| *day);
    found.ok_or_else(|| format!("`{value}` is not a day: days are MO, TU, WE, TH, FR, SA, SU"))
}

/// Days of the week, each perhaps with a number in front, as `2TU` or `-1FR`.
pub(crate) fn weekdays(value: &str) -> Result<Vec<(Option<i16>, Weekday)>, String> {
    let texts: Vec<&str> = value.split(',').collect();
    if texts.len() > MAX_RULE_VALUES {
        return Err(format!("BYDAY has more than {MAX_RULE_VALUES} values"));
    }
    texts.into_iter().map(numbered).collect()
}

fn numbered(text: &str) -> Result<(Option<i16>, Weekday), String> {
    let cut = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, name) = text.split_at(cut);
    let day = weekday(name).map_err(|_| {
        format!(
            "BYDAY has `{text}`: its values are MO, TU, WE, TH, FR, SA, SU, with a number in front as `2TU` or `-1FR`"
        )
    })?;
    if number.is_empty() {
        return Ok((None, day));
    }
    match number.parse::<i16>() {
        Ok(number) if number != 0 && number.abs() <= 53 => Ok((Some(number), day)),
        _ => Err(format!("BYDAY has `{text}`: the number in front is -53 to -1 or 1 to 53")),
    }
}
