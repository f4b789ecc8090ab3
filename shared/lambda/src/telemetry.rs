//! What an invocation leaves for people and for metrics.

pub(crate) mod field;
pub(crate) mod line;
pub(crate) mod metric;
