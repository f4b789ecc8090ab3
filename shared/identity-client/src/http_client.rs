//! HTTP over the network.

use std::{error::Error, mem, pin::Pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio::time::{Instant, timeout_at};

use crate::{ConnectionStringError, Transport, TransportError};

/// Longest time to reach a server, name look-up and TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Largest answer that is read, in bytes. The largest that ACS gives, a token, has about two thousand.
const MAX_BODY: usize = 64 * 1024;

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The connection string is wrong.
    #[error("the connection string cannot be used")]
    ConnectionString(#[from] ConnectionStringError),
    /// The additional root certificates are no PEM, or none is in it.
    #[error("the additional root certificates cannot be used")]
    ExtraRoots(#[source] Box<dyn Error + Send + Sync>),
    /// The HTTP client could not be made.
    #[error("the HTTP client cannot be made")]
    HttpClient(#[source] Box<dyn Error + Send + Sync>),
}

/// Makes an HTTP client as the calls of a short-lived function need it: TLS by rustls and ring, trust in
/// Mozilla's roots (compiled in: no certificate directory is read at start) and those in
/// `extra_roots_pem`, HTTP/1.1 with connections kept for the next call, 2 seconds to connect, and
/// neither redirects nor proxies nor repeats of its own.
///
/// It has no timeout for a whole request; whoever sends one gives it a deadline.
///
/// # Errors
/// When `extra_roots_pem` holds no certificate or a broken one, or TLS cannot be set up.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place where an HTTP client is built"
)]
pub fn http_client(extra_roots_pem: Option<&[u8]>) -> Result<reqwest::Client, BuildError> {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    if let Some(pem) = extra_roots_pem {
        add_roots(&mut roots, pem).map_err(BuildError::ExtraRoots)?;
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| BuildError::HttpClient(error.into()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .build()
        .map_err(|error| BuildError::HttpClient(error.into()))
}

fn add_roots(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), Box<dyn Error + Send + Sync>> {
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate?)?;
    }
    if roots.len() == before { Err("there is no certificate in it".into()) } else { Ok(()) }
}

/// Carries requests over the network. Of an answer, at most 64 KiB are read.
#[derive(Clone, Debug)]
pub struct ReqwestTransport(reqwest::Client);

impl ReqwestTransport {
    /// Sends with `client`, best one made by [`http_client`].
    #[must_use]
    pub fn new(client: reqwest::Client) -> Self {
        Self(client)
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let request = reqwest::Request::try_from(request).map_err(failure)?;
        let mut response = self.0.execute(request).await.map_err(failure)?;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(TransportError::too_large(MAX_BODY));
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = Response::new(body.freeze());
        *answer.status_mut() = response.status();
        *answer.headers_mut() = mem::take(response.headers_mut());
        Ok(answer)
    }
}

impl Transport for ReqwestTransport {
    fn send(
        &self,
        request: Request<Bytes>,
        until: Instant,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + '_>> {
        Box::pin(async move {
            timeout_at(until, self.exchange(request)).await.map_err(TransportError::interrupted)?
        })
    }
}

fn failure(error: reqwest::Error) -> TransportError {
    let not_sent = error.is_connect() || error.is_builder();
    let error = error.without_url(); // it has the identity's id in it
    if not_sent { TransportError::not_sent(error) } else { TransportError::interrupted(error) }
}

#[cfg(test)]
mod tests {
    use std::{error::Error as _, net::SocketAddr};

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
        task::JoinHandle,
    };

    use super::*;
    use crate::{AccessKey, Deadline, Endpoint, IdentityClient, Options};

    /// Takes one connection, reads a request without a body from it, writes `answer` and closes it.
    /// Returns what it read.
    async fn serve(listener: &TcpListener, answer: &str) -> String {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"\r\n\r\n") {
            read.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(read).unwrap()
    }

    /// A server that answers `connections` times.
    async fn server(connections: usize, answer: String) -> (SocketAddr, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = tokio::spawn(async move {
            let mut read = Vec::new();
            while read.len() < connections {
                read.push(serve(&listener, &answer).await);
            }
            read
        });
        (address, served)
    }

    fn client(address: SocketAddr) -> IdentityClient {
        let endpoint = Endpoint::insecure(&format!("http://{address}/")).unwrap();
        let key: AccessKey = "c2VjcmV0LXNlY3JldA==".parse().unwrap();
        let transport = Arc::new(ReqwestTransport::new(http_client(None).unwrap()));
        IdentityClient::new(endpoint, key, transport, Options::default())
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

    async fn answer_to_get(answer: String) -> Result<Response<Bytes>, TransportError> {
        let (address, served) = server(1, answer).await;
        let answer = get(address, soon()).await;
        served.abort();
        answer
    }

    #[tokio::test]
    async fn what_reaches_the_wire_is_what_was_signed() {
        let (address, served) = server(1, "HTTP/1.1 204 No Content\r\n\r\n".to_owned()).await;
        client(address).revoke_tokens(&"8:acs:a_b".parse().unwrap(), &deadline()).await.unwrap();

        let read = served.await.unwrap().remove(0);
        let lines: Vec<&str> = read.trim_end().split("\r\n").collect();
        assert_eq!(
            lines[0],
            "POST /identities/8%3Aacs%3Aa_b/:revokeAccessTokens?api-version=2023-10-01 HTTP/1.1"
        );
        let host = format!("host: {address}");
        for line in [host.as_str(), "content-length: 0", "x-ms-date: Mon, 23 Nov 2026 12:00:00 GMT"]
        {
            assert_eq!(lines.iter().filter(|other| **other == line).count(), 1, "{line} in {read}");
        }
    }

    #[tokio::test]
    async fn an_answer_is_read_to_its_limit_and_no_further() {
        let answer = |length: usize| {
            format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{}", "a".repeat(length))
        };
        let whole = answer_to_get(answer(MAX_BODY)).await.unwrap();
        assert_eq!(whole.body().len(), MAX_BODY);
        assert!(answer_to_get(answer(MAX_BODY + 1)).await.unwrap_err().is_too_large());
        // Without a length, an answer ends where the connection does.
        let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "a".repeat(MAX_BODY + 1));
        assert!(answer_to_get(endless).await.unwrap_err().is_too_large());
    }

    #[tokio::test]
    async fn a_truncated_answer_is_an_interruption() {
        for answer in ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"] {
            let error = answer_to_get(answer.to_owned()).await.unwrap_err();
            assert!(!error.is_not_sent() && !error.is_too_large(), "{error:?}");
            assert!(!format!("{error:?}").contains("secret-path"), "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_kept_connection_that_has_died_does_not_cost_the_next_call() {
        let (address, served) = server(2, "HTTP/1.1 204 No Content\r\n\r\n".to_owned()).await;
        let (client, user) = (client(address), "8:acs:a_b".parse().unwrap());
        client.revoke_tokens(&user, &deadline()).await.unwrap();
        client.delete_user(&user, &deadline()).await.unwrap();
        assert_eq!(served.await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_refused_connection_means_that_nothing_was_sent() {
        let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let error = get(address, soon()).await.unwrap_err();
        assert!(error.is_not_sent(), "{error:?}");
        let shown = format!("{error} {error:?} {}", error.source().unwrap());
        assert!(!shown.contains("secret-path"), "{shown}");
    }

    #[tokio::test]
    async fn a_silent_server_is_given_up_in_time() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let until = Instant::now() + Duration::from_millis(50);
        let error = get(listener.local_addr().unwrap(), until).await.unwrap_err();
        assert!(!error.is_not_sent(), "{error:?}");
        assert!(until.elapsed() < Duration::from_secs(5), "{:?} late", until.elapsed());
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let redirect = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
        let answer = answer_to_get(redirect.to_owned()).await.unwrap();
        assert_eq!(answer.status(), 302);
    }

    #[test]
    fn root_certificates_that_are_none_are_refused() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for pem in ["", "no pem", broken] {
            let error = http_client(Some(pem.as_bytes())).unwrap_err();
            assert!(matches!(error, BuildError::ExtraRoots(_)), "{error:?}");
        }
    }
}
