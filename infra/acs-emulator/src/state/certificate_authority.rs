//! The certificate authority of a resource, which signs the certificate of the https port.

use std::error::Error;
use std::fmt;
use std::net::Ipv6Addr;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};

/// The host names of the https port.
const SERVER_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// An authority for clients to trust, made for one emulated resource.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CertificateAuthority {
    certificate_pem: String,
    key_pem: String,
}

/// A certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[error("a certificate could not be made")]
pub struct CertificateError(#[source] Box<dyn Error + Send + Sync>);

/// A server's certificate and its private key.
pub(crate) struct ServerCertificate {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: PrivatePkcs8KeyDer<'static>,
}

impl CertificateAuthority {
    /// Makes an authority.
    ///
    /// # Errors
    /// [`CertificateError`] when the machine cannot make a key.
    pub fn generate() -> Result<Self, CertificateError> {
        let key = KeyPair::generate().map_err(CertificateError::new)?;
        let certificate = authority().self_signed(&key).map_err(CertificateError::new)?;
        Ok(Self { certificate_pem: certificate.pem(), key_pem: key.serialize_pem() })
    }

    /// The certificate that clients have to trust, in PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Signs a fresh certificate for `localhost`, `127.0.0.1` and `::1`.
    pub(crate) fn sign_server(&self) -> Result<ServerCertificate, CertificateError> {
        let authority_key = KeyPair::from_pem(&self.key_pem).map_err(CertificateError::new)?;
        let issuer = Issuer::new(authority(), authority_key);
        let key = KeyPair::generate().map_err(CertificateError::new)?;
        let names = SERVER_NAMES.map(str::to_owned);
        let mut leaf = CertificateParams::new(names).map_err(CertificateError::new)?;
        leaf.distinguished_name = name("localhost");
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // Python 3.13 and later refuse a certificate without it.
        leaf.use_authority_key_identifier_extension = true;
        let leaf = leaf.signed_by(&key, &issuer).map_err(CertificateError::new)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok(ServerCertificate { certificate: leaf.der().clone(), key })
    }
}

impl CertificateError {
    pub(crate) fn new(source: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(source))
    }
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateAuthority(hidden)")
    }
}

/// The parameters of every authority. Only the key differs from one to the next.
fn authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name("acs-emulator");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // A stolen key must not be enough to impersonate other sites to clients that trust it.
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
