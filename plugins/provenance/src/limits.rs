//! Bounds, each with its reason.

/// Characters of the name of an entity: addresses and paths fit.
pub(crate) const MAX_ENTITY_CHARS: usize = 500;
/// Entities that one record takes in: more are better recorded in steps.
pub(crate) const MAX_INPUTS: usize = 100;
/// Bytes of `parameters` as JSON: as many records as the store takes fit with them.
pub(crate) const MAX_PARAMETERS_BYTES: usize = 8 << 10;
/// How deep `parameters` may nest: keeps recursion within a guest's small stack, here and in clients.
pub(crate) const MAX_DEPTH: usize = 16;
/// Bytes of the records of one answer: below the plugin's `output`, also as PROV-JSON.
pub(crate) const MAX_ANSWER_BYTES: usize = 1 << 20;
