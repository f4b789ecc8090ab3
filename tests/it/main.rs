//! Proof over real sockets and processes.

mod sdk;
mod signing;
