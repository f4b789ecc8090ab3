//! What the proxies of the tests share: a server that ends when it is dropped, and a call passed on.

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server of a proxy. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct ProxyServer(JoinHandle<()>);

/// The server that calls are passed on to.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    http: reqwest::Client,
    url: String,
}

impl ProxyServer {
    /// Serves at a free port, and returns its address.
    pub(crate) async fn start(router: Router) -> (String, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let server = tokio::spawn(async move {
            let _ended = axum::serve(listener, router).await;
        });
        (url, Self(server))
    }
}

impl Drop for ProxyServer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Upstream {
    /// The server at `url`, which has no trailing slash, and may start later.
    pub(crate) fn new(url: &str) -> Self {
        let http = identity_client::http_client(None).expect("an HTTP client");
        Self { http, url: url.to_owned() }
    }

    /// Passes a call on, and returns the response.
    pub(crate) async fn pass(
        &self,
        method: Method,
        uri: Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> Response {
        let url = format!("{}{uri}", self.url);
        // The headers stay as they are: the signature covers the host.
        let sent = self.http.request(method, url).headers(headers).body(body).send().await;
        let Ok(response) = sent else { return StatusCode::BAD_GATEWAY.into_response() };
        let (status, mut headers) = (response.status(), response.headers().clone());
        headers.remove("transfer-encoding");
        let Ok(body) = response.bytes().await else {
            return StatusCode::BAD_GATEWAY.into_response();
        };
        (status, headers, body).into_response()
    }
}
