//! Progress bars on a terminal: while plugins are compiled, and while files are fetched or sent.

use std::{
    io::IsTerminal,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use tandem_catalog::Rejected;
use tandem_client::ProgressSink;
use tandem_devkit::terminal::bars;
use tandem_engine::Origin;
use tandem_registry::Meter;
use tandem_runtime::load::LoadObserver;

/// Whether standard error is a terminal.
pub(crate) fn is_drawn() -> bool {
    std::io::stderr().is_terminal()
}

/// A bar, which is not `drawn` where nobody sees it.
pub(crate) fn bar(template: &str, drawn: bool) -> ProgressBar {
    let bar = if drawn { bars().add(ProgressBar::no_length()) } else { ProgressBar::hidden() };
    style(&bar, template);
    bar
}

/// How many of the plugins that the start lists are compiled.
pub(crate) struct Loading {
    bar: ProgressBar,
    left: AtomicUsize,
}

impl Loading {
    pub(crate) fn new() -> Self {
        let bar = bar("compiling plugins {bar:32} {pos}/{len} {wide_msg}", is_drawn());
        bar.set_length(0);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, left: AtomicUsize::new(0) }
    }

    fn one_done(&self) {
        self.bar.inc(1);
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.bar.finish_and_clear();
        }
    }
}

impl LoadObserver for Loading {
    fn found(&self, files: usize) {
        self.left.store(files, Ordering::Relaxed);
        self.bar.set_length(files as u64);
        if files == 0 {
            self.bar.finish_and_clear();
        }
    }

    fn begun(&self, file: &str) {
        self.bar.set_message(crate::terminal::line(file));
    }

    fn loaded(&self, _: &str, _: Origin, _: Duration) {
        self.one_done();
    }

    fn rejected(&self, _: &Rejected) {
        self.one_done();
    }
}

/// How one transfer goes on: a bar once it is known how much there is, until then what came.
pub(crate) struct Transfer {
    bar: ProgressBar,
}

impl Transfer {
    pub(crate) fn new(what: &str) -> Self {
        let bar = bar("{spinner} {wide_msg} {bytes}", is_drawn());
        bar.set_message(crate::terminal::line(what));
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar }
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// How far a call is. Nothing is drawn before the tool says something.
#[derive(Clone)]
pub(crate) struct Call(ProgressBar);

impl Call {
    pub(crate) fn new(drawn: bool) -> Self {
        Self(bar("{spinner} [{elapsed}] {pos} {msg}", drawn))
    }

    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl ProgressSink for Call {
    fn progress(&self, done: f64, total: Option<f64>, message: &str) {
        if let Some(total) = total {
            style(&self.0, "{spinner} [{elapsed}] {bar:32} {pos}/{len} {msg}");
            self.0.set_length(total as u64);
        }
        self.0.set_position(done as u64);
        self.0.set_message(crate::terminal::line(message));
    }
}

pub(crate) fn style(bar: &ProgressBar, template: &str) {
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
