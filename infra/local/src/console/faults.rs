//! The emulator's faults and counters, as its control API has them.

use std::sync::Arc;

use acs_emulator::Emulator;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use jiff::Timestamp;

use crate::console::app::Console;
use crate::console::problem::Problem;
use crate::console::timeline::{Entry, Kind};

/// `GET /dev/faults`: the faults in force.
pub(crate) async fn list(State(console): State<Arc<Console>>) -> Result<Response, Problem> {
    control(&console, Method::GET, "faults", String::new())
}

/// `POST /dev/faults`: adds a fault.
pub(crate) async fn add(
    State(console): State<Arc<Console>>,
    body: String,
) -> Result<Response, Problem> {
    let response = control(&console, Method::POST, "faults", body.clone())?;
    if response.status().is_success() {
        let mut entry = Entry::new(Kind::Fault, "fault added", "added");
        entry.sentence = Some(body);
        console.timeline.add(entry, (console.clock)());
    }
    Ok(response)
}

/// `DELETE /dev/faults`: removes all faults.
pub(crate) async fn clear(State(console): State<Arc<Console>>) -> Result<Response, Problem> {
    let response = control(&console, Method::DELETE, "faults", String::new())?;
    let entry = Entry::new(Kind::Fault, "faults removed", "removed");
    console.timeline.add(entry, (console.clock)());
    Ok(response)
}

/// `GET /dev/counters`: the calls of ACS by kind.
pub(crate) async fn counters(State(console): State<Arc<Console>>) -> Result<Response, Problem> {
    control(&console, Method::GET, "counters", String::new())
}

fn control(
    console: &Console,
    method: Method,
    path: &str,
    body: String,
) -> Result<Response, Problem> {
    send(&console.emulator, method, path, body, (console.clock)())
        .map_err(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the emulator is not there"))
}

/// Sends a request to the control API. None of those sent here changes what the state file keeps.
fn send(
    emulator: &Emulator,
    method: Method,
    path: &str,
    body: String,
    now: Timestamp,
) -> Result<Response, http::Error> {
    let uri = format!("/_emulator/{path}");
    let request = Request::builder().method(method).uri(uri).body(Bytes::from(body))?;
    Ok(emulator.handle(&request, now).response.map(Body::from))
}
