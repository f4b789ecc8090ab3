//! What must hold of a parser of outside input, whatever it is given: a function for each, which
//! panics where something does not hold. `make fuzz` feeds them; the test `corpus` replays the inputs
//! that were worth keeping.
//!
//! Table rows, import files and the console's API have none.

mod acs;
mod events;
mod requests;
mod texts;

/// A target: its name, which is its folder in `corpus/`, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 9] = [
    ("acs_response", acs::acs_response),
    ("connection_string", texts::connection_string),
    ("emulator_request", acs::emulator_request),
    ("gateway_event", requests::gateway_event),
    ("identity_event", events::identity_event),
    ("queue_batch", events::queue_batch),
    ("record_key", texts::record_key),
    ("scope_policy", texts::scope_policy),
    ("settings", texts::settings),
];

/// A secret that no error and no log may repeat.
const CANARY: &str = "Y2FuYXJ5LWNhbmFyeQ==";
/// The present of every target.
const NOW: jiff::Timestamp = jiff::Timestamp::constant(1_795_700_000, 0);
