//! Turns the emulator's response into one that is sent late, in part or not at all.

use axum::body::Body;
use axum::response::Response;

use crate::response::{Delivery, EmulatorResponse};
use crate::server::breaking_body::BreakingBody;

/// Waits for the response's delay, then returns the response that the server has to send.
pub(super) async fn deliver(response: EmulatorResponse) -> Response {
    let EmulatorResponse { response, delay, delivery, .. } = response;
    tokio::time::sleep(delay).await;
    match delivery {
        Delivery::Whole => response.map(Body::from),
        Delivery::Dropped => Response::new(Body::new(BreakingBody::silent())),
        Delivery::Truncated(keep) => {
            response.map(|body| Body::new(BreakingBody::truncated(&body, keep)))
        }
    }
}
