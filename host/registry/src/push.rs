//! What a publication sends: blobs that the registry has not, then the manifest that names them.
//!
//! **Promises.** A blob goes in one request, which every registry takes (distribution specification 1.1, "POST then PUT"), and in
//! pieces that are counted when the connection takes them. **Bounds.** The wait for anything to move.

use std::{io, pin::pin, time::Duration};

use bytes::Bytes;
use futures::{Stream, stream};
use oci_client::{
    client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol},
    errors::OciDistributionError,
    manifest::OCI_IMAGE_MEDIA_TYPE,
    secrets::RegistryAuth,
};
use reqwest::header::HeaderValue;
use tokio::sync::watch;

use crate::{artifact::Artifact, download::Meter, http::Client, source::OciSource};

/// How long nothing may move.
const IDLE: Duration = Duration::from_secs(60);
/// The whole of one request: what holds a stalled one is [`IDLE`], which sees more than the HTTP client does.
const WHOLE: Duration = Duration::from_secs(3_600);
/// Bytes that are counted at once: some seconds of the slowest network.
const PIECE: usize = 64 << 10;

/// Sends what is not there yet. The meter is told of the plugin's file alone, and of all of it once the registry has it.
pub(crate) async fn push(
    client: &Client,
    source: &OciSource,
    auth: RegistryAuth,
    artifact: &Artifact,
    file: Bytes,
    meter: &dyn Meter,
) -> Result<(), OciDistributionError> {
    let (host, reference, length) = (source.connects_to(), source.reference(), file.len() as u64);
    let plain = client.options.plain_http.scheme_of(host) == "http";
    let authorities = client.options.authorities.iter();
    let oci = oci_client::Client::try_from(ClientConfig {
        protocol: if plain { ClientProtocol::HttpsExcept(vec![host.to_owned()]) } else { ClientProtocol::Https },
        extra_root_certificates: authorities
            .map(|der| Certificate { encoding: CertificateEncoding::Der, data: der.to_vec() })
            .collect(),
        use_monolithic_push: true,
        read_timeout: Some(WHOLE),
        connect_timeout: Some(IDLE),
        ..ClientConfig::default()
    })?;
    oci.store_auth_if_needed(host, &auth).await;
    meter.at(0, Some(length));
    let (moved, seen) = watch::channel(0);
    let work = async {
        let config = Bytes::from(artifact.config.clone());
        for (digest, bytes, counts) in [(artifact.layer_digest, file, true), (artifact.config_digest, config, false)] {
            let (digest, size) = (digest.to_string(), bytes.len() as u64);
            if !oci.blob_exists(reference, &digest).await? {
                let pieces = pieces(bytes, counts.then(|| moved.clone()));
                oci.push_blob_stream(reference, pieces, &digest, Some(size)).await?;
            }
            moved.send_replace(length);
        }
        let kind = HeaderValue::from_static(OCI_IMAGE_MEDIA_TYPE);
        oci.push_manifest_raw(reference, artifact.manifest.clone(), kind).await.map(drop)
    };
    watched(work, seen, |sent| meter.at(sent, Some(length))).await
}

/// A blob in pieces, which tells how much was taken before each of them.
fn pieces(
    bytes: Bytes,
    moved: Option<watch::Sender<u64>>,
) -> impl Stream<Item = Result<Bytes, OciDistributionError>> + Send + 'static {
    let mut sent = 0;
    stream::iter((0..bytes.len()).step_by(PIECE).map(move |from| {
        let piece = bytes.slice(from..bytes.len().min(from + PIECE));
        if let Some(moved) = &moved {
            moved.send_replace(sent);
        }
        sent += piece.len() as u64;
        Ok(piece)
    }))
}

/// Follows what moves to the end of the work, or until nothing moves.
async fn watched<T>(
    work: impl Future<Output = Result<T, OciDistributionError>>,
    mut seen: watch::Receiver<u64>,
    at: impl Fn(u64),
) -> Result<T, OciDistributionError> {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            // What was sent last is told before the end is.
            biased;
            moved = tokio::time::timeout(IDLE, seen.changed()) => match moved {
                Ok(Ok(())) => at(*seen.borrow_and_update()),
                // Nobody tells any more: only the end is waited for, which cannot be without a sender.
                Ok(Err(_)) => return work.await,
                Err(_) => {
                    let reason = format!("no progress for {} s", IDLE.as_secs());
                    return Err(OciDistributionError::IoError(io::Error::new(io::ErrorKind::TimedOut, reason)));
                }
            },
            done = &mut work => {
                at(*seen.borrow_and_update());
                return done;
            }
        }
    }
}
