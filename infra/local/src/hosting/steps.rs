//! The steps of one request, event or run: what the parts did for it, in order.
//!
//! Whoever wants to know wraps the work in [`collect`]. The parts note their steps without knowing
//! for whom: the collection travels with the task.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::hosting::masking;

/// How many steps are kept of one collection. A batch of 25 users has fewer.
const MAX_STEPS: usize = 200;

/// The part of the stack that made a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Part {
    /// The gateway's authorizer looked at the access token.
    Authorizer,
    /// A function ran. The steps of its table and ACS calls lie in it, and stand before it.
    Function,
    /// The table responded.
    Table,
    /// ACS responded.
    Acs,
}

/// One step.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Step {
    /// When it began, in milliseconds after the whole.
    pub(crate) at_ms: f64,
    /// Who did it.
    pub(crate) part: Part,
    /// What was done: `GetItem`, `issue token`.
    pub(crate) what: String,
    /// 1, or more where the steps before it tried the same and failed.
    pub(crate) attempt: u32,
    /// The status, or why there is none.
    pub(crate) result: String,
    /// Whether it did what it should.
    pub(crate) succeeded: bool,
    /// How long it took, in milliseconds.
    pub(crate) took_ms: f64,
    /// The request's body, without secrets.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(crate) request: Value,
    /// The response's body, without secrets.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(crate) response: Value,
}

/// A step that has begun.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    started: Instant,
    part: Part,
    what: String,
    request: Value,
}

/// All that was noted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Collected {
    /// The steps, by their beginning.
    pub(crate) steps: Vec<Step>,
    /// The functions' log lines.
    pub(crate) log: Vec<Value>,
}

#[derive(Clone, Debug)]
struct Collection {
    started: Instant,
    collected: Arc<Mutex<Collected>>,
}

tokio::task_local! {
    static COLLECTION: Collection;
}

/// Returns the result of `work`, and the steps that were made for it.
pub(crate) async fn collect<T>(work: impl Future<Output = T>) -> (T, Collected) {
    let collection = Collection { started: Instant::now(), collected: Arc::default() };
    let result = COLLECTION.scope(collection.clone(), work).await;
    let mut collected = std::mem::take(&mut *collection.lock());
    collected.steps.sort_by(|a, b| a.at_ms.total_cmp(&b.at_ms));
    (result, collected)
}

/// Returns `work` with the collection of this task, for a task of its own.
pub(crate) fn inherit<T: Send>(
    work: impl Future<Output = T> + Send,
) -> impl Future<Output = T> + Send {
    let collection = COLLECTION.try_with(Clone::clone).ok();
    async move {
        match collection {
            Some(collection) => COLLECTION.scope(collection, work).await,
            None => work.await,
        }
    }
}

/// Begins a step.
pub(crate) fn begin(part: Part, what: impl Into<String>, request: &[u8]) -> Begun {
    Begun { started: Instant::now(), part, what: what.into(), request: masking::body(request) }
}

impl Begun {
    /// Notes how the step ended, if anybody collects.
    pub(crate) fn end(self, succeeded: bool, result: impl Into<String>, response: &[u8]) {
        let Self { started, part, what, request } = self;
        let _nobody_collects = COLLECTION.try_with(|collection| {
            let mut collected = collection.lock();
            if collected.steps.len() == MAX_STEPS {
                return;
            }
            let is_same = |step: &&Step| step.part == part && step.what == what;
            let before = collected.steps.iter().rev().find(is_same);
            let failed_before = before.filter(|step| !step.succeeded && step.request == request);
            let step = Step {
                at_ms: milliseconds(started.duration_since(collection.started)),
                attempt: failed_before.map_or(1, |step| step.attempt + 1),
                took_ms: milliseconds(started.elapsed()),
                response: masking::body(response),
                result: result.into(),
                part,
                what,
                succeeded,
                request,
            };
            collected.steps.push(step);
        });
    }
}

/// Notes a function's log line, if anybody collects.
pub(crate) fn note_log(line: &str) {
    let _nobody_collects = COLLECTION.try_with(|collection| {
        collection.lock().log.extend(serde_json::from_str::<Value>(line).ok());
    });
}

impl Collection {
    fn lock(&self) -> MutexGuard<'_, Collected> {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a time in milliseconds, with one decimal.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    mod steps {
        use super::*;

        /// A step that another task makes belongs to the request that spawned the task.
        #[tokio::test]
        async fn travel_into_a_task() {
            let work = async {
                tokio::spawn(inherit(async {
                    begin(Part::Table, "GetItem", b"{\"a\":1}").end(false, "503", b"");
                    begin(Part::Table, "GetItem", b"{\"a\":1}").end(true, "200", b"{}");
                    note_log("{\"requestId\":\"id\"}");
                }))
                .await
                .unwrap();
            };
            let ((), collected) = collect(work).await;
            let steps: Vec<_> =
                collected.steps.iter().map(|step| (&*step.result, step.attempt)).collect();
            assert_eq!(steps, [("503", 1), ("200", 2)]);
            assert_eq!(collected.log[0]["requestId"], "id");
        }

        /// A function that nobody watches runs as before.
        #[tokio::test]
        async fn need_nobody_who_collects() {
            inherit(async { begin(Part::Acs, "revoke tokens", b"").end(true, "204", b"") }).await;
        }

        /// A flood of calls must not fill the memory.
        #[tokio::test]
        async fn are_bounded() {
            let work = async {
                for _ in 0..MAX_STEPS + 5 {
                    begin(Part::Table, "PutItem", b"").end(true, "200", b"");
                }
            };
            assert_eq!(collect(work).await.1.steps.len(), MAX_STEPS);
        }
    }
}
