//! `tandem test`: the author's cases, in the real sandbox.
//!
//! **Promises.** Each case has a fresh instance, an empty store, and the grants that it names, under the manifest's limits; arguments and
//! results are checked against the schemas as a host checks them. Nothing reaches the network: a request that a grant allows gets the
//! answer that the case has recorded, any other one is refused. **Bounds:** one case at a time, in the plugin's own limits.
//! **Not tested here:** what the router adds (queues, retries, the result cache).

mod case;
mod fakes;
mod judge;
mod run;

use std::{io::Write, time::Duration};

use clap::Args;
use serde_json::{Value, json};
use tandem_config::LogFormat;

use self::{case::Case, run::Bench};
use super::{
    Place, build_once,
    project::{Project, Purpose},
    toolchain,
};
use crate::{exit::Exit, logging};

#[derive(Debug, Args)]
#[command(
    after_help = "Example of a case, in tests/tools.toml:\n\n  [[case]]\n  name = \"asks the service\"\n  tool = \"weather_now\"\n  arguments = { city = \
                  \"Rome\" }\n  grants = { http = [\"api.example.com\"] }\n  http = [{ url = \"https://api.example.com/v1?q=Rome\", json = { c = 21 } }]\n  \
                  expect = { partial = { celsius = 21 } }\n\ndocs/guides/testing.md has all keys. Exit codes: 0 all passed, 1 some failed, 2 usage."
)]
pub(crate) struct Test {
    #[command(flatten)]
    pub place: Place,
    /// Only cases whose name, tool or file contains this
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Test what was built last
    #[arg(long)]
    pub no_build: bool,
    /// Install what is missing to build the plugin, without asking
    #[arg(long)]
    pub install: bool,
    /// Also show what passing cases logged
    #[arg(short, long)]
    pub verbose: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What came of one case.
struct Done {
    case: Case,
    took: Duration,
    wrong: Vec<String>,
    lines: Vec<String>,
}

/// Builds the plugin and runs its cases.
pub(crate) fn run(args: &Test) -> anyhow::Result<Exit> {
    let project = Project::open(&args.place.directory)?;
    let all = case::read_all(&project.directory)?;
    let found = all.len();
    let wanted = |case: &Case| {
        let Some(filter) = &args.filter else { return true };
        [&case.name, &case.tool, &case.file].iter().any(|text| text.contains(filter.as_str()))
    };
    let cases: Vec<Case> = all.into_iter().filter(wanted).collect();
    let left_out = found - cases.len();
    let _log = logging::start("error,tandem::plugin=off", LogFormat::Pretty)?;
    let runtime = tokio::runtime::Runtime::new()?;
    if !args.no_build {
        toolchain::ready(project.language, &project.directory, args.install)?;
        runtime.block_on(build_once(&project, Purpose::Again))?;
    }
    let _context = runtime.enter();
    let mut bench = Bench::new(&project)?;
    let mut done = Vec::new();
    for (index, case) in cases.into_iter().enumerate() {
        let one = match bench.run(index, &case) {
            Ok(ran) => Done { wrong: judge::judge(&case.expect, &ran), took: ran.took, lines: ran.lines, case },
            Err(error) => {
                Done { case, took: Duration::ZERO, wrong: vec![crate::exit::chain(&error)], lines: Vec::new() }
            }
        };
        if !args.json {
            show(&one, args.verbose)?;
        }
        done.push(one);
    }
    finish(args, &done, left_out)
}

fn show(one: &Done, verbose: bool) -> anyhow::Result<()> {
    let mut out = crate::terminal::out();
    let word = if one.wrong.is_empty() { "ok  " } else { "FAIL" };
    writeln!(out, "{word}  {}: {} ({:.1} ms)", one.case.file, one.case.name, one.took.as_secs_f64() * 1e3)?;
    for line in one.wrong.iter().flat_map(|wrong| wrong.lines()) {
        writeln!(out, "        {line}")?;
    }
    if verbose || !one.wrong.is_empty() {
        for line in &one.lines {
            writeln!(out, "        log  {line}")?;
        }
    }
    Ok(())
}

fn finish(args: &Test, done: &[Done], left_out: usize) -> anyhow::Result<Exit> {
    let failed = done.iter().filter(|one| !one.wrong.is_empty()).count();
    let passed = done.len() - failed;
    let mut out = crate::terminal::out();
    if args.json {
        let cases: Vec<Value> = done.iter().map(shown).collect();
        let all = json!({ "passed": passed, "failed": failed, "left_out": left_out, "cases": cases });
        writeln!(out, "{}", crate::terminal::json(&all)?)?;
    } else {
        let others = if left_out > 0 { format!(", {left_out} left out") } else { String::new() };
        writeln!(out, "\n{passed} passed, {failed} failed{others}")?;
    }
    if done.is_empty() {
        anyhow::bail!("no case has `{}` in its name, tool or file", args.filter.as_deref().unwrap_or_default());
    }
    Ok(if failed == 0 { Exit::Success } else { Exit::Failure })
}

fn shown(one: &Done) -> Value {
    json!({
        "file": one.case.file, "name": one.case.name, "tool": one.case.tool, "passed": one.wrong.is_empty(),
        "duration_ms": one.took.as_secs_f64() * 1e3, "failures": one.wrong, "log": one.lines,
    })
}
