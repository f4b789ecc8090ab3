//! What stands behind the gateway: the functions, their environment and schedule, the table and ACS.

pub(crate) mod acs;
pub(crate) mod environment;
pub(crate) mod functions;
pub(crate) mod schedule;
pub(crate) mod table;
