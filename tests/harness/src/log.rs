//! The functions' log: one line of JSON for each invocation.

use serde_json::Value;

/// The lines of functions in a log, without all other lines. A process that was killed may leave
/// half a line, which does not count.
pub fn lines(log: &str) -> impl Iterator<Item = Value> {
    let json = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    json.filter(|line| line.get("operation").is_some())
}

/// The sum of a metric in a log.
#[must_use]
pub fn counted(log: &str, metric: &str) -> u64 {
    lines(log).filter_map(|line| line.get(metric)?.as_u64()).sum()
}
