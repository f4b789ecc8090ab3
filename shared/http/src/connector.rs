//! How a connection is made: name look-up, TCP and TLS within one time limit.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::ClientConfig;
use tokio::time::timeout;
use tower_service::Service;

/// As for the other client.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Makes connections.
#[derive(Clone, Debug)]
pub(crate) struct Connector(HttpsConnector<HttpConnector>);

type Stream = <HttpsConnector<HttpConnector> as Service<Uri>>::Response;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Connector {
    pub(crate) fn new(tls: ClientConfig) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
        Self(https.enable_http1().wrap_connector(tcp))
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let connected = timeout(CONNECT_TIMEOUT, self.0.call(server));
        Box::pin(async move {
            connected.await.map_err(|elapsed| io::Error::new(io::ErrorKind::TimedOut, elapsed))?
        })
    }
}
