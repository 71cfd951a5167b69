//! The author's cases, as `tests/*.toml` or `*.json` have them.
//!
//! What stands beside the cases in a file counts for all of them; a case's own value wins. A key that is not known is an error that
//! names the case: a misspelt expectation must not pass.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tandem_engine::DeterministicSources;
use tandem_package::Grants;
use tandem_types::HumanDuration;

/// Files of one project, and cases of one file. More are no tests of one plugin.
const MAX_FILES: usize = 1_000;
const MAX_CASES: usize = 10_000;

/// One call and what must come of it.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// The file, as it is shown.
    pub(super) file: String,
    pub(super) name: String,
    pub(super) tool: String,
    pub(super) arguments: Value,
    pub(super) expect: Expect,
    pub(super) world: World,
}

/// What the plugin finds around it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub(super) struct World {
    /// As `[grants.NAME]` of a `tandem.toml`. Directories are below the project; one that may be written to is a copy.
    pub(super) grants: Grants,
    /// RFC 3339: the time stands there.
    pub(super) clock: Option<String>,
    /// All chance follows from it.
    pub(super) seed: Option<u64>,
    /// Answers in the place of the network, in the order in which they are looked at.
    pub(super) http: Vec<Exchange>,
    /// What the plugin's store holds: a text as it is, anything else as JSON.
    #[serde(rename = "kv")]
    pub(super) stored: BTreeMap<String, Value>,
    /// The client's answers to the plugin's questions, by their keys: MCP results.
    pub(super) answers: BTreeMap<String, Value>,
    /// What other tools answer, by their names: structured results, or `{ error = "…" }`.
    pub(super) tools: BTreeMap<String, Value>,
    /// The wall time of the call, where it is less than the manifest's.
    pub(super) deadline: Option<HumanDuration>,
    /// When the client gives the call up.
    pub(super) cancel_after: Option<HumanDuration>,
}

/// A recorded request and its answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Exchange {
    /// Without it, any.
    pub(super) method: Option<String>,
    /// The whole URL; a `*` at its end stands for any rest.
    pub(super) url: String,
    /// The request's body, as text, where it matters.
    pub(super) request: Option<String>,
    pub(super) status: Option<u16>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// The answer: one of these, or nothing.
    pub(super) body: Option<String>,
    pub(super) json: Option<Value>,
    /// Below the project.
    pub(super) file: Option<PathBuf>,
    /// No answer, but this.
    pub(super) fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Fault {
    Refused,
    Timeout,
    Closed,
}

/// What must come back. Everything that is given must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub(super) struct Expect {
    /// The structured result, exactly.
    pub(super) structured: Option<Value>,
    /// A part of it: keys that are not named may have any value.
    pub(super) partial: Option<Value>,
    /// Values by JSON Pointer (RFC 6901).
    pub(super) at: BTreeMap<String, Value>,
    /// All text, exactly.
    pub(super) text: Option<String>,
    /// A part of the text, or of an error's message.
    pub(super) contains: Option<String>,
    /// The kind of error.
    pub(super) error: Option<String>,
    /// What the store holds afterwards, by key; `false` is none.
    #[serde(rename = "kv")]
    pub(super) stored: BTreeMap<String, Value>,
    /// URLs that were asked for, in order.
    pub(super) requested: Option<Vec<String>>,
}

/// Kinds of errors: those of a tool, and those that the host makes of what a guest does.
pub(super) const KINDS: [&str; 14] = [
    "invalid-arguments",
    "not-found",
    "denied",
    "unavailable",
    "missing-capability",
    "cancelled",
    "failed",
    "other",
    "timeout",
    "limit",
    "trapped",
    "bad-output",
    "unknown-tool",
    "internal",
];

/// All cases of a project, by file name and then as they stand.
pub(super) fn read_all(project: &Path) -> anyhow::Result<Vec<Case>> {
    let directory = project.join("tests");
    let entries = fs::read_dir(&directory)
        .with_context(|| format!("{} is missing: the cases are `*.toml` or `*.json` in it", directory.display()))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml" || extension == "json"))
        .take(MAX_FILES)
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let shown = file.strip_prefix(project).unwrap_or(&file).display().to_string();
        let text = tandem_runtime::files::read_text(&file)?;
        let json = file.extension().is_some_and(|extension| extension == "json");
        cases.extend(read(&shown, &text, json)?);
    }
    if cases.is_empty() {
        bail!(
            "{} holds no cases; write one as\n\n[[case]]\nname = \"…\"\ntool = \"…\"\narguments = {{}}\nexpect = {{ structured = {{}} }}",
            directory.display()
        );
    }
    Ok(cases)
}

fn read(shown: &str, text: &str, is_json: bool) -> anyhow::Result<Vec<Case>> {
    let document: Map<String, Value> = if is_json {
        serde_json::from_str(text).with_context(|| format!("{shown} is not JSON of cases"))?
    } else {
        let table: toml::Table = toml::from_str(text).with_context(|| format!("{shown} is not TOML"))?;
        table.into_iter().map(|(key, value)| (key, plain(value))).collect()
    };
    let mut shared = document;
    let cases = match shared.remove("case") {
        Some(Value::Array(cases)) if cases.len() <= MAX_CASES => cases,
        None => Vec::new(),
        Some(_) => bail!("{shown}: `case` is a list of at most {MAX_CASES} cases, each under `[[case]]`"),
    };
    World::deserialize(Value::Object(shared.clone())).map_err(|error| anyhow!("{shown}, beside the cases: {error}"))?;
    let one = |(index, case): (usize, Value)| {
        let name = case.get("name").and_then(Value::as_str).unwrap_or("without a name").to_owned();
        let mut merged = shared.clone();
        merged.extend(case.as_object().cloned().unwrap_or_default());
        let case = Case::parse(merged).map_err(|error| {
            anyhow!("{shown}, case {} (`{name}`): {}", index + 1, tandem_runtime::errors::chain(&error))
        })?;
        Ok(Case { file: shown.to_owned(), ..case })
    };
    cases.into_iter().enumerate().map(one).collect()
}

impl Case {
    fn parse(mut keys: Map<String, Value>) -> anyhow::Result<Self> {
        let mut take = |key: &str| keys.remove(key);
        let (name, tool, arguments, expect) = (take("name"), take("tool"), take("arguments"), take("expect"));
        let text = |value: Option<Value>, key: &str| match value {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            _ => Err(anyhow!("`{key}` is missing, or no text")),
        };
        let expect = expect.with_context(|| "`expect` is missing: say what must come back".to_owned())?;
        let case = Self {
            file: String::new(),
            name: text(name, "name")?,
            tool: text(tool, "tool")?,
            arguments: arguments.unwrap_or_else(|| json!({})),
            expect: Expect::deserialize(expect).context("`expect`")?,
            world: World::deserialize(Value::Object(keys))?,
        };
        case.expect.check()?;
        case.deterministic_sources()?;
        Ok(case)
    }

    /// Time and random bytes, as far as the case sets them.
    pub(super) fn deterministic_sources(&self) -> anyhow::Result<DeterministicSources> {
        let World { clock, seed, .. } = &self.world;
        let time = |text: &String| {
            let time = chrono::DateTime::parse_from_rfc3339(text)
                .map_err(|_| anyhow!("`clock` is `{text}`; write a time as `2026-01-31T12:00:00Z`"))?;
            let millis = u64::try_from(time.timestamp_millis()).map_err(|_| anyhow!("`clock` is before 1970"))?;
            anyhow::Ok(Duration::from_millis(millis))
        };
        Ok(DeterministicSources { now: clock.as_ref().map(time).transpose()?, seed: *seed })
    }
}

impl Expect {
    fn check(&self) -> anyhow::Result<()> {
        let Self { structured, partial, at, text, contains, error, stored, requested } = self;
        let result = structured.is_some() || partial.is_some() || !at.is_empty() || text.is_some();
        if !result && contains.is_none() && error.is_none() && stored.is_empty() && requested.is_none() {
            bail!("`expect` says nothing; give `structured`, `partial`, `at`, `text`, `contains` or `error`");
        }
        if error.is_some() && result {
            bail!("`expect` wants an error and a result; a call gives one of them");
        }
        match error.as_deref().filter(|kind| !KINDS.contains(&kind.split(':').next().unwrap_or(kind))) {
            Some(unknown) => bail!("`{unknown}` is not a kind of error; kinds are {}", KINDS.join(", ")),
            None => Ok(()),
        }
    }
}

/// TOML as JSON; a time is its text.
fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(value) => value.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(all) => all.into_iter().map(plain).collect(),
        toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, plain(value))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_beside_the_cases_counts_for_all_of_them() {
        let text = r#"
            clock = 2026-01-31T12:00:00Z
            seed = 1
            [[case]]
            name = "a"
            tool = "t"
            expect = { at = { "/x" = 1 } }
            [[case]]
            name = "b"
            tool = "t"
            seed = 2
            grants = { http = ["example.com"], kv = false }
            expect = { error = "denied" }
        "#;
        let cases = read("tests/a.toml", text, false).unwrap();
        let seeds: Vec<_> = cases.iter().map(|case| case.deterministic_sources().unwrap()).collect();
        assert_eq!((seeds[0].seed, seeds[1].seed), (Some(1), Some(2)));
        assert_eq!(seeds[1].now.unwrap().as_secs(), 1_769_860_800);
        assert!(cases[1].world.grants.http.is_some() && cases[0].world.grants.http.is_none());
    }

    #[test]
    fn a_clock_and_a_seed_are_given_alone_or_together() {
        let fixed = |rest: &str| {
            let text = format!("[[case]]\nname = \"a\"\ntool = \"t\"\nexpect = {{ text = \"x\" }}\n{rest}");
            let fixed = read("t", &text, false).unwrap()[0].deterministic_sources().unwrap();
            (fixed.now.map(|now| now.as_secs()), fixed.seed)
        };
        assert_eq!(fixed("seed = 7"), (None, Some(7)));
        assert_eq!(fixed("clock = 2026-01-31T12:00:00Z"), (Some(1_769_860_800), None));
        assert_eq!(fixed("clock = 2026-01-31T12:00:00Z\nseed = 0"), (Some(1_769_860_800), Some(0)));
        assert_eq!(fixed(""), (None, None));
    }

    #[test]
    fn the_cases_that_authors_are_shown_are_cases() {
        let guides = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides");
        for guide in
            ["testing", "first-plugin-rust", "first-plugin-python", "first-plugin-javascript", "first-plugin-c"]
        {
            let text = fs::read_to_string(guides.join(format!("{guide}.md"))).unwrap();
            let blocks = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
            let shown: Vec<_> = blocks.filter(|block| block.contains("[[case]]")).collect();
            assert_eq!(shown.len(), 1, "{guide}");
            read(guide, shown[0], false).unwrap();
        }
    }

    #[test]
    fn a_case_that_could_not_fail_is_refused() {
        let case = |rest: &str| read("t", &format!("[[case]]\nname = \"a\"\ntool = \"t\"\n{rest}"), false);
        for (wrong, told) in [
            ("", "`expect` is missing"),
            ("expect = {}", "says nothing"),
            ("expect = { strucured = 1 }", "unknown field `strucured`"),
            ("expect = { error = \"boom\" }", "is not a kind of error"),
            ("expect = { error = \"denied\", text = \"x\" }", "one of them"),
            ("expext = 1", "`expect` is missing"),
            ("sead = 1\nexpect = { text = \"x\" }", "unknown field `sead`"),
            ("clock = \"noon\"\nexpect = { text = \"x\" }", "write a time"),
        ] {
            let error = format!("{:#}", case(wrong).unwrap_err());
            assert!(error.contains(told) && error.contains("case 1 (`a`)"), "{wrong}: {error}");
        }
        assert!(case("expect = { error = \"limit:memory\" }").is_ok());
    }
}
