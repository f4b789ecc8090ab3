//! The client against servers that behave as servers do on a bad day.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use acs_broker_http::{HttpClient, SendError};
use bytes::Bytes;
use http::{Request, Uri};
use identity_client::Transport;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A server on a free port of this machine, and how often it was connected to and asked.
struct Server {
    uri: Uri,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// Starts a server that closes each connection after one response, without a word about it.
    async fn closing() -> Self {
        Self::start(1).await
    }

    async fn start(responses_per_connection: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let (connections, requests) = (Arc::default(), Arc::default());
        let server = Self { uri, connections, requests };
        let (connections, requests) =
            (Arc::clone(&server.connections), Arc::clone(&server.requests));
        tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                connections.fetch_add(1, Ordering::Relaxed);
                serve(connection, responses_per_connection, &requests).await;
            }
        });
        server
    }

    fn counts(&self) -> (usize, usize) {
        (self.connections.load(Ordering::Relaxed), self.requests.load(Ordering::Relaxed))
    }
}

async fn serve(mut connection: TcpStream, responses: usize, requests: &AtomicUsize) {
    for _ in 0..responses {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            if connection.read_buf(&mut request).await.unwrap_or(0) == 0 {
                return;
            }
        }
        requests.fetch_add(1, Ordering::Relaxed);
        connection.write_all(RESPONSE).await.unwrap();
    }
}

fn client() -> HttpClient {
    HttpClient::new(identity_client::tls_config(None).unwrap())
}

fn get(uri: &Uri) -> Request<Bytes> {
    Request::get(uri).body(Bytes::new()).unwrap()
}

mod kept_connection {
    use super::*;

    /// The first user after a start waits for no handshake.
    #[tokio::test]
    async fn opened_one_serves_next_request() {
        let server = Server::start(2).await;
        let client = client();
        client.open(server.uri.clone()).await;
        assert_eq!(server.counts(), (1, 1));
        client.send(get(&server.uri), 10).await.unwrap();
        assert_eq!(server.counts(), (1, 2));
    }

    /// A function wakes up with a connection that ACS has closed: the creation that it sends first
    /// arrives, and arrives once.
    #[tokio::test]
    async fn closed_one_is_replaced_unseen() {
        let server = Server::closing().await;
        let client = client();
        for count in 1..=20 {
            let until = Instant::now() + Duration::from_secs(5);
            let response = Transport::send(&client, get(&server.uri), until).await.unwrap();
            assert_eq!(response.body(), "ok");
            assert_eq!(server.counts(), (count, count));
        }
    }
}

mod failure {
    use super::*;

    /// Where nobody listens nothing was sent, and even a creation may be repeated.
    #[tokio::test]
    async fn of_connecting_is_not_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        drop(listener);
        let error = client().send(get(&uri), 10).await.unwrap_err();
        assert!(matches!(error, SendError::NotSent(_)), "{error:?}");
    }

    /// A server that accepts and then says nothing costs a caller two seconds, and nothing was
    /// sent.
    #[tokio::test]
    async fn of_silent_handshake_is_not_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("https://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let started = Instant::now();
        let error = client().send(get(&uri), 10).await.unwrap_err();
        assert!(matches!(error, SendError::NotSent(_)), "{error:?}");
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    }

    /// A response without end does not fill the memory of a function.
    #[tokio::test]
    async fn of_long_response_names_limit() {
        let server = Server::start(1).await;
        let error = client().send(get(&server.uri), 1).await.unwrap_err();
        assert!(matches!(error, SendError::TooLarge(1)), "{error:?}");
    }

    /// A response that breaks off may belong to a request that took effect.
    #[tokio::test]
    async fn of_half_response_is_interrupted() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let _ = connection.read(&mut [0; 1000]).await;
            connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{").await.unwrap();
        });
        let error = client().send(get(&uri), 10).await.unwrap_err();
        assert!(matches!(error, SendError::Interrupted(_)), "{error:?}");
    }
}
