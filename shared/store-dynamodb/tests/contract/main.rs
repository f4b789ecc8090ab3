//! What every table must do, asked of each of them, and what the one on DynamoDB does when the
//! network or the service misbehaves.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed step of a test is a failed test, also outside the test functions"
)]

mod direct_reads;
mod dynamo;
mod dynamodb_local;
mod dynoxide;
mod endpoint;
mod faults;
mod memory;
mod requests;
mod rows_of_other_versions;
mod suite;
