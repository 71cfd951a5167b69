//! The components of a calendar file.

use tandem_sdk::{Ctx, Error, Result};

use crate::{
    issues::Issues,
    item::{Item, Kind, ZoneIds, short},
    limits::{MAX_COMPONENTS, MAX_DEPTH, MAX_SHORT_CHARS, MAX_ZONES},
    line::{Line, Lines},
    values,
    zone_rules::{Definition, Observance},
};

/// Lines between two looks at whether the call was cancelled.
const LINES_A_CHECK: u64 = 10_000;

/// A file that was read.
#[derive(Debug, Default)]
pub(crate) struct Calendar {
    pub(crate) name: Option<String>,
    pub(crate) zone: Option<String>,
    pub(crate) items: Vec<Item>,
    pub(crate) zones: ZoneIds,
    pub(crate) definitions: Vec<Definition>,
    /// Components that are neither events nor to-dos nor parts of something.
    pub(crate) others: u64,
    pub(crate) issues: Issues,
}

/// A component that is open.
#[derive(Debug)]
struct Open {
    name: String,
    line: u64,
}

#[derive(Debug, Default)]
struct Parser {
    calendar: Calendar,
    open: Vec<Open>,
    item: Option<Item>,
    definition: Option<Definition>,
    observance: Option<Observance>,
    components: usize,
}

/// Reads a file of one or more VCALENDARs.
pub(crate) fn parse(ctx: &Ctx, bytes: &[u8]) -> Result<Calendar> {
    let (mut lines, mut parser, mut count) = (Lines::new(bytes), Parser::default(), 0_u64);
    while let Some(line) = lines.next()? {
        count += 1;
        if count.is_multiple_of(LINES_A_CHECK) {
            ctx.check()?;
        }
        match line {
            Ok(line) => parser.take(&line)?,
            Err(malformed) if parser.components == 0 => {
                return Err(not_a_calendar(malformed.number, malformed.why));
            }
            Err(malformed) => {
                parser.calendar.issues.add(malformed.number, format!("{}; it was left out", malformed.why));
            }
        }
    }
    parser.end()
}

fn not_a_calendar(line: u64, why: &str) -> Error {
    Error::invalid_arguments(format!(
        "this is no iCalendar file: line {line} is not `BEGIN:VCALENDAR` ({why}); such a file begins with this line"
    ))
}

fn wrong(line: u64, why: impl std::fmt::Display) -> Error {
    Error::invalid_arguments(format!("line {line}: {why}"))
}

impl Parser {
    fn take(&mut self, line: &Line) -> Result<()> {
        match line.name.as_str() {
            "BEGIN" => self.begin(line),
            "END" => self.close(line),
            _ if self.open.is_empty() && self.components == 0 => {
                Err(not_a_calendar(line.number, &format!("it is {}", short(&line.name))))
            }
            _ => self.property(line),
        }
    }

    fn begin(&mut self, line: &Line) -> Result<()> {
        let name = values::clipped(&line.value.trim().to_ascii_uppercase(), 40);
        self.components += 1;
        if self.components > MAX_COMPONENTS {
            return Err(wrong(
                line.number,
                format!("the file has more than {MAX_COMPONENTS} components (events, alarms, …): split it"),
            ));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(wrong(line.number, format!("components are nested deeper than {MAX_DEPTH} levels")));
        }
        let within = self.open.last().map(|open| open.name.as_str());
        match (within, name.as_str()) {
            (None, "VCALENDAR") => {}
            (None, _) if self.components == 1 => {
                return Err(not_a_calendar(line.number, &format!("it is BEGIN:{name}")));
            }
            (None, _) => return Err(wrong(line.number, format!("BEGIN:{name} is not in a VCALENDAR"))),
            (Some("VCALENDAR"), "VEVENT") => self.item = Some(Item::new(Kind::Event, line.number)),
            (Some("VCALENDAR"), "VTODO") => self.item = Some(Item::new(Kind::Todo, line.number)),
            (Some("VCALENDAR"), "VTIMEZONE") => self.definition = Some(Definition::new(line.number)),
            (Some("VCALENDAR"), _) => self.calendar.others += 1,
            (Some("VTIMEZONE"), "STANDARD") => self.observance = Some(Observance::new(false)),
            (Some("VTIMEZONE"), "DAYLIGHT") => self.observance = Some(Observance::new(true)),
            _ => {}
        }
        self.open.push(Open { name, line: line.number });
        Ok(())
    }

    fn close(&mut self, line: &Line) -> Result<()> {
        let name = values::clipped(&line.value.trim().to_ascii_uppercase(), 40);
        match self.open.pop() {
            None => return Err(wrong(line.number, format!("END:{name} ends nothing"))),
            Some(open) if open.name != name => {
                return Err(wrong(
                    line.number,
                    format!("END:{name} stands where BEGIN:{} of line {} has to end", open.name, open.line),
                ));
            }
            Some(_) => {}
        }
        let within = self.open.last().map(|open| open.name.as_str());
        match (within, name.as_str()) {
            (Some("VCALENDAR"), "VEVENT" | "VTODO") => self.calendar.items.extend(self.item.take()),
            (Some("VCALENDAR"), "VTIMEZONE") => self.keep_definition(),
            (Some("VTIMEZONE"), "STANDARD" | "DAYLIGHT") => {
                if let (Some(definition), Some(observance)) = (&mut self.definition, self.observance.take()) {
                    definition.add(observance);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn keep_definition(&mut self) {
        let Some(definition) = self.definition.take() else { return };
        if self.calendar.definitions.len() >= MAX_ZONES {
            self.calendar.issues.add(definition.line, format!("more than {MAX_ZONES} VTIMEZONEs; it was left out"));
            return;
        }
        self.calendar.definitions.push(definition);
    }

    fn property(&mut self, line: &Line) -> Result<()> {
        let calendar = &mut self.calendar;
        match self.open.last().map(|open| open.name.as_str()) {
            Some("VCALENDAR") => return self.calendar_property(line),
            Some("VEVENT" | "VTODO") if self.open.len() == 2 => {
                if let Some(item) = &mut self.item {
                    item.set(line, &mut calendar.zones, &mut calendar.issues);
                }
            }
            Some("VTIMEZONE") => {
                if let Some(definition) = &mut self.definition {
                    definition.set(line);
                }
            }
            Some("STANDARD" | "DAYLIGHT") => {
                if let Some(observance) = &mut self.observance {
                    observance.set(line);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn calendar_property(&mut self, line: &Line) -> Result<()> {
        let value = line.value.trim();
        match line.name.as_str() {
            "VERSION" if value == "1.0" => {
                return Err(wrong(
                    line.number,
                    "this is vCalendar 1.0, whose rules are others: convert it to iCalendar 2.0",
                ));
            }
            "NAME" | "X-WR-CALNAME" => {
                let name = values::clipped(&values::text(value), MAX_SHORT_CHARS);
                self.calendar.name.get_or_insert(name);
            }
            "X-WR-TIMEZONE" | "TIMEZONE-ID" => {
                self.calendar.zone.get_or_insert_with(|| values::clipped(value, 100));
            }
            _ => {}
        }
        Ok(())
    }

    fn end(self) -> Result<Calendar> {
        match self.open.last() {
            Some(open) => Err(wrong(open.line, format!("BEGIN:{} has no END: the file is cut off", open.name))),
            None if self.components == 0 => Err(Error::invalid_arguments(
                "this is no iCalendar file: it is empty; such a file begins with `BEGIN:VCALENDAR`",
            )),
            None => Ok(self.calendar),
        }
    }
}
