//! The server over real sockets, and the command.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use acs_emulator::{
    AccessKey, CertificateAuthority, Emulator, Https, Running, ServeOptions, Settings, serve,
};
use http::Request;
use jiff::Timestamp;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{GA, signed};

const ANY_PORT: &str = "127.0.0.1:0";

async fn start() -> (Running, SocketAddr, AccessKey) {
    let settings = Settings::simulated(1);
    let key = settings.access_keys[0].clone();
    let http = Some(ANY_PORT.parse().unwrap());
    let options = ServeOptions { http, ..ServeOptions::default() };
    let running = serve(Arc::new(Emulator::new(settings)), options).await.unwrap();
    let address = running.http().unwrap();
    (running, address, key)
}

/// Sends text and returns everything that comes until the connection closes.
fn exchange(mut stream: impl Read + Write, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = Vec::new();
    // A connection that breaks off still leaves the bytes it has sent.
    let _ = stream.read_to_end(&mut response);
    String::from_utf8(response).unwrap()
}

fn control(address: SocketAddr, method: &str, path: &str, body: &Value) -> String {
    let body = body.to_string();
    let length = body.len();
    let head =
        format!("{method} /_emulator/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    let request = format!("{head}Content-Length: {length}\r\n\r\n{body}");
    exchange(TcpStream::connect(address).unwrap(), &request)
}

/// The bytes of a request, signed for this moment.
fn on_the_wire(key: &AccessKey, target: &str, body: &str, host: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "the server reads the same clock")]
    let now = Timestamp::now();
    let request: Request<_> = signed(key, "POST", target, body, host, now);
    let headers = request.headers().iter();
    let headers: Vec<String> =
        headers.map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap())).collect();
    let (headers, length) = (headers.concat(), body.len());
    let head = format!("POST {target} HTTP/1.1\r\nConnection: close\r\n{headers}");
    format!("{head}Content-Length: {length}\r\n\r\n{body}")
}

fn create(address: SocketAddr, key: &AccessKey, host: &str) -> String {
    let target = format!("/identities?api-version={GA}");
    let body = json!({ "createTokenWithScopes": ["chat"] }).to_string();
    exchange(TcpStream::connect(address).unwrap(), &on_the_wire(key, &target, &body, host))
}

fn length_and_body(response: &str) -> (usize, &str) {
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    (length.parse().unwrap(), body)
}

/// A host that is not an authority is taken literally.
#[tokio::test(flavor = "multi_thread")]
async fn invalid_host_is_taken_literally() {
    let (running, address, key) = start().await;

    let response = create(address, &key, "localhost:29280:29280");

    assert!(response.starts_with("HTTP/1.1 201 Created\r\n"), "{response}");
    let (length, body) = length_and_body(&response);
    assert_eq!(length, body.len());
    running.shut_down().await.unwrap();
}

/// A dropped response closes the connection without a byte.
#[tokio::test(flavor = "multi_thread")]
async fn dropped_response_sends_nothing() {
    let (running, address, key) = start().await;
    let fault = json!({ "effect": { "drop": true, "when": "afterEffect" }, "times": 1 });
    assert!(control(address, "POST", "faults", &fault).starts_with("HTTP/1.1 204"));

    assert_eq!(create(address, &key, "localhost"), "");

    let identities = control(address, "GET", "identities", &json!(null));
    assert!(identities.contains("8:acs:"), "it took effect all the same: {identities}");
    running.shut_down().await.unwrap();
}

/// A truncated response announces its full length and sends less.
#[tokio::test(flavor = "multi_thread")]
async fn truncated_response_stops_early() {
    let (running, address, key) = start().await;
    for keep in [0, 20] {
        let fault = json!({ "effect": { "truncate": keep }, "times": 1 });
        control(address, "POST", "faults", &fault);

        let response = create(address, &key, "localhost");

        assert!(response.starts_with("HTTP/1.1 201 Created\r\n"), "{response}");
        let (length, body) = length_and_body(&response);
        assert_eq!(body.len(), keep);
        assert!(length > 20);
    }
    running.shut_down().await.unwrap();
}

/// Only clients that trust the authority connect over https.
#[tokio::test(flavor = "multi_thread")]
async fn https_needs_trust_in_authority() {
    let folder = TempDir::new().unwrap();
    let ca_file = folder.path().join("ca.pem");
    let authority = CertificateAuthority::generate().unwrap();
    let https = Https { address: ANY_PORT.parse().unwrap(), authority, ca_file: ca_file.clone() };
    let options = ServeOptions { https: Some(https), ..ServeOptions::default() };
    let emulator = Arc::new(Emulator::new(Settings::simulated(1)));
    let running = serve(emulator, options).await.unwrap();
    let address = running.https().unwrap();
    let health = "GET /_emulator/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let trusted = CertificateDer::from_pem_file(&ca_file).unwrap();
    let stranger = CertificateAuthority::generate().unwrap();
    let stranger = CertificateDer::from_pem_slice(stranger.certificate_pem().as_bytes()).unwrap();

    for name in ["localhost", "127.0.0.1"] {
        let response = exchange(tls(address, name, trusted.clone()), health);
        assert!(response.ends_with(r#"{"status":"ok"}"#), "{response}");
    }
    assert!(tls(address, "localhost", stranger).write_all(health.as_bytes()).is_err());
    running.shut_down().await.unwrap();
}

fn tls(
    address: SocketAddr,
    name: &'static str,
    root: CertificateDer<'static>,
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    StreamOwned::new(connection, TcpStream::connect(address).unwrap())
}

/// The command, killed when dropped.
struct Process {
    child: Child,
    ready: Value,
}

impl Process {
    fn start(state: &Path) -> Self {
        Self::start_with(&mut Command::new(env!("CARGO_BIN_EXE_acs-emulator")), state)
    }

    fn start_with(command: &mut Command, state: &Path) -> Self {
        let mut child = command
            .args(["--http", ANY_PORT, "--https", ANY_PORT, "--json", "--state"])
            .arg(state)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, ready: serde_json::from_str(&line).unwrap() }
    }

    fn address(&self) -> SocketAddr {
        self.ready["http"].as_str().unwrap().strip_prefix("http://").unwrap().parse().unwrap()
    }

    fn key(&self) -> AccessKey {
        let connection = self.ready["connectionStrings"]["http"].as_str().unwrap();
        connection.split_once("accesskey=").unwrap().1.parse().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A killed emulator starts again with its key, its authority and its tokens.
#[test]
fn killed_emulator_keeps_its_state() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("state.jsonl");
    let first = Process::start(&state);
    let key = first.key();
    let response = create(first.address(), &key, "localhost");
    let body: Value = serde_json::from_str(length_and_body(&response).1).unwrap();
    let ca_file = first.ready["caFile"].as_str().unwrap().to_owned();
    let authority = std::fs::read(&ca_file).unwrap();
    drop(first);

    let second = Process::start(&state);

    let token = &body["accessToken"]["token"];
    let found = control(second.address(), "POST", "introspect", &json!({ "token": token }));
    assert!(found.contains(r#""active":true"#), "{found}");
    assert!(create(second.address(), &key, "localhost").starts_with("HTTP/1.1 201"));
    assert_eq!(std::fs::read(&ca_file).unwrap(), authority);
    assert_eq!(Path::new(&ca_file), folder.path().join("acs-emulator-ca.pem"));
}

/// On a full disk, clients get success for recorded changes only.
#[cfg(target_os = "linux")]
#[test]
fn full_disk_confirms_recorded_changes_only() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("state.jsonl");
    let mut limited = Command::new("sh");
    let emulator = env!("CARGO_BIN_EXE_acs-emulator");
    // The shell counts blocks of 512 or 1024 bytes. The file's first line fits either way.
    limited.args(["-c", "ulimit -f 20; trap '' XFSZ; exec \"$@\"", "sh", emulator]);
    let first = Process::start_with(&mut limited, &state);
    let (address, key) = (first.address(), first.key());
    let is_created = |response: &String| response.starts_with("HTTP/1.1 201");
    let created = std::iter::repeat_with(|| create(address, &key, "localhost"));
    let created = created.take_while(is_created).take(1000).count();
    assert!((1..1000).contains(&created), "{created}");
    let identities = control(address, "GET", "identities", &json!(null));
    assert_eq!(identities.matches("8:acs:").count(), created);
    assert!(std::fs::read(&state).unwrap().ends_with(b"}\n"), "a partial line stays");
    drop(first);

    let second = Process::start(&state);

    let body = |response: &str| length_and_body(response).1.to_owned();
    let kept = control(second.address(), "GET", "identities", &json!(null));
    assert_eq!(body(&kept), body(&identities));
}

/// A file or a port that cannot be used is named with its option.
#[test]
fn unusable_option_is_named() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("diary.txt");
    std::fs::write(&state, "dear diary").unwrap();
    let taken = TcpListener::bind(ANY_PORT).unwrap();
    let port = taken.local_addr().unwrap().to_string();
    for (args, named) in [
        (["--http", &port], format!("--http {port}")),
        (["--https", &port], format!("--https {port}")),
        (["--state", state.to_str().unwrap()], state.display().to_string()),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_acs-emulator"));
        command.args(args).arg("--ca-file").arg(folder.path().join("ca.pem"));
        if args[0] == "--state" {
            command.args(["--http", ANY_PORT]);
        }
        let output = command.output().unwrap();
        assert!(!output.status.success());
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains(&named), "{errors}");
    }
}

/// A terminated emulator ends with success.
#[cfg(unix)]
#[test]
fn terminated_emulator_ends_with_success() {
    let folder = TempDir::new().unwrap();
    let mut process = Process::start(&folder.path().join("state.jsonl"));

    let id = process.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());

    assert!(process.child.wait().unwrap().success());
}
