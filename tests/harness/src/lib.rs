//! The harness of the end-to-end tests: the product as processes, and clients of all around it.

pub mod aws;
pub mod cli;
pub mod contract;
pub mod deployment;
pub mod dynamodb_local;
pub mod emulator;
pub mod events;
pub mod forwarder;
pub mod gateway;
pub mod hostile;
pub mod lambda;
pub mod log;
pub mod process;
mod proxy;
pub mod queue;
pub mod recorder;
pub mod response;
pub mod stack;
pub mod sweeper;
pub mod table;
pub mod tools;
