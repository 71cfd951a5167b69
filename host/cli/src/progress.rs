//! Progress bars on a terminal: while plugins are compiled, with log lines in any case, and while files are fetched or sent.

use std::{
    io::IsTerminal,
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tandem_catalog::{LoadObserver, Rejected};
use tandem_engine::Origin;
use tandem_registry::Meter;

/// All bars of the process, on standard error.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Writes to the terminal while no bar is drawn there, so that neither tears the other. Log lines come from a thread of
/// their own.
pub(crate) fn between<R>(write: impl FnOnce() -> R) -> R {
    BARS.suspend(write)
}

fn bar(bar: ProgressBar) -> ProgressBar {
    if std::io::stderr().is_terminal() { BARS.add(bar) } else { ProgressBar::hidden() }
}

pub(crate) struct Loading {
    bar: ProgressBar,
    replaced: Mutex<Vec<String>>,
}

impl Loading {
    pub(crate) fn new() -> Self {
        let bar = bar(ProgressBar::new(0));
        style(&bar, "loading plugins {bar:32} {pos}/{len} {wide_msg}");
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, replaced: Mutex::default() }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// The files whose compiled code was not authentic.
    pub(crate) fn replaced(&self) -> Vec<String> {
        self.replaced.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl LoadObserver for Loading {
    fn found(&self, files: usize) {
        self.bar.set_length(files as u64);
    }

    fn begun(&self, file: &str) {
        self.bar.set_message(crate::terminal::line(file));
    }

    fn loaded(&self, file: &str, origin: Origin, took: Duration) {
        self.bar.inc(1);
        let how = match origin {
            Origin::Cached => "from the compiled-code cache",
            Origin::Compiled => "compiled",
            Origin::Replaced => {
                self.replaced.lock().unwrap_or_else(PoisonError::into_inner).push(file.to_owned());
                "compiled anew"
            }
        };
        metrics::histogram!("tandem_compile_seconds").record(took.as_secs_f64());
        tracing::info!(file, took_ms = took.as_millis() as u64, "plugin loaded, {how}");
    }

    fn rejected(&self, rejected: &Rejected) {
        self.bar.inc(1);
        // Of one that is being compiled it is said when that begins.
        if !rejected.compiling {
            tracing::error!(file = rejected.file, "plugin left out: {}", rejected.reason);
        }
    }
}

/// How one transfer goes on: a bar once it is known how much there is, until then what came.
pub(crate) struct Transfer {
    bar: ProgressBar,
}

impl Transfer {
    pub(crate) fn new(what: &str) -> Self {
        let bar = bar(ProgressBar::no_length());
        style(&bar, "{spinner} {wide_msg} {bytes}");
        bar.set_message(crate::terminal::line(what));
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

impl Meter for Transfer {
    fn at(&self, done: u64, total: Option<u64>) {
        if let Some(total) = total.filter(|total| self.bar.length() != Some(*total)) {
            // A long name gives way, so that all stays on one line.
            style(&self.bar, "{spinner} {wide_msg} {bar:24} {bytes}/{total_bytes} {eta}");
            self.bar.set_length(total);
        }
        self.bar.set_position(done);
    }
}
