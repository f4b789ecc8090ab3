//! What stands behind the gateway: the functions, their environment and schedule, the table and ACS.

pub(crate) mod acs;
pub(crate) mod changes;
pub(crate) mod environment;
pub(crate) mod functions;
mod hosted;
mod masking;
pub(crate) mod rows;
pub(crate) mod schedule;
pub(crate) mod steps;
pub(crate) mod table;
pub(crate) mod table_faults;
mod table_front;
pub(crate) mod watched;
