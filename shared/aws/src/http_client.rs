//! The AWS SDK's HTTP seam over `reqwest`, so that a process has one HTTP and TLS stack.

use std::mem;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use thiserror::Error;

/// The longest responses are DynamoDB's: a page of a query holds at most 1 MB of items, and its JSON
/// is somewhat longer.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html>
const MAX_RESPONSE_BYTES: usize = 2 * 1024 * 1024;

#[derive(Debug, Error)]
#[error("the response is longer than {MAX_RESPONSE_BYTES} bytes")]
struct TooLongError;

#[derive(Debug, Error)]
#[error("the request's body is a stream")]
struct StreamingError;

#[derive(Debug)]
struct Connector(reqwest::Client);

/// Returns the SDK's view of `client`, whose connections it shares. The SDK's connect and read
/// timeouts are not passed on: `client` has its own for connecting, and the SDK ends attempts by
/// itself.
#[must_use]
pub fn http_client(client: reqwest::Client) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Connector(client));
    http_client_fn(move |_, _| connector.clone())
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(send(self.0.clone(), request))
    }
}

async fn send(
    client: reqwest::Client,
    request: HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let mut reply = client.execute(outgoing(request)?).await.map_err(failure)?;
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(failure)? {
        if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
            return Err(ConnectorError::other(TooLongError.into(), None));
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = http::Response::new(body.into());
    *response.status_mut() = reply.status();
    *response.headers_mut() = mem::take(reply.headers_mut());
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
}

fn outgoing(request: HttpRequest) -> Result<reqwest::Request, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let body = body.bytes().ok_or_else(|| ConnectorError::user(StreamingError.into()))?.to_vec();
    http::Request::from_parts(parts, body).try_into().map_err(failure)
}

/// Returns a failure as the SDK's retries understand it: they repeat what timed out or broke, not what is malformed.
fn failure(error: reqwest::Error) -> ConnectorError {
    let error = error.without_url();
    if error.is_timeout() {
        ConnectorError::timeout(error.into())
    } else if error.is_builder() {
        ConnectorError::user(error.into())
    } else if error.is_connect() {
        ConnectorError::io(error.into()).never_connected()
    } else {
        ConnectorError::io(error.into())
    }
}
