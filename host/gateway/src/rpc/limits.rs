//! Limits of messages.

/// Bytes of a method's name: the error of an unknown one repeats it.
pub(super) const MAX_METHOD: usize = 256;
/// Bytes of an id or a progress token: they are kept with the request and repeated with each report and answer, so that a
/// token of 4 MB made 476 MB of one request.
pub(super) const MAX_ID: usize = 1024;
/// Messages in one batch: each holds its work and its stream until the last is done.
pub(crate) const MAX_BATCH: usize = 64;
