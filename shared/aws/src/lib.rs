//! The AWS SDK's HTTP seam over `reqwest`, so that a process has one HTTP and TLS stack.

use std::mem;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use thiserror::Error;

/// The longest answers are DynamoDB's: a page of a query holds at most 1 MB of items; its JSON is somewhat longer.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html>
const MAX_ANSWER_BYTES: usize = 2 * 1024 * 1024;

#[derive(Debug, Error)]
#[error("the answer is longer than {MAX_ANSWER_BYTES} bytes")]
struct TooLong;

#[derive(Debug, Error)]
#[error("the request's body is a stream")]
struct Streaming;

#[derive(Debug)]
struct Connector(reqwest::Client);

/// The SDK's view of `client`, whose connections it shares. The SDK's connect and read timeouts are not passed on: `client` has
/// its own for connecting, and the SDK ends attempts by itself.
#[must_use]
pub fn shared(client: reqwest::Client) -> SharedHttpClient {
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
    let mut answer = client.execute(outgoing(request)?).await.map_err(failure)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failure)? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(ConnectorError::other(TooLong.into(), None));
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = http::Response::new(body.into());
    *response.status_mut() = answer.status();
    *response.headers_mut() = mem::take(answer.headers_mut());
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
}

fn outgoing(request: HttpRequest) -> Result<reqwest::Request, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let body = body.bytes().ok_or_else(|| ConnectorError::user(Streaming.into()))?.to_vec();
    http::Request::from_parts(parts, body).try_into().map_err(failure)
}

/// Sorts a failure for the SDK's retries: it repeats what timed out or broke, not what is malformed.
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
