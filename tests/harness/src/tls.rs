//! A TLS server's side with a certificate for `localhost`, made for one test.

use std::sync::Arc;

use anyhow::anyhow;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;

/// A server configuration, and the certificate authority that vouches for it, as PEM.
///
/// # Errors
///
/// When a key or certificate cannot be made.
pub fn tls_server() -> anyhow::Result<(ServerConfig, String)> {
    let (key, mut authority) = (KeyPair::generate()?, CertificateParams::new(Vec::new())?);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&key)?.pem();
    let (own, issuer) = (KeyPair::generate()?, Issuer::new(authority, key));
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&own, &issuer)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            own.serialize_der().try_into().map_err(|error: &str| anyhow!(error))?,
        )?;
    Ok((config, pem))
}
