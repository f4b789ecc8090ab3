//! ACS behind the simulated network.

use std::pin::Pin;
use std::sync::Arc;

use acs_emulator::Emulator;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use identity_client::{Transport, TransportError};
use serde_json::Value;
use tokio::time::Instant;

use crate::network::{Broken, Network, now};
use crate::random::Random;

/// ACS behind the network, with the moods of a service under load.
#[derive(Debug)]
pub(crate) struct RemoteAcs {
    pub(crate) emulator: Arc<Emulator>,
    pub(crate) network: Arc<Network>,
    pub(crate) random: Arc<Random>,
}

#[derive(Clone, Copy)]
enum Mood {
    Well,
    /// Responds with an error and does nothing.
    Refuses,
    /// Does its work and responds with an error all the same.
    Lies,
    Throttles,
    /// Reports that an identity does not exist which does. Only of an issue: nothing can be done
    /// about a service that reports so of a revocation.
    Forgets,
    /// Leaves the first token of a new identity out.
    LeavesTokenOut,
}

const USUAL_MILLIS: u64 = 120;

impl RemoteAcs {
    fn mood(&self) -> Mood {
        if self.network.is_calm() {
            return Mood::Well;
        }
        match self.random.below(200) {
            0..8 => Mood::Refuses,
            8..14 => Mood::Lies,
            14..18 => Mood::Throttles,
            18 => Mood::Forgets,
            19..24 => Mood::LeavesTokenOut,
            _ => Mood::Well,
        }
    }
}

impl Transport for RemoteAcs {
    fn send(
        &self,
        request: Request<Bytes>,
        until: Instant,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + '_>> {
        let emulator = Arc::clone(&self.emulator);
        let is_issue = request.uri().path().ends_with("/:issueAccessToken");
        let mood = match self.mood() {
            Mood::Forgets if !is_issue => Mood::Well,
            mood => mood,
        };
        let work = move || serve(&emulator, &request, mood);
        Box::pin(async move {
            self.network.exchange(USUAL_MILLIS, until, work).await.map_err(|broken| match broken {
                Broken::NotSent => TransportError::not_sent("no connection"),
                Broken::Interrupted => TransportError::interrupted("no response"),
            })
        })
    }
}

fn serve(emulator: &Emulator, request: &Request<Bytes>, mood: Mood) -> Response<Bytes> {
    match mood {
        Mood::Well => emulator.handle(request, now()).response,
        Mood::LeavesTokenOut => without_token(emulator.handle(request, now()).response),
        Mood::Refuses => front_door(),
        Mood::Lies => {
            emulator.handle(request, now());
            front_door()
        }
        Mood::Throttles => respond(StatusCode::TOO_MANY_REQUESTS, ""),
        Mood::Forgets => respond(
            StatusCode::NOT_FOUND,
            r#"{"error":{"code":"IdentityNotFound","message":"Provided identity doesn't exist."}}"#,
        ),
    }
}

fn front_door() -> Response<Bytes> {
    respond(StatusCode::SERVICE_UNAVAILABLE, "<h2>Our services aren't available right now</h2>")
}

fn respond(status: StatusCode, body: &'static str) -> Response<Bytes> {
    Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).expect("an answer")
}

/// Returns the response to a creation without the token, and any other one as it is.
fn without_token(response: Response<Bytes>) -> Response<Bytes> {
    let (parts, body) = response.into_parts();
    let body = match serde_json::from_slice::<Value>(&body) {
        Ok(mut json) if json.get("identity").is_some() => {
            json["accessToken"] = Value::Null;
            json.to_string().into()
        }
        _ => body,
    };
    Response::from_parts(parts, body)
}
