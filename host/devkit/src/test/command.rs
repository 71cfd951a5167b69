//! The command itself: builds the plugin, runs the cases that are asked for, and shows what came of each.

use std::{io::Write, path::PathBuf, time::Duration};

use serde_json::{Value, json};
use tandem_config::LogFormat;

use super::{
    case::{self, Case},
    judge,
    run::{Bench, Tested},
};
use crate::{
    Outcome,
    build::build_once,
    logging,
    project::{Project, Purpose},
    toolchain,
};

/// What came of one case.
struct Done {
    case: Case,
    took: Duration,
    wrong: Vec<String>,
    lines: Vec<String>,
}

/// What is tested.
#[derive(Clone, Debug)]
pub struct Test {
    /// The project's directory.
    pub directory: PathBuf,
    /// A plugin file to test with the project's cases, instead of what the project builds.
    pub plugin: Option<PathBuf>,
    /// Only cases whose name, tool or file contains this.
    pub filter: Option<String>,
    /// Test what was built last.
    pub no_build: bool,
    /// Install what is missing to build the plugin, without asking.
    pub install: bool,
    /// Also show what passing cases logged.
    pub verbose: bool,
    /// Print JSON.
    pub json: bool,
}

/// Builds the plugin and runs its cases.
pub fn run(args: &Test) -> anyhow::Result<Outcome> {
    let all = case::read_all(&args.directory)?;
    let found = all.len();
    let wanted = |case: &Case| {
        let Some(filter) = &args.filter else { return true };
        [&case.name, &case.tool, &case.file].iter().any(|text| text.contains(filter.as_str()))
    };
    let cases: Vec<Case> = all.into_iter().filter(wanted).collect();
    let left_out = found - cases.len();
    let _log = logging::start("error,tandem::plugin=off", LogFormat::Pretty)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let tested = match &args.plugin {
        Some(file) => Tested::Plugin(file),
        None => Tested::Project(runtime.block_on(built(args))?),
    };
    let _context = runtime.enter();
    let mut bench = Bench::new(&args.directory, &tested)?;
    let mut done = Vec::new();
    for (index, case) in cases.into_iter().enumerate() {
        let one = match bench.run(index, &case) {
            Ok(ran) => Done { wrong: judge::judge(&case.expect, &ran), took: ran.took, lines: ran.lines, case },
            Err(error) => Done {
                case,
                took: Duration::ZERO,
                wrong: vec![tandem_runtime::errors::chain(&error)],
                lines: Vec::new(),
            },
        };
        if !args.json {
            show(&one, args.verbose)?;
        }
        done.push(one);
    }
    finish(args, &done, left_out)
}

/// The project, built unless the last build is asked for.
async fn built(args: &Test) -> anyhow::Result<Project> {
    let project = Project::open(&args.directory)?;
    if !args.no_build {
        toolchain::ready(project.language, &project.directory, args.install)?;
        build_once(&project, Purpose::Again).await?;
    }
    Ok(project)
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

fn finish(args: &Test, done: &[Done], left_out: usize) -> anyhow::Result<Outcome> {
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
    Ok(if failed == 0 { Outcome::Passed } else { Outcome::Failed })
}

fn shown(one: &Done) -> Value {
    json!({
        "file": one.case.file, "name": one.case.name, "tool": one.case.tool, "passed": one.wrong.is_empty(),
        "duration_ms": one.took.as_secs_f64() * 1e3, "failures": one.wrong, "log": one.lines,
    })
}
