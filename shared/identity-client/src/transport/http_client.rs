//! The HTTP client for calls over the network: its TLS, its roots of trust and its timeouts.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::credentials::connection_string::ConnectionStringError;

/// The longest time to reach a server, name look-up and TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Why a client could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The connection string is wrong.
    #[error("the connection string cannot be used")]
    ConnectionString(#[from] ConnectionStringError),
    /// The additional root certificates are not PEM, or contain no certificate.
    #[error("the additional root certificates cannot be used")]
    ExtraRoots(#[source] Box<dyn Error + Send + Sync>),
    /// The HTTP client could not be built.
    #[error("the HTTP client cannot be built")]
    HttpClient(#[source] Box<dyn Error + Send + Sync>),
}

/// Builds an HTTP client as the calls of a short-lived function need it: TLS by rustls and ring,
/// trust in Mozilla's roots (compiled in: no certificate directory is read at start) and those in
/// `extra_roots_pem`, HTTP/1.1 with connections kept for the next call, 2 seconds to connect, and
/// neither redirects nor proxies nor retries of its own.
///
/// The client has no timeout for a whole request: each caller sets a deadline.
///
/// # Errors
/// When `extra_roots_pem` contains no certificate or a broken one, or TLS cannot be set up.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place where an HTTP client is built"
)]
pub fn http_client(extra_roots_pem: Option<&[u8]>) -> Result<reqwest::Client, BuildError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls_config(extra_roots_pem)?)
        .http1_only()
        // A redirect would carry the signature to another host.
        .redirect(reqwest::redirect::Policy::none())
        // The pipeline decides about each attempt: a creation must not be repeated unseen.
        .retry(reqwest::retry::never())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .build()
        .map_err(|error| BuildError::HttpClient(error.into()))
}

/// Returns the TLS of [`http_client`], for a client of another kind.
///
/// # Errors
/// As for [`http_client`].
pub fn tls_config(extra_roots_pem: Option<&[u8]>) -> Result<ClientConfig, BuildError> {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    if let Some(pem) = extra_roots_pem {
        add_roots(&mut roots, pem).map_err(BuildError::ExtraRoots)?;
    }
    let provider = Arc::new(ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| BuildError::HttpClient(error.into()))?;
    Ok(tls.with_root_certificates(roots).with_no_client_auth())
}

fn add_roots(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), Box<dyn Error + Send + Sync>> {
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate?)?;
    }
    if roots.len() == before { Err("there is no certificate in it".into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Additional roots that contain no certificate, or a broken one, are refused.
    #[test]
    fn unusable_extra_roots_are_refused() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for pem in ["", "no pem", broken] {
            let error = http_client(Some(pem.as_bytes())).unwrap_err();
            assert!(matches!(error, BuildError::ExtraRoots(_)), "{error:?}");
        }
    }
}
