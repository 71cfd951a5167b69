//! One plugin, from reading it to the report.

use std::{io::Write, path::PathBuf, sync::Arc};

use anyhow::Context;
use serde_json::json;
use tandem_engine::{Engine, EngineConfig, Services};
use tandem_package::{Descriptors, MAX_FILE, Package, PluginManifest, SignatureState, TrustRoots};

use super::{
    binary, contract,
    findings::{Finding, Findings, Severity},
    manifest, tools,
};
use crate::{Outcome, host::DATA, package, project};

/// What is checked.
struct Subject {
    /// The file's bytes.
    bytes: Vec<u8>,
    manifest: Option<PluginManifest>,
    /// What the package says that it offers; none in a bare component.
    packed: Option<Descriptors>,
    /// Where a project keeps what `tandem plugin dev` and `tandem plugin test` compiled; none of other files.
    compiled: Option<PathBuf>,
}

/// What is checked.
#[derive(Clone, Debug)]
pub struct Check {
    /// A plugin, a component, or a project's directory.
    pub path: PathBuf,
    /// Its manifest, where the file is a bare component [default: plugin.toml beside it, if it is there]
    pub manifest: Option<PathBuf>,
    /// Let warnings fail too.
    pub strict: bool,
    /// Print JSON.
    pub json: bool,
}

/// Checks one plugin.
pub fn run(args: &Check) -> anyhow::Result<Outcome> {
    let mut findings = Findings::default();
    let file = if args.path.is_dir() { args.path.join(project::COMPONENT) } else { args.path.clone() };
    let bytes = package::read(&file).with_context(|| match args.path.is_dir() {
        true => {
            format!("{} was not built yet; `tandem plugin test` or `tandem plugin dev` builds it", args.path.display())
        }
        false => "give a plugin, or a project's directory".to_owned(),
    })?;
    let subject = subject(args, &file, bytes, &mut findings)?;
    check(&subject, &mut findings)?;
    findings.0.sort_by(|a, b| (a.severity, &a.place).cmp(&(b.severity, &b.place)));
    report(args, &file.display().to_string(), &findings)
}

fn subject(args: &Check, file: &std::path::Path, bytes: Vec<u8>, findings: &mut Findings) -> anyhow::Result<Subject> {
    if bytes.len() > MAX_FILE {
        findings.error(
            "file",
            format!("{} bytes; hosts read {MAX_FILE} at most", bytes.len()),
            "leave out what is not needed at a call",
        );
    }
    let compiled = args.path.is_dir().then(|| args.path.join(DATA).join("compiled"));
    if let Ok((package, state)) = Package::inspect(&bytes, &TrustRoots::none()) {
        if state == SignatureState::Unsigned {
            findings.warning(
                "signature",
                "there is none; hosts refuse unsigned plugins",
                "sign it: `tandem plugin sign FILE --key KEY`",
            );
        }
        let (manifest, packed) = (Some(package.manifest), Some(package.descriptors));
        return Ok(Subject { bytes, manifest, packed, compiled });
    }
    let beside =
        [args.path.join("plugin.toml"), file.with_file_name("plugin.toml")].into_iter().find(|path| path.is_file());
    let manifest = match args.manifest.clone().or(beside) {
        Some(path) => Some(package::manifest(&path)?),
        None => {
            let remedy = "give it with --manifest, or check the packed plugin";
            findings.note("manifest", "there is none, so what it requests is not checked", remedy);
            None
        }
    };
    Ok(Subject { bytes, manifest, packed: None, compiled })
}

fn check(subject: &Subject, findings: &mut Findings) -> anyhow::Result<()> {
    let Some(facts) = binary::read(&subject.bytes, findings) else { return Ok(()) };
    contract::check(&facts, subject.manifest.as_ref(), findings);
    binary::check(&facts, subject.manifest.as_ref(), findings);
    if let Some(manifest) = &subject.manifest {
        manifest::check(manifest, findings);
    }
    let engine = EngineConfig { max_instances: 1, ..EngineConfig::default() };
    let engine =
        Engine::new(engine, subject.compiled.as_deref(), Arc::new(Services::default()), &[&tandem_cluster::P2p])?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (described, unsupported_exports) = match runtime.block_on(engine.examine(&subject.bytes)) {
        Ok(examined) => examined,
        Err(error) => {
            findings.error("component", error.to_string(), "build it against the contract of this host's SDK");
            return Ok(());
        }
    };
    for function in unsupported_exports {
        let remedy = "give it parameters and a result that JSON has, if it is meant to be a tool";
        findings.note("exports", function.to_string(), remedy);
    }
    if subject.packed.as_ref().is_some_and(|packed| *packed != described) {
        let remedy = "pack it again; if that does not help, `describe` is not deterministic";
        findings.error("descriptors", "the plugin does not offer what its descriptors say", remedy);
    }
    tools::check(&described, subject.manifest.as_ref(), findings);
    Ok(())
}

fn report(args: &Check, file: &str, findings: &Findings) -> anyhow::Result<Outcome> {
    let (errors, warnings) = (findings.count(Severity::Error), findings.count(Severity::Warning));
    let notes = findings.count(Severity::Note);
    let mut out = crate::terminal::out();
    if args.json {
        let all =
            json!({ "file": file, "errors": errors, "warnings": warnings, "notes": notes, "findings": findings.0 });
        writeln!(out, "{}", crate::terminal::json(&all)?)?;
    } else {
        for Finding { severity, place, message, remedy } in &findings.0 {
            let word = match severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            };
            writeln!(out, "{word:7}  {place}: {message}\n         {remedy}")?;
        }
        writeln!(out, "{file}: {errors} errors, {warnings} warnings, {notes} notes")?;
    }
    Ok(if errors > 0 || (args.strict && warnings > 0) { Outcome::Failed } else { Outcome::Passed })
}
