//! The migration of one configuration.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use tandem_types::text::{nearest, shown};

use crate::{
    MigrateError,
    convert::{Converted, Given, truth},
    draft::{Draft, Verdict},
    read::{self, Setting},
    report::{Entry, Outcome, Report},
    rules::{Action, known, rule_of},
};

/// What is migrated. Variables count for more than the file, as with the older host.
#[derive(Clone, Copy, Debug, Default)]
pub struct Input<'a> {
    /// A YAML file of the older host, or a compose file that starts one.
    pub yaml: Option<&'a str>,
    /// A file of `NAME=VALUE` lines.
    pub environment_file: Option<&'a str>,
    /// Variables of a process: those that no rule knows are left out.
    pub variables: Option<&'a BTreeMap<String, String>>,
}

/// A configuration and what became of each key of the older one.
#[derive(Clone, Debug)]
pub struct Migration {
    /// `tandem.toml`.
    pub toml: String,
    /// What became of each key.
    pub report: Report,
}

impl Migration {
    /// Migrates a configuration.
    ///
    /// ```
    /// use tandem_migrate::{Input, Migration};
    ///
    /// let input = Input { yaml: Some("server:\n  fastapi:\n    port: 9000\n"), ..Input::default() };
    /// let migration = Migration::of(&input, &|_| Ok(()))?;
    /// assert!(migration.toml.contains("port = 9000"));
    /// # Ok::<(), tandem_migrate::MigrateError>(())
    /// ```
    ///
    /// # Errors
    /// The input is not of the older host, or beyond the bounds of [`crate::limits`].
    pub fn of(input: &Input<'_>, verdict: &Verdict<'_>) -> Result<Self, MigrateError> {
        let settings = settings(input)?;
        let mut outcomes: Vec<Option<Outcome>> = settings.iter().map(|_| None).collect();
        let mut draft = Draft::new(verdict);
        for (index, outcome) in in_order(&settings) {
            let outcome = match outcome {
                Step::Settled(outcome) => outcome,
                Step::Set(to, value) => set(&mut draft, &settings, index, to, value),
            };
            if let Some(slot) = outcomes.get_mut(index) {
                *slot = Some(outcome);
            }
        }
        let keys = settings
            .iter()
            .zip(outcomes)
            .filter_map(|(setting, outcome)| Some(Entry { key: setting.key.clone(), outcome: outcome? }));
        Ok(Self { report: Report { keys: keys.collect() }, toml: draft.text() })
    }
}

fn settings(input: &Input<'_>) -> Result<Vec<Setting>, MigrateError> {
    let mut settings = input.yaml.map(read::yaml).transpose()?.unwrap_or_default();
    settings.extend(input.environment_file.map(read::environment).transpose()?.unwrap_or_default());
    let variables = input.variables.into_iter().flatten();
    let known = variables.filter(|(name, _)| name.contains('_') && rule_of(name).is_some());
    settings.extend(known.map(|(name, value)| Setting { key: name.clone(), value: Json::String(value.clone()) }));
    Ok(settings)
}

enum Step {
    Settled(Outcome),
    Set(&'static str, Result<Converted, String>),
}

/// Each setting's index and what is done with it: values of one key here by how much they count, the most first.
fn in_order(settings: &[Setting]) -> Vec<(usize, Step)> {
    let mut ordered: Vec<_> = settings
        .iter()
        .enumerate()
        .map(|(index, setting)| match rule_of(&setting.key) {
            Some((order, weight, rule)) => {
                ((order, std::cmp::Reverse(weight), index), step(setting, settings, &rule.action))
            }
            None => {
                let nearest = nearest(&setting.key, known()).map(str::to_owned);
                ((usize::MAX, std::cmp::Reverse(0), index), Step::Settled(Outcome::Unknown { nearest }))
            }
        })
        .collect();
    ordered.sort_by_key(|(place, _)| *place);
    ordered.into_iter().map(|((_, _, index), step)| (index, step)).collect()
}

fn step(setting: &Setting, all: &[Setting], action: &Action) -> Step {
    let empty = match &setting.value {
        Json::Null => true,
        Json::Array(list) => list.is_empty(),
        Json::Object(table) => table.is_empty(),
        Json::String(text) => text.is_empty(),
        _ => false,
    };
    if empty {
        return Step::Settled(Outcome::Default { note: "it is empty".to_owned() });
    }
    match action {
        Action::To(to, convert) => Step::Set(to, convert(Given { setting, all })),
        Action::Dropped(why) => Step::Settled(Outcome::NotCarried { note: (*why).to_owned() }),
        Action::Always(what, off) => Step::Settled(match truth(&setting.value) {
            Some(false) => Outcome::NotCarried { note: (*off).to_owned() },
            _ => Outcome::Default { note: (*what).to_owned() },
        }),
    }
}

fn set(
    draft: &mut Draft<'_>,
    settings: &[Setting],
    index: usize,
    to: &'static str,
    converted: Result<Converted, String>,
) -> Outcome {
    let Some(setting) = settings.get(index) else { return Outcome::Unknown { nearest: None } };
    let Converted { value, note } = match converted {
        Ok(converted) => converted,
        Err(note) => return Outcome::NotCarried { note },
    };
    let text = shown_value(&value);
    match draft.get(to) {
        Some(written) if shown_value(&written.value) == text => {
            Outcome::Mapped { to: to.to_owned(), value: text, note }
        }
        Some(written) => Outcome::Overridden { by: written.from.clone(), to: to.to_owned() },
        None => match draft.set(&setting.key, to, value) {
            Ok(()) => Outcome::Mapped { to: to.to_owned(), value: text, note },
            Err(why) => Outcome::NotCarried { note: format!("{to} does not take {}: {why}", shown(&text)) },
        },
    }
}

fn shown_value(value: &toml_edit::Value) -> String {
    value.to_string().trim().to_owned()
}
