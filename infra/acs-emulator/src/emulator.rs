//! One request in, one reply out.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::Request;
use http::uri::Authority;
use jiff::Timestamp;

use crate::answer::{Answer, Reply};
use crate::auth::{self, Denial};
use crate::change::Change;
use crate::control;
use crate::counters::Counters;
use crate::faults::{Effect, Faults};
use crate::introspection::{IdentityState, Introspection};
use crate::operations::{Operator, wants_token};
use crate::quotas::{Quota, Quotas};
use crate::random::Random;
use crate::refusal::Refusal;
use crate::route::{Operation, Route};
use crate::settings::Settings;
use crate::state::State;
use crate::versions;

/// How many denials are remembered.
const DENIALS: usize = 100;

/// The emulated Identity service of one resource, all of it in memory. It does no I/O and reads no
/// clock: what it answers depends on its settings and the requests alone.
#[derive(Debug)]
pub struct Emulator {
    settings: Settings,
    inner: Mutex<Inner>,
}

/// What changes.
#[derive(Debug)]
pub(crate) struct Inner {
    /// What lasts.
    pub(crate) state: State,
    // The rest is forgotten at the end of the process.
    pub(crate) faults: Faults,
    pub(crate) counters: Counters,
    pub(crate) denials: VecDeque<Denial>,
    quotas: Quotas,
    requests: u64,
}

impl Emulator {
    /// A resource without identities.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let inner = Inner {
            state: State::new(settings.access_keys.clone()),
            faults: Faults::default(),
            counters: Counters::default(),
            denials: VecDeque::new(),
            quotas: Quotas::default(),
            requests: 0,
        };
        Self { settings, inner: Mutex::new(inner) }
    }

    /// Answers one request, sent at `now` by the wall clock. Requests under `/_emulator/` are for
    /// the control surface, all others for the service.
    pub fn handle(&self, request: &Request<Bytes>, now: Timestamp) -> Reply {
        let Ok(reply) = self.handle_written(request, now, |_| Ok::<_, Infallible>(()));
        reply
    }

    /// The same, where what a request changes is written down before it happens; one after the
    /// other, in the order in which it happens.
    ///
    /// # Errors
    /// That of `write`. Then nothing was changed.
    pub fn handle_written<E>(
        &self,
        request: &Request<Bytes>,
        now: Timestamp,
        write: impl FnOnce(&[Change]) -> Result<(), E>,
    ) -> Result<Reply, E> {
        let mut inner = self.lock();
        inner.requests += 1;
        let (operation, reply) = match request.uri().path().strip_prefix("/_emulator/") {
            Some(path) => (None, control::handle(&mut inner, &self.settings, request, path, now)),
            None => inner.serve(&self.settings, request, now),
        };
        write(&reply.changes)?;
        for change in &reply.changes {
            inner.state.apply(change);
        }
        if let Some(operation) = operation {
            inner.counters.count(operation, &reply);
        }
        Ok(reply)
    }

    /// Repeats a change that an earlier emulator of this resource made.
    pub fn replay(&self, change: &Change) {
        self.lock().state.apply(change);
    }

    /// The connection string of the primary key, for an endpoint like `https://localhost:8443`.
    /// Its order is the only one that the JavaScript SDK can read.
    #[must_use]
    pub fn connection_string(&self, scheme_and_authority: &str) -> String {
        let key = self.lock().state.primary_key().secret();
        format!("endpoint={scheme_and_authority}/;accesskey={key}")
    }

    /// Whether a token would be accepted at `now` by the wall clock.
    pub fn introspect(&self, token: &str, now: Timestamp) -> Introspection {
        let inner = self.lock();
        inner.state.introspect(token, inner.state.clock(now))
    }

    /// Every identity there ever was, deleted ones too, in the order of their creation.
    pub fn identities(&self) -> Vec<IdentityState> {
        self.lock().state.identities()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Answers as the service would, or as a fault has it. What it changes has yet to happen.
    fn serve(
        &mut self,
        settings: &Settings,
        request: &Request<Bytes>,
        now: Timestamp,
    ) -> (Option<Operation>, Reply) {
        let random = Random::new(settings.seed);
        let route = Route::of(request.method(), request.uri().path());
        let operation = route.as_ref().ok().map(|route| route.operation);
        let fault = operation.and_then(|operation| self.faults.strike(operation, random));

        let mut changes = Vec::new();
        let prevented = fault.as_ref().is_some_and(Effect::comes_first);
        let answer = if prevented {
            Answer::no_content()
        } else {
            self.operate(settings, request, route, now, &mut changes).unwrap_or_else(Answer::from)
        };
        let answer = fault.as_ref().and_then(Effect::answer).unwrap_or(answer);

        let mut reply = Reply::whole(answer.dress(request, random, self.requests));
        reply.changes = changes;
        if let Some(fault) = fault {
            reply.delay = fault.delay();
            reply.wire = fault.wire(reply.response.body());
        }
        (operation, reply)
    }

    /// Authentication comes first, as the gateway stands before the service.
    fn operate(
        &mut self,
        settings: &Settings,
        request: &Request<Bytes>,
        route: Result<Route, Refusal>,
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) -> Result<Answer, Refusal> {
        // By the wall clock: clients do not know that the resource's was put forward.
        let key = auth::authenticate(request, self.state.keys(), settings, now)
            .map_err(|denial| self.deny(request, denial))?;
        let now = self.state.clock(now);
        let route = route?;
        let url = url_without_query(request);
        let version = versions::requested(request.uri().query().unwrap_or_default(), &url)?;
        if route.surface.is_some_and(|surface| surface != version.surface) {
            return Err(Refusal::unsupported_version(&url, version.name));
        }
        let body = request.body();
        if settings.enforce_quotas {
            self.quotas.admit(Quota::of(route.operation, wants_token(body)), now)?;
        }
        Operator { settings, state: &self.state, changes, version, key, now }.run(&route, body)
    }

    fn deny(&mut self, request: &Request<Bytes>, denial: Denial) -> Refusal {
        tracing::warn!(
            method = %request.method(),
            path = request.uri().path(),
            check = denial.check,
            detail = denial.detail,
            string_to_sign = denial.string_to_sign,
            "401: the request is not authenticated"
        );
        let refusal = denial.refusal();
        if self.denials.len() == DENIALS {
            self.denials.pop_front();
        }
        self.denials.push_back(denial);
        refusal
    }
}

/// The service names its own address here, whatever the client called it; the emulator names the
/// client's.
fn url_without_query(request: &Request<Bytes>) -> String {
    let uri = request.uri();
    let host = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or(uri.authority().map(Authority::as_str)).unwrap_or("localhost");
    format!("{}://{host}{}", uri.scheme_str().unwrap_or("https"), uri.path())
}
