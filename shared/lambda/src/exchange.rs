use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acs_broker_core::{Call, Happening, Observer, Order, WorkError};
use acs_broker_store_dynamodb::RecordKey;
use identity_client::{Deadline, Timestamp};
use lambda_http::http::Response;
use lambda_http::request::RequestContext;
use lambda_http::{Context, Request, RequestExt};
use serde::Serialize;
use serde_json::json;

use crate::answer;
use crate::app::App;
use crate::caller::{Caller, ClaimRules};
use crate::log::{Level, LogEntry, user_hash};
use crate::problem::{Code, Problem};

/// One request from its arrival to its answer.
#[derive(Debug)]
pub struct Exchange<'a> {
    app: &'a App,
    request_id: String,
    deadline: Deadline,
    entry: Mutex<LogEntry>,
}

/// An answer that is no error.
#[derive(Debug)]
pub enum Reply {
    /// 200 with this JSON.
    Json(String),
    /// 204.
    Done,
}

/// No client waits longer than this for an answer.
const LONGEST_EXCHANGE: Duration = Duration::from_secs(10);
/// What an invocation keeps to write its answer and its log line.
const KEPT_FOR_ANSWER: Duration = Duration::from_millis(300);
/// Lambda's own limit. A deadline further off, or past, is none: cargo-lambda's emulator sends a
/// constant.
const LONGEST_INVOCATION: Duration = Duration::from_mins(15);

impl<'a> Exchange<'a> {
    /// Opens the exchange for an operation, named as in `openapi.yaml`.
    pub fn begin(app: &'a App, operation: &'static str, request: &Request) -> Self {
        let request_id = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
            _ => None,
        };
        let context = request.lambda_context_ref();
        let request_id = request_id
            .or_else(|| context.map(|context| context.request_id.clone()))
            .unwrap_or_default();
        let budget = context.and_then(|context| time_left(context, (app.clock)()));
        let budget = budget.map_or(LONGEST_EXCHANGE, |left| left.min(LONGEST_EXCHANGE));
        Self::open(app, operation, request_id, budget)
    }

    /// Opens the exchange for an invocation that no client waits for, with all the time it has.
    pub fn begin_scheduled(app: &'a App, operation: &'static str, context: &Context) -> Self {
        let left = time_left(context, (app.clock)());
        let budget = left.unwrap_or(LONGEST_EXCHANGE * 3);
        Self::open(app, operation, context.request_id.clone(), budget)
    }

    /// Opens the exchange for one of `left` messages of a queue. Each has an equal part of the time:
    /// should ACS hang, the last one is written down as well as the first.
    pub(crate) fn begin_message(
        app: &'a App,
        operation: &'static str,
        message_id: &str,
        left: usize,
        context: &Context,
    ) -> Self {
        let time = time_left(context, (app.clock)()).unwrap_or(LONGEST_EXCHANGE * 3);
        let part = time / u32::try_from(left).unwrap_or(u32::MAX).max(1);
        Self::open(app, operation, message_id.to_owned(), part.min(LONGEST_EXCHANGE))
    }

    fn open(app: &'a App, operation: &'static str, request_id: String, budget: Duration) -> Self {
        let deadline = Deadline::new((app.clock)(), budget);
        let mut entry = LogEntry::new(operation);
        entry.set("requestId", request_id.as_str());
        entry.set("coldStart", app.is_cold());
        Self { app, request_id, deadline, entry: Mutex::new(entry) }
    }

    /// The call for the broker.
    pub fn call(&self) -> Call<'_> {
        Call::new(self.deadline, self)
    }

    /// The wall clock's time at this moment.
    pub fn now(&self) -> Timestamp {
        self.deadline.now()
    }

    /// The time that is left.
    pub(crate) fn remaining(&self) -> Duration {
        self.deadline.remaining()
    }

    /// Who sends the request.
    ///
    /// # Errors
    /// The verified claims name nobody, or no time of sign-in.
    pub fn caller(&self, request: &Request) -> Result<Caller, Problem> {
        let rules = ClaimRules {
            subject_claim: &self.app.subject_claim,
            sign_in_claim: self.app.sign_in_claim,
            operator_scope: &self.app.operator_scope,
        };
        let caller = Caller::of(request, &rules, self.now())?;
        let mut entry = self.entry();
        entry.set("user", self.hash(&caller.session.user));
        entry.set("signInClaim", caller.sign_in_claim);
        Ok(caller)
    }

    /// Who the request is to act on, and on whose word: for an operator the user whom the path
    /// names, else the caller.
    ///
    /// # Errors
    /// The caller is no operator, or the path's subject can name nobody.
    pub fn target(
        &self,
        caller: &Caller,
        request: &Request,
    ) -> Result<(RecordKey, Order), Problem> {
        let (user, order) = caller.target(request)?;
        if matches!(order, Order::Operator) {
            self.entry().set("target", self.hash(&user));
        }
        Ok((user, order))
    }

    /// Counts something for the metrics.
    pub fn count(&self, metric: &'static str) {
        self.entry().count(metric);
    }

    /// Logs the exchange and gives the answer its shape.
    pub fn end(self, outcome: Result<Reply, Problem>) -> Response<String> {
        let response = match &outcome {
            Ok(Reply::Json(json)) => answer::json(json.clone()),
            Ok(Reply::Done) => answer::done(),
            Err(problem) => answer::problem(problem, &self.request_id),
        };
        let mut entry = self.entry.into_inner().unwrap_or_else(PoisonError::into_inner);
        entry.set("status", response.status().as_u16());
        if let Err(problem) = outcome {
            entry.problem(&problem);
        }
        write(self.app, &mut entry, &self.deadline);
        response
    }

    /// Logs a scheduled invocation with its report.
    pub fn end_scheduled<T: Serialize>(self, outcome: Result<&T, &Problem>) {
        let mut entry = self.entry.into_inner().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(report) => entry.set("report", json!(report)),
            Err(problem) => entry.problem(problem),
        }
        write(self.app, &mut entry, &self.deadline);
    }

    /// Logs what became of a message.
    pub(crate) fn end_message(self) {
        let mut entry = self.entry.into_inner().unwrap_or_else(PoisonError::into_inner);
        write(self.app, &mut entry, &self.deadline);
    }

    pub(crate) fn hash(&self, user: &RecordKey) -> String {
        user_hash(&self.app.user_hash_key, user)
    }

    pub(crate) fn entry(&self) -> MutexGuard<'_, LogEntry> {
        self.entry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Exchange<'_> {
    fn saw(&self, happening: Happening) {
        let mut entry = self.entry();
        if let Happening::IdentityLost(identity) = &happening {
            entry.set("lostIdentity", identity.as_ref());
            let remedy = "delete the identity `lostIdentity` at ACS: nobody else knows it";
            entry.raise(Level::Error, remedy);
        }
        entry.count(match happening {
            Happening::IdentityCreated => "IdentityCreated",
            Happening::IdentityReplaced => "IdentityReplaced",
            Happening::IdentityDiscarded => "IdentityDiscarded",
            Happening::OrphanJournaled => "OrphanJournaled",
            Happening::IdentityPossiblyLost => "IdentityPossiblyLost",
            Happening::IdentityLost(_) => "IdentityLost",
            Happening::TokenDropped => "TokenDropped",
            Happening::WaitedForLease => "WaitedForLease",
        });
    }

    fn postponed(&self, key: &RecordKey, why: &WorkError) {
        let Problem { code, cause, .. } = Problem::from(why);
        let mut entry = self.entry();
        entry.count("WorkPostponed");
        entry.push("postponed", json!({"user": self.hash(key), "code": code, "error": cause}));
        if matches!(code, Code::AcsMisconfigured | Code::InternalError) {
            // Trying again will not help.
            entry.raise(Level::Error, code.remedy());
        }
    }
}

fn write(app: &App, entry: &mut LogEntry, deadline: &Deadline) {
    (app.log)(&entry.line(&app.metrics_namespace, deadline));
}

fn time_left(context: &Context, now: Timestamp) -> Option<Duration> {
    let end = i64::try_from(context.deadline).ok()?;
    let left = end.checked_sub(now.as_millisecond())?;
    let left = Duration::from_millis(u64::try_from(left).ok()?);
    (left <= LONGEST_INVOCATION).then(|| left.saturating_sub(KEPT_FOR_ANSWER))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use acs_broker_store_dynamodb::TableError;
    use serde_json::Value;

    use super::*;
    use crate::settings;

    /// The line of a sweep that could not finish some work.
    fn swept_line(postponed: &[(&RecordKey, WorkError)]) -> Value {
        let line = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&line);
        let log = move |line: &str| line.clone_into(&mut written.lock().unwrap());
        let settings = settings::tests::read(&[]).unwrap();
        let app = App::new(settings, || Timestamp::UNIX_EPOCH, log).unwrap();
        let exchange = Exchange::begin_scheduled(&app, "sweep", &Context::default());
        for (key, why) in postponed {
            exchange.postponed(key, why);
        }
        exchange.end_scheduled(Ok(&json!({})));
        serde_json::from_str(&line.lock().unwrap()).unwrap()
    }

    #[test]
    fn an_operator_learns_which_work_waits_and_is_called_when_waiting_does_not_help() {
        let alice = RecordKey::user("https://i".parse().unwrap(), "alice".parse().unwrap());
        let bob = RecordKey::user("https://i".parse().unwrap(), "bob".parse().unwrap());
        let busy = || WorkError::Table(TableError::throttled("later"));

        let line = swept_line(&[(&alice, busy())]);
        assert_eq!((&line["level"], &line["WorkPostponed"]), (&json!("INFO"), &json!(1)));

        let refused = WorkError::Table(TableError::refused("no right"));
        let line = swept_line(&[(&alice, busy()), (&bob, refused)]);
        assert_eq!((&line["level"], &line["WorkPostponed"]), (&json!("ERROR"), &json!(2)));
        assert_eq!(line["remedy"], Code::InternalError.remedy());
        let said = &line["postponed"][1];
        assert_eq!(said["code"], "internal_error");
        assert_eq!(said["error"], "the user table refused the call: no right");
        assert_eq!(said["user"].as_str().unwrap().len(), 16);
        assert_ne!(said["user"], line["postponed"][0]["user"]);
    }
}
