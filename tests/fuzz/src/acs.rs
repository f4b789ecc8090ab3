//! ACS as the client sees it, and the emulator as a client sees that.

use std::time::Duration;

use acs_emulator::Emulator;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{Request, Response};
use identity_client::testing::{AcsInterceptor, InterceptedTransport};
use identity_client::{
    ClientOptions, ConnectionString, Deadline, Error, IdentityClient, IdentityId, Lifetime, Scope,
    TransportError,
};
use serde_json::Value;
use tokio::time::Instant;

use crate::{CANARY, NOW};

/// Lets every request pass.
#[derive(Debug)]
struct Open;

impl AcsInterceptor for Open {
    async fn intercept(
        &self,
        _request: &Request<Bytes>,
        _until: Instant,
        serve: impl FnOnce() -> Response<Bytes> + Send + 'static,
    ) -> Result<Response<Bytes>, TransportError> {
        Ok(serve())
    }
}

/// Whatever ACS responds, token and identity are those that ACS sent, an error has one kind, and its
/// sentence repeats neither the access key nor a secret in the response.
pub(crate) fn acs_response(data: &[u8]) {
    let [high, low, body @ ..] = data else { return };
    let status = 200 + u16::from_be_bytes([*high, *low]) % 400;
    let body = Bytes::from(String::from_utf8_lossy(body).replace("KEY", CANARY));
    let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
    let respond = move |_: &Request<Bytes>| {
        Response::builder().status(status).body(body.clone()).expect("a response")
    };
    let connection = format!("endpoint=https://acs.example/;accesskey={CANARY}");
    let ConnectionString { endpoint, access_key } = connection.parse().expect("a connection");
    let options = ClientOptions { max_attempts: 1, ..ClientOptions::default() };
    let transport = InterceptedTransport::new(Open, respond);
    let client = IdentityClient::new(endpoint, access_key, transport, options);
    let deadline = Deadline::new(NOW, Duration::from_secs(10));
    let identity: IdentityId = "8:acs:resource_user".parse().expect("an identity");

    let (scopes, lifetime) = ([Scope::Chat], Lifetime::MAX);
    let issued = client.issue_token(&identity, &scopes, lifetime, &deadline).now_or_never();
    match issued.expect("a client that does not wait") {
        Ok(issued) => {
            assert_eq!((status, &issued.identity), (200, &identity));
            assert_eq!(sent["token"], issued.token.secret());
        }
        Err(error) => check(&error),
    }
    let created = client.create_user_with_token(&scopes, lifetime, &deadline).now_or_never();
    match created.expect("a client that does not wait") {
        Ok(created) => {
            assert_eq!(status, 201);
            assert_eq!(sent["identity"]["id"], created.identity.as_ref());
            if let Ok(token) = created.token {
                assert_eq!(sent["accessToken"]["token"], token.secret());
            }
        }
        Err(error) => check(&error),
    }
}

fn check(error: &Error) {
    let kinds = [
        error.is_throttled(),
        error.is_not_owned(),
        error.is_no_such_identity(),
        error.is_unauthorized(),
        error.is_unavailable(),
        error.is_rejected(),
    ];
    assert_eq!(kinds.into_iter().filter(|is| *is).count(), 1, "exactly one kind: {error}");
    assert!(!error.to_string().contains(CANARY), "{error}");
}

/// The emulator answers every request, and fails at none by itself.
pub(crate) fn emulator_request(data: &[u8]) {
    let (line, body) = match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &data[..0]),
    };
    let Ok(line) = str::from_utf8(line) else { return };
    let (method, target) = line.split_once(' ').unwrap_or(("POST", line));
    let uri = format!("https://acs.example/{}", target.trim_start_matches('/'));
    let request = Request::builder().method(method).uri(uri).body(Bytes::copy_from_slice(body));
    let Ok(request) = request else { return };
    let emulator = Emulator::new(acs_emulator::Settings::simulated(1));
    let status = emulator.handle(&request, NOW).response.status();
    assert!(!status.is_server_error(), "{status}");
}
