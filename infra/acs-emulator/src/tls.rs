//! The certificate authority behind the https port.

use std::error::Error;
use std::fmt;
use std::net::Ipv6Addr;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde::{Deserialize, Serialize};

/// The names the https port answers to.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// An authority that clients are told to trust, made for one emulated resource.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CertificateAuthority {
    certificate_pem: String,
    key_pem: String,
}

/// A certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[error("a certificate could not be made")]
pub struct TlsError(#[source] Box<dyn Error + Send + Sync>);

impl CertificateAuthority {
    /// Makes an authority.
    ///
    /// # Errors
    /// [`TlsError`] when the machine cannot make a key.
    pub fn generate() -> Result<Self, TlsError> {
        let key = KeyPair::generate().map_err(TlsError::new)?;
        let certificate = authority().self_signed(&key).map_err(TlsError::new)?;
        Ok(Self { certificate_pem: certificate.pem(), key_pem: key.serialize_pem() })
    }

    /// The certificate that clients have to trust, in PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// A TLS server for `localhost`, `127.0.0.1` and `::1`, with a fresh certificate.
    pub(crate) fn server_config(&self) -> Result<ServerConfig, TlsError> {
        let authority_key = KeyPair::from_pem(&self.key_pem).map_err(TlsError::new)?;
        let issuer = Issuer::new(authority(), authority_key);
        let key = KeyPair::generate().map_err(TlsError::new)?;
        let mut leaf = CertificateParams::new(NAMES.map(str::to_owned)).map_err(TlsError::new)?;
        leaf.distinguished_name = name("localhost");
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // Python 3.13 and later refuse a certificate without it.
        leaf.use_authority_key_identifier_extension = true;
        let leaf = leaf.signed_by(&key, &issuer).map_err(TlsError::new)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());

        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::new)?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key.into())
            .map_err(TlsError::new)
    }
}

impl TlsError {
    fn new(source: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(source))
    }
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateAuthority(hidden)")
    }
}

/// The same for every authority: only the key tells them apart.
fn authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name("acs-emulator");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // Whoever gets hold of the key cannot play any other site to who trusts the authority.
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::V4([127, 0, 0, 1], [255; 4])),
            GeneralSubtree::IpAddress(CidrSubnet::V6(Ipv6Addr::LOCALHOST.octets(), [255; 16])),
        ],
        excluded_subtrees: Vec::new(),
    });
    params
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}
