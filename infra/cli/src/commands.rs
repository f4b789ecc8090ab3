//! What the tool does: a file per command. Each takes what it works with and returns a report.

pub(crate) mod dead_letters;
pub(crate) mod everybody;
pub(crate) mod orphans;
pub(crate) mod show;
pub(crate) mod users;
