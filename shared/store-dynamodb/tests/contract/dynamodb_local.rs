//! The contract, asked of `DynamoStore` at Amazon's own `DynamoDB Local`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use std::{process, thread};

use acs_broker_store_dynamodb::DynamoStore;

use crate::dynamo::new_table_at;

crate::suite::contract!(new_table);

/// A Java machine takes seconds to start and to warm up, more on a busy computer.
const LONGEST_START: Duration = Duration::from_mins(1);

/// Runs the program given as arguments until standard input closes. The system closes it when the
/// tests' process ends, however it ends; a static has no drop that could do it.
const UNTIL_INPUT_CLOSES: &str = r#""$@" >/dev/null 2>&1 & read -r _; kill "$!""#;

struct Server {
    url: String,
    /// Holds standard input open.
    _process: Child,
}

/// A table of its own at the one server that all tests share.
async fn new_table() -> Arc<DynamoStore> {
    static SERVER: OnceLock<Server> = OnceLock::new();
    static TABLES: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(start);
    let name = format!("users-{}", TABLES.fetch_add(1, Ordering::Relaxed));
    new_table_at(&server.url, &name).await
}

fn start() -> Server {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/dynamodb-local");
    let java = tools.join("java");
    let emulator = tools.join("package/emulator");
    assert!(
        java.exists() && emulator.join("DynamoDBLocal.jar").exists(),
        "DynamoDB Local is not installed: run make tools"
    );
    let port = free_port();
    let process = Command::new("sh")
        .args(["-c", UNTIL_INPUT_CLOSES, "sh"])
        .arg(java)
        .args(["-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"])
        .args(["-inMemory", "-sharedDb", "-disableTelemetry", "-port", &port.to_string()])
        .current_dir(emulator)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until_open(port);
    make_first_table(port);
    Server { url: format!("http://127.0.0.1:{port}"), _process: process }
}

/// The server refuses port 0. Below 32768 lies what the system does not hand out by itself, so the
/// port stays free until the server takes it.
fn free_port() -> u16 {
    let first = 20_000 + u16::try_from(process::id() % 10_000).unwrap();
    (first..32_768).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

/// The server says nothing when it is ready.
fn wait_until_open(port: u16) {
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(started.elapsed() < LONGEST_START, "DynamoDB Local does not start");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The server loads half of itself when it makes its first table, which takes it longer than a client
/// waits that is made for a table in service.
fn make_first_table(port: u16) {
    let body = r#"{"TableName":"first","BillingMode":"PAY_PER_REQUEST",
        "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],
        "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]}"#;
    let head = [
        "POST / HTTP/1.1",
        "host: 127.0.0.1",
        "connection: close",
        "content-type: application/x-amz-json-1.0",
        "x-amz-target: DynamoDB_20120810.CreateTable",
        "authorization: AWS4-HMAC-SHA256 Credential=test/20000101/eu-central-1/dynamodb/aws4_request, \
         SignedHeaders=host, Signature=unchecked",
        &format!("content-length: {}", body.len()),
    ];
    let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    connection.set_read_timeout(Some(LONGEST_START)).unwrap();
    connection.write_all(format!("{}\r\n\r\n{body}", head.join("\r\n")).as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
