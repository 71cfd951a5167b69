//! Bounds of what a mounted server may do to its host, with the reason of each.

use std::time::Duration;

/// Tools of one server. A list without an end would fill the catalog.
pub const MAX_TOOLS: usize = 1_000;
/// Pages of one list. A server that always has a next page would be listed forever.
pub const MAX_PAGES: usize = 1_000;
/// Bytes of a description that clients see. Models read it with every list, and a long one hides instructions well.
pub const MAX_DESCRIPTION: usize = 4 << 10;
/// Bytes of a title.
pub const MAX_TITLE: usize = 128;
/// Bytes of a tool's schemas together. What is larger crowds out the tools of others in a model's context.
pub const MAX_SCHEMA: usize = 256 << 10;
/// Bytes of a server's error message, or of a reason, that are passed on.
pub const MAX_MESSAGE: usize = 2 << 10;
/// What a message may have beyond `output`: a result is escaped, or encoded in base64, and has a frame.
pub const LINE_FACTOR: usize = 2;
/// The frame of a message, and what a list of tools needs where `output` is small.
pub const LINE_ROOM: usize = 4 << 20;
/// Bytes of one line of standard error that are logged; the rest of the line is dropped.
pub const MAX_LOG_LINE: usize = 2 << 10;
/// Lines of standard error that are logged in a minute. The pipe is read all the same: a server whose log is not read hangs.
pub const MAX_LOG_LINES: u32 = 600;
/// A server that served for so long has not failed at its start: failures count from one again.
pub const STABLE_AFTER: Duration = Duration::from_secs(60);
/// How long a process has to end after its input was closed, before its process group is killed.
pub const EXIT_GRACE: Duration = Duration::from_millis(500);
/// Changes of a list that come within this time are read once. Stops a server that announces changes without end.
pub const CHANGE_INTERVAL: Duration = Duration::from_millis(250);
