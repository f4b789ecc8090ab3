//! The emulator: one request in, one response out. It sends each request to the control API or to
//! the service, and applies faults.

use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;

use crate::control::api::{self, ControlContext};
use crate::control::controls::Controls;
use crate::control::fault_effect::Effect;
use crate::response::EmulatorResponse;
use crate::service::auth::AuthenticationError;
use crate::service::error::ServiceError;
use crate::service::handler::{self, ServiceContext};
use crate::service::quotas::Quotas;
use crate::service::response::ServiceResponse;
use crate::service::route::{Operation, Route};
use crate::settings::Settings;
use crate::state::clock_offset::ClockOffset;
use crate::state::emulator_state::EmulatorState;
use crate::state::introspection::{IdentityState, Introspection, TokenState};
use crate::state::journal_entry::JournalEntry;
use crate::state::random::Random;

/// The emulated Identity service of one resource, all of it in memory. It does no I/O and reads no
/// clock: its responses depend on its settings and the requests alone.
#[derive(Debug)]
pub struct Emulator {
    settings: Settings,
    memory: Mutex<Memory>,
}

/// Everything that requests change.
#[derive(Debug)]
struct Memory {
    /// The part that a journal can rebuild. The rest is lost at the end of the process.
    state: EmulatorState,
    controls: Controls,
    quotas: Quotas,
    /// The number of requests so far, for headers that differ from response to response.
    requests: u64,
}

impl Emulator {
    /// A resource without identities.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let memory = Memory {
            state: EmulatorState::new(settings.access_keys.clone()),
            controls: Controls::default(),
            quotas: Quotas::new(settings.enforce_quotas),
            requests: 0,
        };
        Self { settings, memory: Mutex::new(memory) }
    }

    /// Responds to one request, sent at `now` by the wall clock. Requests under `/_emulator/` are
    /// for the control API, all others for the service.
    pub fn handle(&self, request: &Request<Bytes>, now: Timestamp) -> EmulatorResponse {
        let Ok(response) = self.handle_journaled(request, now, |_| Ok::<_, Infallible>(()));
        response
    }

    /// Responds to one request like [`handle`](Self::handle), and calls `write` with its changes
    /// before they apply. The calls come one at a time, in the order of the changes.
    ///
    /// # Errors
    /// The error of `write`. Then no change has applied.
    pub fn handle_journaled<E>(
        &self,
        request: &Request<Bytes>,
        now: Timestamp,
        write: impl FnOnce(&[JournalEntry]) -> Result<(), E>,
    ) -> Result<EmulatorResponse, E> {
        // The lock is held while `write` runs, so that the journal has the order of the changes.
        let mut memory = self.lock();
        memory.requests += 1;
        let path = request.uri().path();
        let is_control = path == api::PATH_PREFIX.trim_end_matches('/');
        let control = path.strip_prefix(api::PATH_PREFIX).or(is_control.then_some(""));
        let (operation, response) = match control {
            Some(path) => (None, memory.control(&self.settings, request, path, now)),
            None => memory.serve(&self.settings, request, now),
        };
        write(&response.entries)?;
        for entry in &response.entries {
            memory.state.apply(entry);
        }
        if let Some(operation) = operation {
            memory.controls.counters.count(operation, &response);
        }
        Ok(response)
    }

    /// Repeats a change that an earlier emulator of this resource made.
    pub fn replay(&self, entry: &JournalEntry) {
        self.lock().state.apply(entry);
    }

    /// The connection string of the primary key, for an endpoint like `https://localhost:8443`.
    /// The JavaScript SDK can read its parts in this order only.
    #[must_use]
    pub fn connection_string(&self, scheme_and_authority: &str) -> String {
        let key = self.lock().state.primary_key().secret();
        format!("endpoint={scheme_and_authority}/;accesskey={key}")
    }

    /// Whether a token would be accepted at `now` by the wall clock.
    pub fn introspect(&self, token: &str, now: Timestamp) -> Introspection {
        let memory = self.lock();
        memory.state.introspect(token, memory.state.clock(now))
    }

    /// The resource's id, a GUID.
    #[must_use]
    pub fn resource_id(&self) -> &str {
        &self.settings.resource_id
    }

    /// How far the resource's clock is from the wall clock. The result follows the clock.
    #[must_use]
    pub fn clock_offset(&self) -> ClockOffset {
        self.lock().state.offset().clone()
    }

    /// Every identity, deleted ones too, in the order of their creation.
    pub fn identities(&self) -> Vec<IdentityState> {
        self.lock().state.identities()
    }

    /// Every token that the identity ever had, in the order of issue, and whether it would be
    /// accepted at `now` by the wall clock.
    pub fn tokens_of(&self, identity: &str, now: Timestamp) -> Vec<TokenState> {
        let memory = self.lock();
        memory.state.tokens_of(identity, memory.state.clock(now))
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    /// Responds as the control API. The changes have yet to apply.
    fn control(
        &mut self,
        settings: &Settings,
        request: &Request<Bytes>,
        path: &str,
        now: Timestamp,
    ) -> EmulatorResponse {
        let mut entries = Vec::new();
        let context = ControlContext {
            settings,
            state: &self.state,
            controls: &mut self.controls,
            quotas: &mut self.quotas,
            now,
            entries: &mut entries,
        };
        EmulatorResponse::whole(context.handle(request, path), entries)
    }

    /// Responds as the service or as a fault demands. The changes have yet to apply.
    fn serve(
        &mut self,
        settings: &Settings,
        request: &Request<Bytes>,
        now: Timestamp,
    ) -> (Option<Operation>, EmulatorResponse) {
        let random = Random::new(settings.seed);
        let route = Route::of(request.method(), request.uri().path());
        let operation = route.as_ref().ok().map(|route| route.operation);
        let faults = &mut self.controls.faults;
        let fault = operation.and_then(|operation| faults.take_matching(operation, random));

        let mut entries = Vec::new();
        let response = if fault.as_ref().is_some_and(Effect::prevents_operation) {
            // The fault replaces this response, or the connection closes before it is sent.
            ServiceResponse::no_content()
        } else {
            let (state, quotas) = (&self.state, &mut self.quotas);
            let context = ServiceContext { settings, state, quotas, now };
            handler::handle(context, request, route, &mut entries).unwrap_or_else(|error| {
                self.note_failure(request, &error);
                error.into()
            })
        };
        let response = match &fault {
            Some(fault) => fault.apply(response),
            None => response,
        };

        let response = response.finish_response(request, random, self.requests);
        let mut response = EmulatorResponse::whole(response, entries);
        if let Some(fault) = fault {
            response.delay = fault.delay();
            response.delivery = fault.delivery(response.response.body());
        }
        (operation, response)
    }

    /// Logs and remembers the reason of a failed authentication, which the client never learns.
    fn note_failure(&mut self, request: &Request<Bytes>, error: &ServiceError) {
        let ServiceError::Unauthenticated(error) = error else { return };
        let AuthenticationError { check, detail, string_to_sign, .. } = error;
        tracing::warn!(
            method = %request.method(),
            path = request.uri().path(),
            check = check.as_str(),
            detail,
            string_to_sign,
            "401: the request is not authenticated"
        );
        self.controls.remember(error.clone());
    }
}
