//! A plugin that answers on whose behalf it runs, whatever the arguments claim.

use tandem_sdk::prelude::*;

#[derive(Debug)]
struct Who;

/// The caller, as the host sees it.
#[output]
struct Caller {
    /// The tenant.
    tenant: String,
    /// The subject.
    subject: String,
}

#[tools]
impl Who {
    /// Answers who calls.
    #[tool(read_only)]
    fn who_am_i(
        ctx: &Ctx,
        /// Who the caller would like to be.
        claim: Option<String>,
        /// More of the same.
        _meta: Option<Value>,
    ) -> Caller {
        let (_, _) = (claim, _meta);
        caller(ctx)
    }

    /// The same, with a name that leads into the lane of the network.
    #[tool(read_only)]
    fn peer_who_am_i(ctx: &Ctx) -> Caller {
        caller(ctx)
    }
}

fn caller(ctx: &Ctx) -> Caller {
    let principal = ctx.principal();
    Caller { tenant: principal.tenant, subject: principal.subject }
}

tandem_sdk::export!(Who);
