//! The emulator as its users see it: requests in, responses out.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests and their harness")]

mod authentication;
mod control;
mod faults;
mod harness;
mod journal;
mod server;
mod service;
mod tokens;
