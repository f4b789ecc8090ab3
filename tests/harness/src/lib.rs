//! What the tests in `it/` share.

pub mod acs;
pub mod answer;
pub mod aws;
pub mod contract;
pub mod deployment;
pub mod dynamodb_local;
pub mod events;
pub mod forwarder;
pub mod gateway;
pub mod lambda;
pub mod log;
pub mod operator;
pub mod process;
pub mod queue;
pub mod recorder;
pub mod stack;
pub mod sweeper;
pub mod table;
pub mod tools;
