//! What the functions log: one line of JSON per request.

use serde_json::Value;

/// The lines that functions wrote, among whatever else is in a log. A process that was killed may
/// leave half a line, which is none.
pub fn lines(log: &str) -> impl Iterator<Item = Value> {
    let json = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    json.filter(|line| line.get("operation").is_some())
}

/// The sum of a metric in a log.
#[must_use]
pub fn counted(log: &str, metric: &str) -> u64 {
    lines(log).filter_map(|line| line.get(metric)?.as_u64()).sum()
}
