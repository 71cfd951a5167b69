//! Who gets in: the guard, then authentication.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Instant,
};

use http::{HeaderMap, Uri, header};
use tandem_store::EventRecord;
use tandem_types::Caller;

use crate::{
    auth::{API_KEY, AuthError},
    guard::Refusal,
    problem::Problem,
    state::AppState,
};

/// The guard and authentication.
pub(crate) async fn let_in(
    shared: &AppState,
    uri: &Uri,
    headers: &HeaderMap,
    address: Option<IpAddr>,
) -> Result<Caller, Problem> {
    guard(shared, uri, headers)?;
    match shared.auth.authenticate(headers).await {
        Ok(caller) => Ok(caller),
        Err(error) => {
            // Who shows none asks how to sign in.
            if headers.contains_key(header::AUTHORIZATION) || headers.contains_key(API_KEY) {
                refused(shared, &error, address).await;
            }
            Err(error.into())
        }
    }
}

/// Counts a refused credential, and reports it in log and audit log unless its address was reported a moment ago.
async fn refused(shared: &AppState, error: &AuthError, address: Option<IpAddr>) {
    ::metrics::counter!("tandem_refused_credentials_total").increment(1);
    let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let Some((address, count)) = shared.refused.note(address, Instant::now()) else { return };
    tracing::warn!(%address, count, reason = %error, "auth: credentials refused");
    let event = EventRecord::of_host("credentials.refused")
        .with("address", address.to_string())
        .with("count", count.to_string())
        .with("reason", error.to_string());
    shared.router.record_event(event).await;
}

/// The guard alone.
pub(crate) fn guard(shared: &AppState, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
    shared.guard.check(uri, headers).inspect_err(|refusal| {
        let text = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes())).unwrap_or_default();
        tracing::warn!(host = &*text(header::HOST), origin = &*text(header::ORIGIN), %refusal, "http: request refused");
    })
}
