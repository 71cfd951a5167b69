//! A thread that writes log lines, many at a time.
//!
//! **Promises.** Who logs never waits for who reads the log: a line is copied into a buffer. The thread wakes for the first line
//! of a quiet time and writes it at once; then it looks every [`LINGER`] only, so that a busy host does not wake it for
//! each line. Dropping [`Writer`] writes out what waits, for [`FAREWELL`] at most.
//!
//! **Bounds.** [`MAX_BYTES`] wait; further lines are dropped and counted.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait to be written: some seconds of a busy host's. Stops who never reads the log from filling the memory.
const MAX_BYTES: usize = 16 << 20;
/// Between two writes while lines come: a person does not see it, and a busy host writes some hundred lines at a time.
const LINGER: Duration = Duration::from_millis(10);
/// How long the last lines may take at the end, should nobody read them.
const FAREWELL: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    dropped: u64,
    /// Whether the thread sleeps until the next line.
    idle: bool,
    closed: bool,
    /// Whether the thread has written everything and ended.
    ended: bool,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes until it is closed and empty.
    fn run(&self, mut out: impl Write) {
        let mut lines = Vec::new();
        loop {
            let mut waiting = self.lock();
            while waiting.lines.is_empty() {
                if waiting.closed {
                    waiting.ended = true;
                    return self.changed.notify_all();
                }
                waiting.idle = true;
                waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                waiting.idle = false;
            }
            std::mem::swap(&mut lines, &mut waiting.lines);
            drop(waiting);
            // Where nobody reads them any more, there is nobody to tell.
            let _unread = out.write_all(&lines).and_then(|()| out.flush());
            lines.clear();
            lines.shrink_to(MAX_BYTES / 16);
            let waiting = self.lock();
            drop(self.changed.wait_timeout_while(waiting, LINGER, |waiting| !waiting.closed));
        }
    }
}

/// Takes lines.
#[derive(Clone)]
pub(crate) struct Lines(Arc<Shared>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.lock();
        if waiting.lines.len() + line.len() > MAX_BYTES {
            waiting.dropped += 1;
        } else {
            waiting.lines.extend_from_slice(line);
        }
        let wake = std::mem::take(&mut waiting.idle);
        drop(waiting);
        if wake {
            self.0.changed.notify_all();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The thread. Dropped, it writes out what waits.
pub(crate) struct Writer(Arc<Shared>);

impl Writer {
    /// Starts it; it writes to `out`.
    ///
    /// # Errors
    /// There is no room for another thread.
    pub(crate) fn start(out: impl Write + Send + 'static) -> io::Result<(Lines, Self)> {
        let shared = Arc::<Shared>::default();
        let own = shared.clone();
        std::thread::Builder::new().name("log".to_owned()).spawn(move || own.run(out))?;
        Ok((Lines(shared.clone()), Self(shared)))
    }

    /// Lines that were dropped so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.0.lock().dropped
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.closed = true;
        self.0.changed.notify_all();
        let until = Instant::now() + FAREWELL;
        while !waiting.ended {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            waiting = self.0.changed.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    /// Hands each write on, and waits until it is taken.
    struct Slow(SyncSender<Vec<u8>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Lines, Writer, Receiver<Vec<u8>>) {
        let (sender, receiver) = sync_channel(0);
        let (lines, writer) = Writer::start(Slow(sender)).unwrap();
        (lines, writer, receiver)
    }

    #[test]
    fn lines_that_come_while_others_are_written_are_one_write() {
        let (mut lines, _writer, written) = slow();
        lines.write_all(b"first\n").unwrap();
        assert_eq!(written.recv().unwrap(), b"first\n");
        // It lingers now, or writes what came so far and waits until that is taken: two writes at most.
        for _ in 0..1000 {
            lines.write_all(b"more\n").unwrap();
        }
        let mut all = Vec::new();
        let mut writes = 0;
        while all.len() < 5000 {
            all.extend(written.recv().unwrap());
            writes += 1;
        }
        assert_eq!(all, b"more\n".repeat(1000));
        assert!(writes <= 100, "{writes} writes for 1000 lines");
    }

    #[test]
    fn who_logs_never_waits_and_what_is_too_much_is_counted() {
        let (mut lines, writer, written) = slow();
        let line = vec![b'x'; MAX_BYTES / 4];
        for _ in 0..12 {
            lines.write_all(&line).unwrap();
        }
        assert!(writer.dropped() >= 4, "{} lines", writer.dropped());
        drop(written);
    }

    #[test]
    fn the_last_lines_are_written_at_the_end() {
        let (sender, written) = sync_channel(10);
        let (mut lines, writer) = Writer::start(Slow(sender)).unwrap();
        lines.write_all(b"one\n").unwrap();
        lines.write_all(b"two\n").unwrap();
        drop(writer);
        assert_eq!(written.try_iter().flatten().collect::<Vec<_>>(), b"one\ntwo\n");
    }
}
