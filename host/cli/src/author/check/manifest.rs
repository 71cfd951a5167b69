//! What an operator reads: limits that the usual host does not allow, reasons that are missing.

use tandem_manifest::{Ceilings, HumanDuration, PluginManifest};

use super::Findings;

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
            findings.warning(
                format!("tools.{name}.deadline"),
                message,
                "make do with that: what takes longer is a task",
            );
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
