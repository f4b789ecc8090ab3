//! What a check finds, and how checks run side by side.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use clap::ValueEnum;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;
use tokio::time::{Instant, timeout};

/// A check that takes longer has found that something does not respond.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Names a group of checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Group {
    /// The stack itself: credentials, CloudFormation, table, secret, alarms.
    Aws,
    /// Azure Communication Services: keys, clock, retirement.
    Acs,
    /// The identity provider: discovery, keys, the token that is given.
    Idp,
    /// The API: a call, and calls from web pages.
    Api,
    /// Identity events: sources, queues, dead letters.
    Events,
    /// Work that is left: pending operations, orphans, the sweep.
    Work,
}

/// Tells how a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum State {
    Ok,
    Warn,
    Fail,
    Skip,
}

/// Is the result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) state: State,
    pub(crate) found: String,
    /// Why it matters; absent where nothing is wrong.
    pub(crate) meaning: Option<String>,
    /// What to do about it.
    pub(crate) remedy: Option<String>,
}

/// Is a check that has not run yet.
pub(crate) struct Check<'a> {
    group: Group,
    id: &'static str,
    run: Pin<Box<dyn Future<Output = Finding> + Send + 'a>>,
}

/// Is a check that has run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckReport {
    pub(crate) id: &'static str,
    pub(crate) group: Group,
    pub(crate) state: State,
    pub(crate) found: String,
    pub(crate) meaning: Option<String>,
    pub(crate) remedy: Option<String>,
    pub(crate) took_ms: u128,
}

impl State {
    /// Returns the word for people. A failure is loud.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
            Self::Skip => "skip",
        }
    }
}

impl Finding {
    pub(crate) fn ok(found: impl Into<String>) -> Self {
        Self { state: State::Ok, found: found.into(), meaning: None, remedy: None }
    }

    pub(crate) fn warn(
        found: impl Into<String>,
        meaning: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { state: State::Warn, ..Self::fail(found, meaning, remedy) }
    }

    pub(crate) fn fail(
        found: impl Into<String>,
        meaning: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let (meaning, remedy) = (Some(meaning.into()), Some(remedy.into()));
        Self { state: State::Fail, found: found.into(), meaning, remedy }
    }

    /// Returns the finding of a check that cannot be made here; `remedy` says how else to look.
    pub(crate) fn skip(found: impl Into<String>, remedy: impl Into<String>) -> Self {
        let remedy = Some(remedy.into());
        Self { state: State::Skip, found: found.into(), meaning: None, remedy }
    }

    /// Returns the report of a check that ended with this finding.
    pub(crate) fn report(self, group: Group, id: &'static str, took: Duration) -> CheckReport {
        let Self { state, found, meaning, remedy } = self;
        CheckReport { id, group, state, found, meaning, remedy, took_ms: took.as_millis() }
    }
}

impl<'a> Check<'a> {
    pub(crate) fn new(
        group: Group,
        id: &'static str,
        run: impl Future<Output = Finding> + Send + 'a,
    ) -> Self {
        Self { group, id, run: Box::pin(run) }
    }

    pub(crate) const fn group(&self) -> Group {
        self.group
    }
}

/// Runs the checks side by side and passes each to `note` as it ends.
pub(crate) async fn run(checks: Vec<Check<'_>>, mut note: impl FnMut(CheckReport)) {
    let mut running: FuturesUnordered<_> = checks
        .into_iter()
        .map(|Check { group, id, run }| async move {
            let began = Instant::now();
            let finding = timeout(TIMEOUT, run).await.unwrap_or_else(|_| {
                Finding::fail(
                    format!("no result within {} seconds", TIMEOUT.as_secs()),
                    "Something on the way does not respond.",
                    "Check the network, a proxy or a firewall, then run doctor again.",
                )
            });
            finding.report(group, id, began.elapsed())
        })
        .collect();
    while let Some(report) = running.next().await {
        note(report);
    }
}
