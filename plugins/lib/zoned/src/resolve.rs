//! Local times that the clocks of a zone skip (gap) or show twice (overlap).

use jiff::{
    Zoned,
    civil::DateTime,
    tz::{AmbiguousOffset, Disambiguation, Offset, TimeZone},
};
use tandem_sdk::{Error, Result, input, output};

use crate::zones;

/// Which moment a local time is that the clocks skip or show twice.
#[input]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// In a gap the time after it by its length, in an overlap the earlier moment (as iCalendar does).
    #[default]
    Compatible,
    /// The earlier moment.
    Earlier,
    /// The later moment.
    Later,
    /// An error.
    Reject,
}

impl Choice {
    fn jiff(self) -> Disambiguation {
        match self {
            Self::Compatible => Disambiguation::Compatible,
            Self::Earlier => Disambiguation::Earlier,
            Self::Later => Disambiguation::Later,
            Self::Reject => Disambiguation::Reject,
        }
    }
}

/// Why a local time is not one moment.
#[output]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The clocks skip it.
    Gap,
    /// The clocks show it twice.
    Overlap,
}

/// What a local time was taken for that is not one moment.
#[output]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// `gap`: the clocks skip the local time; `overlap`: they show it twice.
    pub kind: Kind,
    /// What was taken, in words.
    pub note: String,
}

/// The moment of a local time, and what had to be chosen for it.
pub fn resolve(local: DateTime, zone: &TimeZone, choice: Choice) -> Result<(Zoned, Option<Adjustment>)> {
    let ambiguous = zone.to_ambiguous_zoned(local);
    let (kind, before, after) = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => {
            return ambiguous.unambiguous().map(|at| (at, None)).map_err(|_| out_of_range(local));
        }
        AmbiguousOffset::Gap { before, after } => (Kind::Gap, before, after),
        AmbiguousOffset::Fold { before, after } => (Kind::Overlap, before, after),
    };
    if choice == Choice::Reject {
        return Err(rejected(local, zone, kind, before, after));
    }
    let at = ambiguous.disambiguate(choice.jiff()).map_err(|_| out_of_range(local))?;
    let note = note(local, &at, kind, before, after);
    Ok((at, Some(Adjustment { kind, note })))
}

fn note(local: DateTime, at: &Zoned, kind: Kind, before: Offset, after: Offset) -> String {
    let zone = zones::name(at.time_zone());
    let taken = zones::written(at.offset());
    match kind {
        Kind::Gap => {
            format!("{zone} has no {local}: the clocks go forward over it; {}{taken} was taken", at.datetime())
        }
        Kind::Overlap => {
            let other = zones::written(if at.offset() == before { after } else { before });
            let which = if at.offset() == before { "earlier" } else { "later" };
            format!(
                "{zone} has {local} twice: the clocks go back over it; the {which}, {taken}, was taken, not {other}"
            )
        }
    }
}

fn rejected(local: DateTime, zone: &TimeZone, kind: Kind, before: Offset, after: Offset) -> Error {
    let (zone, before, after) = (zones::name(zone), zones::written(before), zones::written(after));
    Error::invalid_arguments(match kind {
        Kind::Gap => format!(
            "{zone} has no {local}: the clocks go forward over it ({before} before, {after} after); give another time, or a `disambiguation` that chooses"
        ),
        Kind::Overlap => format!(
            "{zone} has {local} twice, as {local}{before} and as {local}{after}: give the offset, or a `disambiguation` that chooses"
        ),
    })
}

fn out_of_range(local: DateTime) -> Error {
    Error::invalid_arguments(format!("{local} is out of range: years -9999 to 9999"))
}
