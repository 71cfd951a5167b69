//! Tasks that wait, and what stops them.

use serde_json::Value;

use crate::{
    fields::{all, number, text},
    finding::Finding,
};

pub(crate) fn check(network: &Value, findings: &mut Vec<Finding>) {
    if network.get("up") != Some(&Value::Bool(true)) {
        return;
    }
    let is = |key: &str| network.get(key) == Some(&Value::Bool(true));
    if is("paused") {
        let remedy = "`tandem task resume` resumes dispatch";
        findings.push(Finding::warning("queue", "paused: this host dispatches no tasks", remedy));
    }
    if is("draining") {
        let remedy = "`tandem task resume` lets it run tasks again";
        findings.push(Finding::warning(
            "queue",
            "stopped by `p2p_taskqueue_shutdown`: this host runs no tasks",
            remedy,
        ));
    }
    let waiting = all(network, "waiting");
    let long: Vec<_> = waiting.iter().filter(|group| number(group, "over_a_minute") > 0.0).collect();
    findings.extend(long.iter().map(|group| wait(group)));
    if long.is_empty() {
        // The sum of no numbers is -0.
        let tasks = waiting.iter().map(|group| number(group, "tasks")).fold(0.0, |sum, tasks| sum + tasks);
        findings.push(Finding::ok("tasks", format!("{tasks} waiting, none for over a minute")));
    }
}

/// What waits for one reason.
fn wait(group: &Value) -> Finding {
    let tools: Vec<_> = all(group, "tools").iter().filter_map(Value::as_str).collect();
    let seen = format!(
        "{} waiting for over a minute: {}; the oldest for {:.0} s; tools: {}",
        number(group, "over_a_minute"),
        text(group, "reason"),
        number(group, "oldest_s"),
        tools.join(", "),
    );
    Finding::warning("tasks", seen, text(group, "remedy"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::finding::Severity;

    fn looked(network: &Value) -> Vec<Finding> {
        let mut findings = Vec::new();
        check(network, &mut findings);
        findings
    }

    #[test]
    fn what_waits_for_long_is_told_by_reason_with_its_remedy() {
        let group = |reason: &str, long: u64| {
            json!({"reason": reason, "remedy": format!("mend {reason}"), "tasks": 9, "over_a_minute": long,
                   "oldest_s": 75.4, "tools": ["add", "echo"]})
        };
        let waiting = json!([group("workers_zero", 3), group("awaiting_claim", 0), group("target_away", 1)]);
        let seen = looked(&json!({"up": true, "paused": true, "draining": true, "waiting": waiting}));
        assert!(seen.iter().all(|finding| finding.state == Severity::Warning), "{seen:?}");
        let texts: Vec<_> = seen.iter().map(|one| (one.seen.as_str(), one.remedy.as_deref().unwrap())).collect();
        assert!(texts[..2].iter().all(|(_, remedy)| remedy.contains("tandem task resume")), "{texts:?}");
        let workers = "3 waiting for over a minute: workers_zero; the oldest for 75 s; tools: add, echo";
        assert_eq!(texts[2], (workers, "mend workers_zero"));
        assert!(texts[3].0.contains("target_away") && texts.len() == 4, "{texts:?}");
    }

    #[test]
    fn a_queue_that_moves_is_well() {
        let seen = looked(&json!({"up": true, "paused": false, "draining": false, "waiting": []}));
        assert_eq!((seen.len(), seen[0].state), (1, Severity::Ok));
        assert_eq!(seen[0].seen, "0 waiting, none for over a minute");
        assert!(looked(&json!({"up": false})).is_empty());
    }
}
