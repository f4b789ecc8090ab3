//! The routes of the console: the page at `/`, and the API under `/dev`.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{MethodRouter, delete, get, post, put};

use crate::console::app::Console;
use crate::console::{
    api, clock, events, faults, operate, page, rows, samples, seed, shell, sign_in, state, sweep,
    users,
};
use crate::dev::routes::method_not_allowed;

/// The largest state that can be imported: some 100,000 users.
const MAX_IMPORT_BYTES: usize = 64 * 1024 * 1024;

/// Returns the paths under `/dev`, all documented in `dev-api.yaml`.
pub(crate) fn dev_routes() -> Vec<(&'static str, MethodRouter<Arc<Console>>)> {
    let import = post(state::import).layer(DefaultBodyLimit::max(MAX_IMPORT_BYTES));
    vec![
        ("/dev", get(api::list)),
        ("/dev/openapi.yaml", get(api::openapi)),
        ("/dev/users", get(users::list)),
        ("/dev/user", get(users::one)),
        ("/dev/operate", post(operate::operate)),
        ("/dev/events", post(events::send)),
        ("/dev/events/samples", get(samples::list)),
        ("/dev/timeline", get(rows::list)),
        ("/dev/timeline/stream", get(rows::stream)),
        ("/dev/timeline/{seq}", get(rows::one)),
        ("/dev/faults", get(faults::list).post(faults::add).delete(faults::clear)),
        ("/dev/faults/{id}", delete(faults::remove)),
        ("/dev/quotas", put(faults::quotas)),
        ("/dev/counters", get(faults::counters)),
        ("/dev/sweep", post(sweep::sweep)),
        ("/dev/clock", get(clock::show).put(clock::set)),
        ("/dev/export", get(state::export)),
        ("/dev/import", import),
        ("/dev/reset", post(state::reset)),
        ("/dev/seed/{name}", post(seed::seed)),
    ]
}

/// Returns the routes for this machine's browser alone.
pub(crate) fn router(console: Arc<Console>) -> Router {
    let mut router =
        Router::new().route("/", get(page::index)).route("/console/{file}", get(page::file));
    for (path, methods) in dev_routes() {
        router = router.route(path, methods);
    }
    router
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(shell::shell))
        .with_state(console)
}

/// Returns the route that signs users in, which apps under development call too.
pub(crate) fn sign_in_router(console: Arc<Console>) -> Router {
    Router::new()
        .route("/dev/sign-in", post(sign_in::sign_in))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(shell::shell))
        .with_state(console)
}
