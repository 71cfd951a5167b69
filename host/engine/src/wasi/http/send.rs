//! One exchange: a connection from the pool or a new one, the request, and the answer's head.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use http_body_util::BodyExt;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::{
    body::{Answer, Bounded, Watched},
    connect,
    pool::{Key, Lease, Pool},
    redact::{Redacted, Redactor},
    target::Target,
};

/// Wasmtime's own defaults are ten minutes each: long enough to hold an instance for nothing.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(30);
const BETWEEN_BYTES_TIMEOUT: Duration = Duration::from_secs(30);
/// An answer's bound: the guest reads it into a memory that is bounded too.
const MAX_RESPONSE: u64 = 64 << 20;

/// Sends a request that passed the gate.
pub(super) async fn send(
    target: Target,
    tls: &TlsConnector,
    pool: &Arc<Pool>,
    request: http::Request<WasiBody>,
    options: Option<RequestOptions>,
) -> Result<http::Response<WasiBody>, Error> {
    let bound = |asked: Option<Duration>, ours: Duration| asked.map_or(ours, |d| d.min(ours));
    let connect = bound(options.as_ref().and_then(|o| o.connect_timeout), CONNECT_TIMEOUT);
    let first_byte = bound(options.as_ref().and_then(|o| o.first_byte_timeout), FIRST_BYTE_TIMEOUT);
    let between = bound(options.as_ref().and_then(|o| o.between_bytes_timeout), BETWEEN_BYTES_TIMEOUT);

    let resolved = timeout(connect, connect::resolve(&target)).await;
    let address = resolved.map_err(|_| Error::ConnectionTimeout)??;
    let (tenant, plugin, host) = (target.tenant.clone(), target.plugin.clone(), target.host.clone());
    let key = Key { tenant, plugin, host, tls: target.tls, address };
    let (went, mut going) = watch::channel(());
    let mut request = request.map(|body| Watched::new(Bounded::new(body, u64::MAX, between), went).boxed_unsync());
    let (response, connection) = loop {
        let waiting = pool.take(&key).await;
        let fresh = waiting.is_none();
        let mut connection = match waiting {
            Some(connection) => connection,
            None => {
                let opened = timeout(connect, connect::open(&target, address, tls)).await;
                opened.map_err(|_| Error::ConnectionTimeout)??
            }
        };
        connection.wire.begin(target.account.clone());
        target.address(&mut request, connection.is_http2())?;
        let sent = patient(connection.send(request), &mut going, first_byte).await?;
        match sent {
            Ok(response) => break (response, connection),
            Err(mut failed) => match failed.take_message() {
                // The server closed a connection that waited, before the request went out.
                Some(unsent) if !fresh => request = unsent,
                _ => return Err(connection.wire.explain(Error::from(failed.into_error()))),
            },
        }
    };
    let wire = connection.wire.clone();
    wire.head();
    let redactor = target.redactor;
    let lease = Lease { key, connection, pool: pool.clone(), _permit: target.permit };
    let response = response.map(|body| {
        let body = Bounded::new(body.map_err(Error::Hyper), MAX_RESPONSE, between);
        Answer::new(body, wire, lease).boxed_unsync()
    });
    Ok(redacted(response, redactor))
}

/// Waits for an answer's head: so long after the request, and after each part of a body that goes out before it.
async fn patient<T>(
    answer: impl Future<Output = T>,
    going: &mut watch::Receiver<()>,
    patience: Duration,
) -> Result<T, Error> {
    let mut answer = pin!(answer);
    loop {
        tokio::select! {
            biased;
            answer = &mut answer => return Ok(answer),
            Ok(()) = going.changed() => {}
            () = sleep(patience) => return Err(Error::HttpResponseTimeout),
        }
    }
}

/// What the guest may see of an answer.
pub(super) fn redacted(response: http::Response<WasiBody>, redactor: Option<Redactor>) -> http::Response<WasiBody> {
    let Some(redactor) = redactor else { return response };
    let (mut head, body) = response.into_parts();
    redactor.headers(&mut head.headers);
    http::Response::from_parts(head, Redacted::new(body, redactor).boxed_unsync())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(60);

    #[tokio::test]
    async fn a_body_that_goes_on_is_waited_for_and_one_that_stands_still_is_not() {
        let (went, mut going) = watch::channel(());
        let sending = async {
            for _ in 0..10 {
                sleep(PATIENCE * 2 / 3).await;
                went.send_replace(());
            }
            sleep(PATIENCE * 2 / 3).await;
            "answer"
        };
        assert_eq!(patient(sending, &mut going, PATIENCE).await.ok(), Some("answer"));
        let silent = patient(std::future::pending::<()>(), &mut going, PATIENCE).await;
        assert!(matches!(silent, Err(Error::HttpResponseTimeout)), "the body stands still");
        drop(went);
        let silent = patient(std::future::pending::<()>(), &mut going, PATIENCE).await;
        assert!(matches!(silent, Err(Error::HttpResponseTimeout)), "the body is over");
    }
}
