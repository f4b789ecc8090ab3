//! ACS, with what a test has scripted for it.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};

use acs_emulator::Emulator;
use bytes::Bytes;
use http::{Request, Response};
use identity_client::testing::AcsInterceptor;
use identity_client::{AccessKey, Timestamp, TransportError};
use serde_json::Value;
use tokio::time::Instant;

/// What a test has scripted; clones share it.
#[derive(Clone, Default)]
pub(super) struct Script(Arc<Mutex<ScriptedTurns>>);

/// What happens to every request that contains a text.
pub(super) type Rule = (&'static str, fn() -> Turn);

/// What a test has scripted, and what was asked.
#[derive(Default)]
pub(super) struct ScriptedTurns {
    pub(super) next: VecDeque<(&'static str, Turn)>,
    pub(super) always: Option<Rule>,
    pub(super) requests: Vec<String>,
}

impl Script {
    pub(super) fn lock(&self) -> MutexGuard<'_, ScriptedTurns> {
        self.0.lock().unwrap()
    }
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Script")
    }
}

impl ScriptedTurns {
    fn turn(&mut self, line: String) -> Option<Turn> {
        let always = self.always.filter(|(which, _)| line.contains(which));
        let is_next = self.next.front().is_some_and(|(which, _)| line.contains(which));
        self.requests.push(line);
        if is_next {
            return self.next.pop_front().map(|(_, turn)| turn);
        }
        always.map(|(_, turn)| turn())
    }
}

pub(super) type Action = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// What happens to a request to ACS.
pub(crate) enum Turn {
    /// Something happens after ACS has done its work and before its response arrives.
    Interleave(Action),
    /// ACS does its work; its response never arrives.
    ReplyLost,
    /// ACS does its work, and this changes the JSON of its response.
    Edit(fn(&mut Value)),
    /// ACS does nothing and responds with this.
    Respond(u16, &'static str),
}

pub(crate) const NO_SUCH_IDENTITY: Turn = Turn::Respond(
    404,
    r#"{"error":{"code":"IdentityNotFound","message":"Provided identity doesn't exist."}}"#,
);
pub(crate) const NOT_OWNED: Turn = Turn::Respond(
    401,
    r#"{"error":{"code":"IdentityNotOwned","message":"Provided identity doesn't belong to the resource."}}"#,
);

pub(crate) const CREATE: &str = "POST /identities";
pub(crate) const ISSUE: &str = ":issueAccessToken";
pub(crate) const REVOKE: &str = ":revokeAccessTokens";
pub(crate) const DELETE: &str = "DELETE ";

impl AcsInterceptor for Script {
    async fn intercept(
        &self,
        request: &Request<Bytes>,
        _until: Instant,
        serve: impl FnOnce() -> Response<Bytes> + Send + 'static,
    ) -> Result<Response<Bytes>, TransportError> {
        let line = format!("{} {}", request.method(), request.uri().path());
        let turn = self.lock().turn(line);
        match turn {
            Some(Turn::Respond(status, body)) => {
                let body = Bytes::from_static(body.as_bytes());
                Ok(Response::builder().status(status).body(body).unwrap())
            }
            Some(Turn::Edit(edit)) => {
                let mut response = serve();
                let mut json = serde_json::from_slice(response.body()).unwrap();
                edit(&mut json);
                *response.body_mut() = json.to_string().into();
                Ok(response)
            }
            Some(Turn::ReplyLost) => {
                serve();
                Err(TransportError::interrupted("scripted"))
            }
            Some(Turn::Interleave(action)) => {
                let response = serve();
                action().await;
                Ok(response)
            }
            None => Ok(serve()),
        }
    }
}

/// Regenerates an access key by the emulator's control API, and returns the new one.
pub(super) fn regenerate(emulator: &Emulator, key: &str, now: Timestamp) -> AccessKey {
    let url = format!("https://acs.example/_emulator/keys/{key}/regenerate");
    let request = Request::post(url).body(Bytes::new()).unwrap();
    let response = emulator.handle(&request, now).response;
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    body["accessKey"].as_str().unwrap().parse().unwrap()
}
