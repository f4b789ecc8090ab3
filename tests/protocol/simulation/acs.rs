//! ACS behind the simulated network.

use std::sync::{Arc, Mutex};

use acs_emulator::Emulator;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use identity_client::TransportError;
use identity_client::testing::AcsInterceptor;
use serde_json::Value;
use tokio::time::Instant;

use crate::clock;
use crate::network::{Broken, Network};
use crate::random::Random;
use crate::swarm::Chaos;
use crate::witness::Witness;

/// ACS behind the network, with the moods of a service under load.
#[derive(Debug)]
pub(crate) struct RemoteAcs {
    pub(crate) emulator: Arc<Emulator>,
    pub(crate) network: Arc<Network>,
    pub(crate) random: Arc<Random>,
    pub(crate) witness: Arc<Witness>,
    pub(crate) amnesia: Arc<Amnesia>,
}

/// An incident in which ACS does not know an identity that exists, and deletes nothing.
#[derive(Debug, Default)]
pub(crate) struct Amnesia(Mutex<Option<Incident>>);

#[derive(Debug)]
struct Incident {
    path: String,
    until: Instant,
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
    fn mood(&self, request: &Request<Bytes>) -> Mood {
        if self.network.is_calm() {
            return Mood::Well;
        }
        let path = request.uri().path();
        if path.ends_with("/:issueAccessToken") && self.forgets(path) {
            return Mood::Forgets;
        }
        if *request.method() == Method::DELETE && self.amnesia.is_over(None) == Some(false) {
            return Mood::Refuses;
        }
        for (chaos, per_mille, mood) in [
            (Chaos::Errors, 40, Mood::Refuses),
            (Chaos::Errors, 30, Mood::Lies),
            (Chaos::Throttling, 20, Mood::Throttles),
            (Chaos::MissingTokens, 30, Mood::LeavesTokenOut),
        ] {
            if self.network.suffers(chaos, per_mille) {
                return mood;
            }
        }
        Mood::Well
    }

    /// Whether ACS has forgotten the identity of this path; an incident may begin.
    fn forgets(&self, path: &str) -> bool {
        if self.amnesia.is_over(None) != Some(false) && self.network.suffers(Chaos::Amnesia, 60) {
            let until = Instant::now() + self.random.millis(100, 120_000);
            self.amnesia.begin(Incident { path: path.to_owned(), until });
        }
        self.amnesia.is_over(Some(path)) == Some(false)
    }
}

impl Amnesia {
    fn begin(&self, incident: Incident) {
        *self.0.lock().expect("an incident") = Some(incident);
    }

    /// Whether the last incident, or that about this path, is over; `None` without one.
    fn is_over(&self, path: Option<&str>) -> Option<bool> {
        let incident = self.0.lock().expect("an incident");
        let incident = incident.as_ref()?;
        let is_about = path.is_none_or(|path| path == incident.path);
        is_about.then(|| incident.until <= Instant::now())
    }
}

impl AcsInterceptor for RemoteAcs {
    async fn intercept(
        &self,
        request: &Request<Bytes>,
        until: Instant,
        serve: impl FnOnce() -> Response<Bytes> + Send + 'static,
    ) -> Result<Response<Bytes>, TransportError> {
        let (emulator, witness) = (Arc::clone(&self.emulator), Arc::clone(&self.witness));
        let (mood, number) = (self.mood(request), clock::request());
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let work = move || {
            let response = mood.respond(serve);
            let status = response.status();
            witness.log(|| format!("#{number} ACS: {method} {path} -> {status}"));
            let is_done = status != StatusCode::UNAUTHORIZED
                && matches!(mood, Mood::Well | Mood::Lies | Mood::LeavesTokenOut);
            let identity = path.strip_prefix("/identities/");
            if let Some(identity) =
                identity.and_then(|path| path.strip_suffix("/:revokeAccessTokens"))
                && is_done
            {
                witness.revoked(identity.replace("%3A", ":"));
            }
            if path == "/identities"
                && let Some(created) = emulator.identities().pop()
            {
                witness.created(created.id, number);
            }
            response
        };
        self.network.exchange(USUAL_MILLIS, until, work).await.map_err(|broken| match broken {
            Broken::NotSent => TransportError::not_sent("no connection"),
            Broken::Interrupted => TransportError::interrupted("no response"),
        })
    }
}

impl Mood {
    fn respond(self, serve: impl FnOnce() -> Response<Bytes>) -> Response<Bytes> {
        match self {
            Self::Well => serve(),
            Self::LeavesTokenOut => without_token(serve()),
            Self::Refuses => front_door(),
            Self::Lies => {
                serve();
                front_door()
            }
            Self::Throttles => respond(StatusCode::TOO_MANY_REQUESTS, ""),
            Self::Forgets => respond(
                StatusCode::NOT_FOUND,
                r#"{"error":{"code":"IdentityNotFound","message":"Provided identity doesn't exist."}}"#,
            ),
        }
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
