//! Runs of `sweep` in the timeline.

use std::error::Error;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

use crate::console::app::Console;
use crate::console::problem::Problem;
use crate::console::timeline::{Entry, Kind, Timeline};
use crate::hosting::functions::InvokeError;
use crate::hosting::{schedule, steps};

/// `POST /dev/sweep`.
pub(crate) async fn sweep(State(console): State<Arc<Console>>) -> Result<Json<Value>, Problem> {
    let started = Instant::now();
    let work = schedule::sweep(&console.parts.functions, console.now());
    let (swept, collected) = steps::collect(work).await;
    let mut entry = entry(&swept);
    (entry.took_ms, entry.collected) = (steps::milliseconds(started.elapsed()), collected);
    console.timeline.add(entry, console.now());
    swept.map(Json).map_err(|error| {
        tracing::error!(error = &error as &dyn Error, "the sweep failed");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    })
}

/// Notes a scheduled run, unless it found nothing to do: that is true once a minute.
pub(crate) fn note_scheduled(
    timeline: &Timeline,
    swept: &Result<Value, InvokeError>,
    now: Timestamp,
) {
    if swept.as_ref().is_ok_and(is_idle) {
        return;
    }
    timeline.add(entry(swept), now);
}

fn is_idle(report: &Value) -> bool {
    let is_zero = |count: &Value| *count == 0 || *count == false;
    report.as_object().is_some_and(|report| report.values().all(is_zero))
}

fn entry(swept: &Result<Value, InvokeError>) -> Entry {
    let (outcome, sentence) = match swept {
        Ok(report) if is_idle(report) => ("done", "Nothing was due.".to_owned()),
        Ok(report) => ("done", counts(report)),
        Err(error) => ("failed", format!("{error}.")),
    };
    Entry { sentence: Some(sentence), ..Entry::new(Kind::Sweep, "sweep", outcome) }
}

/// Returns what a report counts, without the zeros: `revoked 1, rescheduled 2`.
pub(crate) fn counts(report: &Value) -> String {
    if is_idle(report) {
        return "nothing was due.".to_owned();
    }
    let members = report.as_object().into_iter().flatten();
    let counted = members.filter(|(_, count)| **count != 0 && **count != false);
    let texts: Vec<_> = counted.map(|(name, count)| format!("{name} {count}")).collect();
    format!("{}.", texts.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    mod sweep {
        use super::*;

        /// An idle stack does not fill the timeline with a row a minute.
        #[test]
        fn idle_schedule_leaves_no_row() {
            let timeline = Timeline::new(Timestamp::UNIX_EPOCH);
            let idle = Ok(json!({"revoked": 0, "deleted": 0, "unfinished": false}));
            note_scheduled(&timeline, &idle, Timestamp::UNIX_EPOCH);
            assert!(timeline.after(0).rows.is_empty());
            let busy = Ok(json!({"revoked": 2, "deleted": 0, "unfinished": false}));
            note_scheduled(&timeline, &busy, Timestamp::UNIX_EPOCH);
            let failed = Err(InvokeError::TimedOut);
            note_scheduled(&timeline, &failed, Timestamp::UNIX_EPOCH);
            let slice = timeline.after(0);
            assert_eq!(slice.rows[0].entry.sentence.as_deref(), Some("revoked 2."));
            assert_eq!(slice.rows[1].entry.outcome, "failed");
        }
    }
}
