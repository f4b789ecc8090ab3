//! The gateway over real sockets, byte by byte, and the whole stack.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser as _;
use jiff::Timestamp;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::tests::{Lines, logged_gateway};
use super::*;
use crate::log::LogFormat;
use crate::log::tests::collected;

/// A gateway on a port of its own.
async fn served() -> (SocketAddr, Lines) {
    let (router, lines) = logged_gateway();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (log, _) = collected(LogFormat::Text);
    tokio::spawn(connection::serve(listener, router, log, std::future::pending()));
    (address, lines)
}

/// Sends these bytes and returns all that comes until the gateway closes the connection.
async fn sent(gateway: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(gateway).await.unwrap();
    // The gateway may refuse, and close, before it has read everything.
    let _refused_early = stream.write_all(bytes).await;
    let mut response = Vec::new();
    let _reset = stream.read_to_end(&mut response).await;
    String::from_utf8(response).unwrap()
}

/// A request whose line and headers together have this many bytes.
fn request_of(length: usize) -> String {
    let head = |padding: &str| {
        format!("POST /v1/token HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-pad: {padding}\r\n")
    };
    head(&"x".repeat(length - head("").len())) + "\r\n"
}

mod head {
    use super::*;

    /// Two readers of a request with two hosts could disagree about which one it is for.
    #[tokio::test]
    async fn with_two_hosts_is_refused() {
        let (gateway, lines) = served().await;
        let request = "POST /v1/token HTTP/1.1\r\nHost: a\r\nHost: a\r\nConnection: close\r\n\r\n";
        let response = sent(gateway, request.as_bytes()).await;
        assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
        assert!(response.ends_with(r#"{"message":"Bad Request"}"#), "{response}");
        let line = lines.lock().unwrap().pop().unwrap();
        assert!(line.ends_with("there is more than one Host header"), "{line}");
    }

    /// A developer with many groups in the token learns here what the deployment would do.
    #[tokio::test]
    async fn over_limit_is_refused() {
        let (gateway, lines) = served().await;
        let jwt = "x".repeat(12_000);
        let jwt = format!(
            "POST /v1/token HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
             authorization: Bearer {jwt}\r\n\r\n"
        );
        for request in [request_of(10_241), jwt, request_of(600_000)] {
            let response = sent(gateway, request.as_bytes()).await;
            assert!(response.starts_with("HTTP/1.1 431 "), "{response}");
            let message = r#"{"message":"Request Header Fields Too Large"}"#;
            assert!(response.ends_with(message), "{response}");
        }
        let line = lines.lock().unwrap().remove(0);
        assert!(line.ends_with("have 10241 bytes, more than 10240"), "{line}");
        let response = sent(gateway, request_of(10_240).as_bytes()).await;
        assert!(response.starts_with("HTTP/1.1 401 "), "{response}");
    }

    /// A client that never ends its headers must not hold a connection.
    #[tokio::test(start_paused = true)]
    async fn unfinished_is_closed_after_ten_seconds() {
        let (gateway, _lines) = served().await;
        let begun = Instant::now();
        let response = sent(gateway, b"POST /v1/token HTTP/1.1\r\nHost: a\r\nX-Slow: ").await;
        assert_eq!(response, "");
        let seconds = begun.elapsed().as_secs();
        assert_eq!(seconds, 10);
    }

    /// A client that cannot speak HTTP gets a message, too, as every 400 has one.
    #[tokio::test]
    async fn not_http_gets_a_message() {
        let (gateway, _lines) = served().await;
        for request in [
            "B@D / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /v1/token HTTP/1.1\r\nbad name: x\r\n\r\n",
            "POST /v1/token HTTP/9.9\r\nHost: a\r\n\r\n",
            "POST /v1/token HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
            "POST /v1/token HTTP/1.1\r\nConnection: close\r\n\r\n",
            "POST /v1/token HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
            "POST /v1/% HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "\u{16}\u{3}\u{1}\r\n\r\n",
        ] {
            let response = sent(gateway, request.as_bytes()).await;
            assert!(response.starts_with("HTTP/1.1 400 "), "{request}: {response}");
            assert!(response.contains("content-type: application/json\r\n"), "{response}");
            assert!(response.ends_with(r#"{"message":"Bad Request"}"#), "{request}: {response}");
        }
    }

    /// A page makes many requests over one connection.
    #[tokio::test]
    async fn follows_another_on_one_connection() {
        let (gateway, _lines) = served().await;
        let request = "POST /v1/token HTTP/1.1\r\nHost: a\r\n";
        let both = format!("{request}\r\n{request}Connection: close\r\n\r\n");
        let responses = sent(gateway, both.as_bytes()).await;
        assert_eq!(responses.matches(r#"{"message":"Unauthorized"}"#).count(), 2, "{responses}");
    }
}

mod connection_log {
    use super::*;

    /// Bytes that are not HTTP, such as TLS on the plain port, leave a line.
    #[tokio::test]
    async fn tells_what_is_not_http() {
        let (log, lines) = collected(LogFormat::Text);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = connection::serve(listener, Router::new(), log, std::future::pending());
        let served = tokio::spawn(served);
        sent(address, b"\x16\x03\x01\r\n\r\n").await;
        tokio::time::timeout(Duration::from_secs(10), async {
            while lines.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
        let line = lines.lock().unwrap().pop().unwrap();
        assert!(line.starts_with("22:13:20  refused: the request is not HTTP: "), "{line}");
        served.abort();
    }
}

mod shutdown {
    use super::*;
    use std::sync::Arc;
    use tokio::sync::Notify;

    /// Somebody who stops the stack in the middle of a request does not lose the response.
    #[tokio::test]
    async fn finishes_requests_under_way() {
        let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (begins, gone) = (Arc::clone(&begun), Arc::clone(&go));
        let router = Router::new().fallback(move || async move {
            begins.notify_one();
            gone.notified().await;
            "done"
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (log, _) = collected(LogFormat::Text);
        let served = tokio::spawn(connection::serve(listener, router, log, async {
            let _dropped = stopped.await;
        }));
        let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let response = tokio::spawn(async move { sent(address, request).await });
        begun.notified().await;
        stop.send(()).unwrap();
        // Only when the gateway has begun to stop may the request go on.
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        go.notify_one();
        served.await.unwrap();
        assert!(response.await.unwrap().ends_with("\r\n\r\ndone"));
    }
}

mod whole_stack {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "ACS compares its clock with the signature's")]
    fn now() -> Timestamp {
        Timestamp::now()
    }

    /// What the stack logs in this format when a new user fetches a token and it sweeps.
    async fn logged(format: LogFormat) -> Vec<String> {
        let ports =
            ["--port", "0", "--acs-port", "0", "--acs-https-port", "0", "--table-port", "0"];
        let options = ["local", "--in-memory"].into_iter().chain(ports);
        let (log, lines) = collected(format);
        let host = ProcessEnvironment { environment: &|_| None, clock: now, log: &log };
        let stack = Stack::start(&Options::parse_from(options), host).await.unwrap();
        let http = identity_client::http_client(None).unwrap();
        let post = |path: &str| http.post(format!("{}{path}", stack.ready.gateway));
        let sign_in = post("/dev/sign-in").body(r#"{"subject":"alice"}"#).send().await.unwrap();
        let session: Value = serde_json::from_slice(&sign_in.bytes().await.unwrap()).unwrap();
        let token = session["token"].as_str().unwrap();
        for _ in 0..2 {
            post("/v1/token").bearer_auth(token).send().await.unwrap();
        }
        post("/dev/sweep").send().await.unwrap();
        let event = r#"{"source":"accounts"}"#;
        post("/dev/events").body(event).send().await.unwrap();
        stack.shut_down().await.unwrap();
        lines.lock().unwrap().clone()
    }

    /// A developer reads who got what, one line for each thing that happened.
    #[tokio::test]
    async fn logs_for_people() {
        let lines = logged(LogFormat::Text).await;
        assert_eq!(lines.len(), 4, "{lines:#?}");
        assert!(lines[0].starts_with("22:13:20  POST /v1/token  alice  200  "), "{lines:#?}");
        assert!(lines[0].ends_with(" ms  identity created"), "{lines:#?}");
        assert!(lines[1].ends_with(" ms"), "{lines:#?}");
        assert!(lines[2].starts_with("22:13:20  sweep  "), "{lines:#?}");
        assert!(lines[2].ends_with("nothing was due"), "{lines:#?}");
        assert!(lines[3].starts_with("22:13:20  event  "), "{lines:#?}");
        assert!(lines[3].contains("event rejected; unknown_source: "), "{lines:#?}");
    }

    /// The functions' lines are Lambda's, in which nobody is named.
    #[tokio::test]
    async fn names_nobody_in_json() {
        let lines = logged(LogFormat::Json).await;
        assert_eq!(lines.len(), 4, "{lines:#?}");
        assert!(lines[0].contains(r#""TokenIssued":1"#), "{lines:#?}");
        for line in lines {
            let parsed: Value = serde_json::from_str(&line).unwrap();
            assert!(parsed["_aws"].is_object(), "{line}");
            assert!(!line.contains("alice"), "{line}");
        }
    }
}
