//! The clock of the whole stack: read, put forward, and set back.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::console::app::Console;
use crate::console::problem::Problem;
use crate::console::sweep::counts;
use crate::console::timeline::{Entry, Kind};
use crate::hosting::{schedule, steps};

/// The body of `PUT /dev/clock`: one of the first three.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Request {
    advance_seconds: Option<i64>,
    now: Option<Timestamp>,
    offset_seconds: Option<i64>,
    /// Whether the clock may go back.
    #[serde(default)]
    force: bool,
}

/// `GET /dev/clock`.
pub(crate) async fn show(State(console): State<Arc<Console>>) -> Json<Value> {
    Json(console.clock())
}

/// `PUT /dev/clock`.
pub(crate) async fn set(
    State(console): State<Arc<Console>>,
    body: String,
) -> Result<Json<Value>, Problem> {
    let request: Request =
        serde_json::from_str(&body).map_err(|rule| Problem::invalid(rule.to_string()))?;
    // Two moves at once add up.
    let _alone = console.whole_state.lock().await;
    let before = console.parts.clock.offset_seconds();
    let offset = request.offset(before, console.parts.clock.wall())?;
    if console.parts.are_functions_elsewhere {
        let why =
            "the clock cannot be moved: the functions run elsewhere, by their machine's clock";
        return Err(Problem::new(StatusCode::CONFLICT, why));
    }
    if offset < before && !request.force {
        return Err(Problem::invalid("the clock would go back: add \"force\":true"));
    }
    console.change_acs(Method::POST, "clock", json!({"offsetSeconds": offset})).await?;
    let (expired, swept) = if offset > before { console.catch_up().await? } else { (0, None) };
    let mut entry = Entry::new(Kind::Clock, moved(offset - before), "done");
    let expiry = (expired > 0).then(|| format!("Expired rows of the table: {expired}. "));
    let sweep = swept.as_ref().map(|report| format!("Sweep: {}", counts(report)));
    entry.sentence = Some(format!(
        "It is {} now. {}{}",
        console.now().strftime("%Y-%m-%d %H:%M:%S UTC"),
        expiry.unwrap_or_default(),
        sweep.unwrap_or_default(),
    ));
    console.timeline.add(entry, console.now());
    let mut clock = console.clock();
    if let Some(members) = clock.as_object_mut() {
        members.insert("expiredRows".to_owned(), json!(expired));
        members.insert("sweep".to_owned(), json!(swept));
    }
    Ok(Json(clock))
}

impl Request {
    /// Returns how far ahead of `wall` the clock is to be.
    fn offset(&self, before: i64, wall: Timestamp) -> Result<i64, Problem> {
        let offset = match (self.advance_seconds, self.now, self.offset_seconds) {
            (Some(seconds), None, None) => before.checked_add(seconds),
            (None, Some(now), None) => Some(now.duration_since(wall).as_secs()),
            (None, None, Some(seconds)) => Some(seconds),
            _ => return Err(Problem::invalid("one of advanceSeconds, now and offsetSeconds")),
        };
        let is_possible =
            |offset: &i64| wall.checked_add(SignedDuration::from_secs(*offset)).is_ok();
        let far = || Problem::invalid("no timestamp lies that far away");
        offset.filter(is_possible).ok_or_else(far)
    }
}

impl Console {
    fn clock(&self) -> Value {
        json!({
            "now": self.now(),
            "offsetSeconds": self.parts.clock.offset_seconds(),
            "canMove": !self.parts.are_functions_elsewhere,
        })
    }

    /// Does what would have happened while the clock was put forward: rows expire, `sweep` runs.
    async fn catch_up(&self) -> Result<(usize, Option<Value>), Problem> {
        let expired = self.parts.route.rows.expire(self.now()).await?;
        let work = schedule::sweep(&self.parts.functions, self.now());
        let (swept, _steps) = steps::collect(work).await;
        Ok((expired, swept.ok()))
    }
}

/// Returns how a clock was moved: `clock +1 d 2 h`.
fn moved(seconds: i64) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let mut left = seconds.unsigned_abs();
    let mut parts = Vec::new();
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)] {
        if left >= length {
            parts.push(format!("{} {unit}", left / length));
            left %= length;
        }
    }
    format!("clock {sign}{}", if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    mod clock {
        use super::*;

        /// A row of the timeline says by how much, in units that people read.
        #[test]
        fn movement_is_told_in_units() {
            for (seconds, expected) in [
                (60, "clock +1 min"),
                (90_000, "clock +1 d 1 h"),
                (-3_601, "clock -1 h 1 s"),
                (0, "clock +0 s"),
            ] {
                assert_eq!(moved(seconds), expected);
            }
        }
    }
}
