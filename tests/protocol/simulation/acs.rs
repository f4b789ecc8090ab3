use std::pin::Pin;
use std::sync::Arc;

use acs_emulator::Emulator;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use identity_client::{Transport, TransportError};
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
    /// Answers an error and does nothing.
    Refuses,
    /// Does its work and answers an error all the same.
    Lies,
    Throttles,
    /// Says that an identity does not exist which does. Only of an issue: nothing can be done about
    /// a service that says so of a revocation.
    Forgets,
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
        let serve = move || answer(&emulator, &request, mood);
        Box::pin(async move {
            self.network.exchange(USUAL_MILLIS, until, serve).await.map_err(|broken| match broken {
                Broken::NotSent => TransportError::not_sent("no connection"),
                Broken::Interrupted => TransportError::interrupted("no answer"),
            })
        })
    }
}

fn answer(emulator: &Emulator, request: &Request<Bytes>, mood: Mood) -> Response<Bytes> {
    match mood {
        Mood::Well => emulator.handle(request, now()).response,
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
