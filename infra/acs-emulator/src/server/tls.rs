//! The TLS configuration of the https port.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;

use crate::state::certificate_authority::{
    CertificateAuthority, CertificateError, ServerCertificate,
};

/// A TLS server for `localhost`, `127.0.0.1` and `::1`, with a fresh certificate.
pub(super) fn server_config(
    authority: &CertificateAuthority,
) -> Result<ServerConfig, CertificateError> {
    let ServerCertificate { certificate, key } = authority.sign_server()?;
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(CertificateError::new)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
        .map_err(CertificateError::new)
}
