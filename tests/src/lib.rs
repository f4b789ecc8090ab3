//! What the tests in `it/` share.

pub mod acs;
pub mod answer;
pub mod contract;
pub mod forwarder;
pub mod lambda;
pub mod log;
pub mod process;
pub mod stack;
pub mod sweeper;
pub mod table;
pub mod tools;
