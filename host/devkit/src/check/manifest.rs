//! What an operator reads: limits that the usual host does not allow, reasons that are missing.

use tandem_package::{Ceilings, PluginManifest};
use tandem_types::HumanDuration;

use super::findings::Findings;

pub(super) fn check(manifest: &PluginManifest, findings: &mut Findings) {
    let (limits, usual) = (&manifest.limits, Ceilings::default());
    let over = [
        ("memory", limits.memory > usual.memory, limits.memory.to_string(), usual.memory.to_string()),
        ("deadline", limits.deadline > usual.deadline, limits.deadline.to_string(), usual.deadline.to_string()),
        ("cpu", limits.cpu > usual.cpu, limits.cpu.to_string(), usual.cpu.to_string()),
        ("output", limits.output > usual.output, limits.output.to_string(), usual.output.to_string()),
        (
            "concurrency",
            limits.concurrency > usual.concurrency_per_plugin,
            limits.concurrency.to_string(),
            usual.concurrency_per_plugin.to_string(),
        ),
    ];
    for (name, _, asked, allowed) in over.into_iter().filter(|(_, over, ..)| *over) {
        let message = format!("asks for {asked}; a host's usual ceiling is {allowed}, and that is what it gets");
        findings.warning(
            format!("limits.{name}"),
            message,
            "make do with that, or say in the README what the operator must raise",
        );
    }
    for (name, tool) in &manifest.tools {
        let deadline: Option<HumanDuration> = tool.deadline;
        if let Some(deadline) = deadline.filter(|deadline| *deadline > usual.deadline) {
            let message = format!("asks for {deadline}; a host's usual ceiling is {}", usual.deadline);
            // Such a tool knows its deadline, and the operator may raise the ceiling.
            findings.note(format!("tools.{name}.deadline"), message, "make do with that: what takes longer is a task");
        }
    }
    reasons(manifest, findings);
    if manifest.plugin.license.is_none() {
        findings.note("plugin.license", "it says nothing of its license", "name one, as `license = \"Apache-2.0\"`");
    }
}

/// An operator grants what has a reason.
fn reasons(manifest: &PluginManifest, findings: &mut Findings) {
    let request = &manifest.request;
    let http = request.http.iter().map(|entry| (format!("http {}", entry.host), entry.reason.is_some()));
    let fs = request.fs.iter().map(|entry| (format!("fs {}", entry.name), entry.reason.is_some()));
    for (what, _) in http.chain(fs).filter(|(_, given)| !given) {
        findings.note(
            "request",
            format!("`{what}` has no reason"),
            "say why with `reason = \"…\"`: operators read it before they grant",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(limits: &str) -> Vec<String> {
        let text = format!(
            "[plugin]\nname = \"a\"\nversion = \"0.1.0\"\ndescription = \"A.\"\nlicense = \"MIT\"\n[limits]\n{limits}"
        );
        let mut findings = Findings::default();
        check(&PluginManifest::parse("plugin.toml", &text).unwrap(), &mut findings);
        findings.0.into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn a_limit_counts_from_the_usual_ceiling_on() {
        let usual = "memory = \"256MiB\"\ndeadline = \"120s\"\ncpu = \"30s\"\noutput = \"8MiB\"\nconcurrency = 64\n";
        assert_eq!(places(usual), Vec::<String>::new());
        for (from, to, place) in [
            ("256MiB", "257MiB", "limits.memory"),
            ("120s", "121s", "limits.deadline"),
            ("30s", "31s", "limits.cpu"),
            ("\"8MiB", "\"9MiB", "limits.output"),
            ("64", "65", "limits.concurrency"),
        ] {
            assert_eq!(places(&usual.replace(from, to)), [place]);
        }
        assert_eq!(places(&format!("{usual}[tools.t]\ndeadline = \"121s\"\n")), ["tools.t.deadline"]);
    }
}
