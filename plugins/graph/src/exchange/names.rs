//! Names of the graph as IRIs, and back.

use oxrdf::NamedNode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tandem_sdk::prelude::*;

use crate::graph::shortened;
use crate::limits::MAX_NAME_BYTES;

/// What of a name is written as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// How names begin that are IRIs already.
const IRIS: [&str; 6] = ["http://", "https://", "urn:", "did:", "tag:", "mailto:"];

/// Names are IRIs below a base, unless they are IRIs themselves.
pub(super) struct Names {
    base: String,
}

impl Names {
    pub(super) fn new(base: &str) -> Result<Self> {
        if base.len() > MAX_NAME_BYTES || NamedNode::new(base).is_err() {
            return Err(Error::invalid_arguments(format!(
                "`base` is not an absolute IRI of at most {MAX_NAME_BYTES} bytes: `{}`; give one as `urn:tandem:` or `https://example.com/`",
                shortened(base)
            )));
        }
        Ok(Self { base: base.to_owned() })
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// The IRI of a name.
    pub(super) fn iri(&self, name: &str) -> NamedNode {
        // A name that begins with the base would come back without it.
        let is_iri = !name.starts_with(&self.base) && IRIS.iter().any(|scheme| name.starts_with(scheme));
        if is_iri && let Ok(iri) = NamedNode::new(name) {
            return iri;
        }
        NamedNode::new_unchecked(format!("{}{}", self.base, utf8_percent_encode(name, ENCODED)))
    }

    /// The name of an IRI.
    pub(super) fn name(&self, iri: &str) -> String {
        let Some(rest) = iri.strip_prefix(&self.base).filter(|rest| !rest.is_empty()) else { return iri.to_owned() };
        percent_decode_str(rest).decode_utf8().map_or_else(|_| rest.to_owned(), |name| name.into_owned())
    }
}
