//! Proof over real sockets and processes.

mod acs_faults;
mod acs_misconfigured;
mod bad_input;
mod cargo_lambda;
mod contract;
mod crash;
mod delete;
mod deployment;
mod documents;
mod events;
mod gateway;
mod identity_client;
mod issue;
mod operator;
mod refresher;
mod revoke;
mod sdk;
mod secrets;
mod settings;
mod signing;
