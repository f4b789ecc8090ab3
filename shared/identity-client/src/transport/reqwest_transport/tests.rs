//! The transport against a server that reads and writes raw HTTP.

use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use crate::client::IdentityClient;
use crate::credentials::access_key::AccessKey;
use crate::deadline::Deadline;
use crate::models::endpoint::Endpoint;
use crate::pipeline::options::ClientOptions;
use crate::transport::http_client::http_client;

/// Accepts one connection, reads a request without a body from it, writes `response` and closes
/// it. Returns what it read.
async fn serve(listener: &TcpListener, response: &str) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(stream.read_u8().await.unwrap());
    }
    stream.write_all(response.as_bytes()).await.unwrap();
    String::from_utf8(read).unwrap()
}

/// Starts a server that responds `connections` times.
async fn server(connections: usize, response: String) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let mut read = Vec::new();
        while read.len() < connections {
            read.push(serve(&listener, &response).await);
        }
        read
    });
    (address, served)
}

fn client(address: SocketAddr) -> IdentityClient {
    let endpoint = Endpoint::insecure(&format!("http://{address}/")).unwrap();
    let key: AccessKey = "c2VjcmV0LXNlY3JldA==".parse().unwrap();
    let transport = Arc::new(ReqwestTransport::new(http_client(None).unwrap()));
    IdentityClient::new(endpoint, key, transport, ClientOptions::default())
}

fn deadline() -> Deadline {
    Deadline::new("2026-11-23T12:00:00Z".parse().unwrap(), Duration::from_secs(10))
}

async fn get(address: SocketAddr, until: Instant) -> Result<Response<Bytes>, TransportError> {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = format!("http://{address}/secret-path").parse().unwrap();
    ReqwestTransport::new(http_client(None).unwrap()).send(request, until).await
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

async fn response_to_get(response: String) -> Result<Response<Bytes>, TransportError> {
    let (address, served) = server(1, response).await;
    let response = get(address, soon()).await;
    served.abort();
    response
}

/// The request that reaches the wire is the one that was signed.
#[tokio::test]
async fn signed_request_reaches_the_wire() {
    let (address, served) = server(1, "HTTP/1.1 204 No Content\r\n\r\n".to_owned()).await;
    client(address).revoke_tokens(&"8:acs:a_b".parse().unwrap(), &deadline()).await.unwrap();

    let read = served.await.unwrap().remove(0);
    let lines: Vec<&str> = read.trim_end().split("\r\n").collect();
    assert_eq!(
        lines[0],
        "POST /identities/8%3Aacs%3Aa_b/:revokeAccessTokens?api-version=2023-10-01 HTTP/1.1"
    );
    let host = format!("host: {address}");
    for line in [host.as_str(), "content-length: 0", "x-ms-date: Mon, 23 Nov 2026 12:00:00 GMT"] {
        assert_eq!(lines.iter().filter(|other| **other == line).count(), 1, "{line} in {read}");
    }
}

/// A response is read to the limit and no further.
#[tokio::test]
async fn response_is_read_to_limit() {
    let response = |length: usize| {
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{}", "a".repeat(length))
    };
    let whole = response_to_get(response(MAX_BODY_BYTES)).await.unwrap();
    assert_eq!(whole.body().len(), MAX_BODY_BYTES);
    assert!(response_to_get(response(MAX_BODY_BYTES + 1)).await.unwrap_err().is_too_large());
    // Without a length, a response ends where the connection does.
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "a".repeat(MAX_BODY_BYTES + 1));
    assert!(response_to_get(endless).await.unwrap_err().is_too_large());
}

/// A truncated response is an interruption.
#[tokio::test]
async fn truncated_response_is_an_interruption() {
    for response in ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"] {
        let error = response_to_get(response.to_owned()).await.unwrap_err();
        assert!(!error.is_not_sent() && !error.is_too_large(), "{error:?}");
        assert!(!format!("{error:?}").contains("secret-path"), "{error:?}");
    }
}

/// A kept connection that has died does not fail the next call.
#[tokio::test]
async fn dead_connection_does_not_fail_call() {
    let (address, served) = server(2, "HTTP/1.1 204 No Content\r\n\r\n".to_owned()).await;
    let (client, user) = (client(address), "8:acs:a_b".parse().unwrap());
    client.revoke_tokens(&user, &deadline()).await.unwrap();
    client.delete_user(&user, &deadline()).await.unwrap();
    assert_eq!(served.await.unwrap().len(), 2);
}

/// A refused connection means that nothing was sent.
#[tokio::test]
async fn refused_connection_sends_nothing() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = get(address, soon()).await.unwrap_err();
    assert!(error.is_not_sent(), "{error:?}");
    let shown = format!("{error} {error:?} {}", error.source().unwrap());
    assert!(!shown.contains("secret-path"), "{shown}");
}

/// The transport gives up on a silent server in time.
#[tokio::test]
async fn silent_server_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let until = Instant::now() + Duration::from_millis(50);
    let error = get(listener.local_addr().unwrap(), until).await.unwrap_err();
    assert!(!error.is_not_sent(), "{error:?}");
    assert!(until.elapsed() < Duration::from_secs(5), "{:?} late", until.elapsed());
}

/// A redirect is a response like another one, and is not followed.
#[tokio::test]
async fn redirect_is_not_followed() {
    let redirect = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
    let response = response_to_get(redirect.to_owned()).await.unwrap();
    assert_eq!(response.status(), 302);
}
