//! The end-to-end tests: the product as a whole, over real sockets and processes.

mod acs_faults;
mod acs_misconfigured;
mod arm64;
mod authorization;
mod bad_input;
mod cargo_lambda;
mod cli;
mod console;
mod contract;
mod crash;
mod delete;
mod deployment;
mod documents;
mod events;
mod gateway;
mod identity_client;
mod issue;
mod reference;
mod refresher;
mod revoke;
mod schemathesis;
mod sdk;
mod secrets;
mod settings;
mod signing;
