//! One tool call, as the steps of its way see it.

use std::time::Instant;

use tandem_catalog::ResolvedTool;

use crate::{recorder::CallRecorder, scope::CallScope};

/// A call under way.
pub(crate) struct Job<'a> {
    pub(crate) resolved: &'a ResolvedTool,
    pub(crate) scope: &'a CallScope,
    pub(crate) recorder: &'a CallRecorder<'a>,
    pub(crate) start: Instant,
}
