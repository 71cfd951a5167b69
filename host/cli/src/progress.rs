//! Progress bars on a terminal: while plugins are compiled, and while files are fetched or sent.

use std::{
    io::IsTerminal,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use tandem_catalog::Rejected;
use tandem_client::ProgressSink;
use tandem_devkit::terminal::bars;
use tandem_engine::Origin;
use tandem_registry::Meter;
use tandem_runtime::load::LoadObserver;

fn bar(bar: ProgressBar) -> ProgressBar {
    if std::io::stderr().is_terminal() { bars().add(bar) } else { ProgressBar::hidden() }
}

/// How far the first loading of the plugins is.
pub(crate) struct Loading {
    bar: ProgressBar,
    left: AtomicUsize,
}

impl Loading {
    pub(crate) fn new() -> Self {
        let bar = bar(ProgressBar::new(0));
        style(&bar, "loading plugins {bar:32} {pos}/{len} {wide_msg}");
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
        let bar = bar(ProgressBar::no_length());
        style(&bar, "{spinner} {wide_msg} {bytes}");
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

/// How far a call is. There is no bar before the tool says something.
#[derive(Clone)]
pub(crate) struct Call {
    shown: bool,
    bar: Arc<OnceLock<ProgressBar>>,
}

impl Call {
    pub(crate) fn new(shown: bool) -> Self {
        Self { shown, bar: Arc::default() }
    }

    pub(crate) fn finish(&self) {
        self.bar.get().iter().for_each(|bar| bar.finish_and_clear());
    }
}

impl ProgressSink for Call {
    fn progress(&self, done: f64, total: Option<f64>, message: &str) {
        if !self.shown {
            return;
        }
        let bar = self.bar.get_or_init(|| bar(ProgressBar::no_length()));
        match total {
            Some(total) => {
                style(bar, "{spinner} [{elapsed}] {bar:32} {pos}/{len} {msg}");
                bar.set_length(total as u64);
            }
            None => style(bar, "{spinner} [{elapsed}] {pos} {msg}"),
        }
        bar.set_position(done as u64);
        bar.set_message(crate::terminal::line(message));
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
