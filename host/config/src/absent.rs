//! Keys of features that this host does not have.
//!
//! **Promises.** Each is refused by its name, from every layer, with what to do instead: a setting that is read and then
//! ignored is worse than none, and "unknown key" would send an operator who read of it looking for a slip. A feature that
//! comes takes its key out of [`ABSENT`].

use tandem_document::{Step, Tree};

/// Dotted key, and what to do instead.
const ABSENT: [(&str, &str); 3] = [
    (
        "server.request-timeout",
        "no timeout covers a whole request; `limits.deadline` bounds a call, `server.body-timeout` and `server.write-timeout` the client",
    ),
    ("telemetry.otlp-endpoint", "this host sends no traces; take the key out"),
    ("telemetry.metrics", "`/metrics` is always served; close it to others with `server.metrics-token`"),
];

/// Reports every absent key of a tree and takes it out, so that it is not reported as unknown too.
pub(super) fn refuse(tree: &mut Tree) {
    for (key, remedy) in ABSENT {
        let way: Vec<Step> = key.split('.').map(|step| Step::Key(step.to_owned())).collect();
        tree.refuse(&way, format!("`{key}` is not offered by this host"), remedy.to_owned());
    }
}
