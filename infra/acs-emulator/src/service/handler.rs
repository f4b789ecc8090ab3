//! Takes a request through authentication, routing, versions and quotas to its operation.

use bytes::Bytes;
use http::Request;
use http::uri::Authority;
use jiff::Timestamp;

use crate::service::auth;
use crate::service::error::ServiceError;
use crate::service::operations::{Executor, wants_token};
use crate::service::quotas::{Quota, Quotas};
use crate::service::response::ServiceResponse;
use crate::service::route::Route;
use crate::service::versions;
use crate::settings::Settings;
use crate::state::emulator_state::EmulatorState;
use crate::state::journal_entry::JournalEntry;

/// The parts of the emulator that a request to the service reads and counts against.
pub(crate) struct ServiceContext<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) state: &'a EmulatorState,
    pub(crate) quotas: &'a mut Quotas,
    /// The time by the wall clock.
    pub(crate) now: Timestamp,
}

/// Responds as the service would. The entries in `entries` are the changes that have yet to apply.
pub(crate) fn handle(
    context: ServiceContext<'_>,
    request: &Request<Bytes>,
    route: Result<Route, ServiceError>,
    entries: &mut Vec<JournalEntry>,
) -> Result<ServiceResponse, ServiceError> {
    let ServiceContext { settings, state, quotas, now } = context;
    // Authentication comes first, even for an unknown path: the gateway stands before the service.
    // Clients need not know that the resource's clock was moved: they may use either.
    let clocks = [now, state.clock(now)];
    let key = auth::authenticate(request, state.keys(), settings, clocks)
        .map_err(ServiceError::Unauthenticated)?;
    let [_, now] = clocks;
    let route = route?;
    let url = url_without_query(request);
    let version = versions::requested(request.uri().query().unwrap_or_default(), &url)?;
    if route.surface.is_some_and(|surface| surface != version.surface) {
        return Err(ServiceError::unsupported_version(&url, version.name));
    }
    let body = request.body();
    quotas.admit(Quota::of(route.operation, wants_token(body)), now)?;
    Executor { settings, state, entries, version, key, now }.execute(&route, body)
}

/// The URL for the message of a version error. The service names its own address there. The
/// emulator names the one that the client used.
fn url_without_query(request: &Request<Bytes>) -> String {
    let uri = request.uri();
    let host = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or(uri.authority().map(Authority::as_str)).unwrap_or("localhost");
    format!("{}://{host}{}", uri.scheme_str().unwrap_or("https"), uri.path())
}
