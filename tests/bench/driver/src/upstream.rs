//! The servers that a function calls: the table and ACS, each over TLS and counted.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use acs_emulator::{Emulator, JournalEntry, Resource, Settings};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{HandshakeKind, ServerConfig};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::counts::{Counter, Counts};
use crate::table::Table;
use crate::{AnyError, table};

/// Where distributions keep the certificate authorities that programs trust.
const SYSTEM_ROOTS: [&str; 2] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

pub struct Upstream {
    pub emulator: Arc<Emulator>,
    pub counts: Rc<Counts>,
    pub acs_connection_string: String,
    pub table_url: String,
    /// The servers' certificate authority alone.
    pub ca_file: PathBuf,
    /// The same behind the machine's own, for clients that trust one file.
    pub ca_bundle: PathBuf,
}

impl Upstream {
    /// Starts both servers, with `users` users who have an identity each, and with `due` a
    /// revocation that waits for the sweep.
    pub async fn start(users: usize, due: bool, folder: &Path) -> Result<Self, AnyError> {
        let resource = Resource::generate(None, [None, None])?;
        let emulator = Arc::new(Emulator::new(Settings::for_resource(&resource)?));
        let table = Table::new()?;
        let identity = |number: usize| {
            format!("8:acs:{}_{number:08x}-0000-4000-8000-000000000000", resource.resource_id)
        };
        for number in 0..users {
            let at = Timestamp::now();
            emulator.replay(&JournalEntry::Created { identity: identity(number), at });
        }
        table.add_users((0..users).map(|number| (subject(number), identity(number))), due)?;

        let authority = authority()?;
        let (ca_file, ca_bundle) = (folder.join("ca.pem"), folder.join("bundle.pem"));
        let system = SYSTEM_ROOTS.iter().find_map(|file| std::fs::read_to_string(file).ok());
        std::fs::write(&ca_file, authority.pem())?;
        std::fs::write(&ca_bundle, system.unwrap_or_default() + &authority.pem())?;

        let counts = Rc::new(Counts::default());
        let (acs, counting) = (Arc::clone(&emulator), Rc::clone(&counts));
        let acs_url = serve(server(&authority)?, &counts, move |request| {
            counting.add(Counter::AcsCalls, is_signed(request).into());
            counting.add(Counter::AcsRequestBytes, request_bytes(request));
            acs.handle(request, Timestamp::now()).response
        })
        .await?;
        let counting = Rc::clone(&counts);
        let table_url = serve(server(&authority)?, &counts, move |request| {
            counting.add(Counter::TableCalls, is_signed(request).into());
            counting.add(Counter::HalfReadUnits, table::half_read_units(request));
            table.handle(request)
        })
        .await?;
        let acs_connection_string = emulator.connection_string(&acs_url);
        Ok(Self { emulator, counts, acs_connection_string, table_url, ca_file, ca_bundle })
    }

    /// The environment in which Lambda and an operator put a function, the same for every peer.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let path = |path: &Path| path.display().to_string();
        let text = str::to_owned;
        vec![
            ("ACS_CONNECTION_STRING", self.acs_connection_string.clone()),
            ("AWS_ACCESS_KEY_ID", text(table::CREDENTIALS.key_id)),
            ("AWS_CA_BUNDLE", path(&self.ca_bundle)),
            ("AWS_DEFAULT_REGION", text(table::REGION)),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.table_url.clone()),
            ("AWS_REGION", text(table::REGION)),
            ("AWS_SECRET_ACCESS_KEY", text(table::CREDENTIALS.secret)),
            ("AWS_SESSION_TOKEN", text(table::CREDENTIALS.session_token)),
            ("EXTRA_CA_FILE", path(&self.ca_file)),
            ("NODE_EXTRA_CA_CERTS", path(&self.ca_file)),
            ("REQUESTS_CA_BUNDLE", path(&self.ca_bundle)),
            ("SCOPE_POLICY", text(r#"{"scopes":["chat","voip"]}"#)),
            ("SSL_CERT_FILE", path(&self.ca_bundle)),
            ("TABLE_NAME", text(table::NAME)),
            ("USER_HASH_KEY", text("more than thirty-two characters, for sure")),
        ]
    }
}

/// Returns the `sub` of a user.
pub fn subject(number: usize) -> String {
    format!("auth0|6a11ce{number:018x}")
}

/// Serves `handle` on a free port until the process ends, and returns the URL.
async fn serve(
    tls: Arc<ServerConfig>,
    counts: &Rc<Counts>,
    handle: impl Fn(&Request<Bytes>) -> Response<Bytes> + 'static,
) -> io::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("https://127.0.0.1:{}", listener.local_addr()?.port());
    let (acceptor, counts, handle) = (TlsAcceptor::from(tls), Rc::clone(counts), Rc::new(handle));
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counts.add(Counter::Connections, 1);
            let (acceptor, counts, handle) =
                (acceptor.clone(), Rc::clone(&counts), Rc::clone(&handle));
            tokio::task::spawn_local(async move {
                let _ = stream.set_nodelay(true);
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let kind = match stream.get_ref().1.handshake_kind() {
                    Some(HandshakeKind::Resumed) => Counter::ResumedHandshakes,
                    _ => Counter::FullHandshakes,
                };
                counts.add(kind, 1);
                let service = service_fn(|request: Request<Incoming>| respond(&*handle, request));
                // A client that goes away is no error.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    Ok(url)
}

async fn respond(
    handle: &impl Fn(&Request<Bytes>) -> Response<Bytes>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    Ok(handle(&Request::from_parts(head, body)).map(Full::new))
}

/// Returns the size of a request on its connection, less what TLS adds.
fn request_bytes(request: &Request<Bytes>) -> u64 {
    let line = format!("{} {} HTTP/1.1\r\n", request.method(), request.uri());
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    let total = line.len() + headers.sum::<usize>() + "\r\n".len() + request.body().len();
    u64::try_from(total).unwrap_or(u64::MAX)
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Result<Authority, AnyError> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "bench");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

/// Returns a TLS server for this machine. Each has sessions of its own, as ACS and DynamoDB have.
fn server(authority: &Authority) -> Result<Arc<ServerConfig>, AnyError> {
    let key = KeyPair::generate()?;
    let mut leaf = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()])?;
    // OpenSSL takes a certificate of its issuer's name for self-signed.
    leaf.distinguished_name.push(DnType::CommonName, "127.0.0.1");
    leaf.use_authority_key_identifier_extension = true;
    let leaf = leaf.signed_by(&key, authority)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    let tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)?;
    Ok(Arc::new(tls))
}

/// Returns whether a request asks for something. One without a signature only opens a connection,
/// which is counted as such.
fn is_signed(request: &Request<Bytes>) -> bool {
    request.headers().contains_key("authorization")
}
