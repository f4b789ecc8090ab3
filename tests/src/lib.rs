//! What the tests in `it/` share.

pub mod acs;
pub mod answer;
pub mod contract;
pub mod process;
pub mod stack;
pub mod tools;
