//! `invoke`: calls of other tools.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::Findings;

use super::port::{InternalCapability, Met};
use crate::bounds::check_reason;

/// Calls of other tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InvokeRequest {
    /// Why it is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Calls of other tools.
#[derive(Debug)]
pub struct Invoke;

const TEXT: &str = "calls of other tools";

impl InternalCapability for Invoke {
    const NAME: &'static str = "invoke";
    const INTERFACE: &'static str = "tandem:host/invoke";
    type Request = InvokeRequest;
    type Bounds = ();
    type Grant = bool;
    type Granted = ();

    fn reason(request: &InvokeRequest) -> Option<&String> {
        request.reason.as_ref()
    }

    fn describe(_request: &InvokeRequest) -> String {
        TEXT.to_owned()
    }

    fn check_request(request: &InvokeRequest, findings: &mut Findings) {
        check_reason(request.reason.as_ref(), findings);
    }

    fn check_bounds((): (), _findings: &mut Findings) {}

    fn meet(_request: &InvokeRequest, _bounds: [Option<()>; 2]) -> Met<()> {
        Met { granted: (), text: TEXT.to_owned(), narrowed: None }
    }
}
