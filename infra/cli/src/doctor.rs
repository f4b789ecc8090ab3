//! The checks of `acs-broker doctor`: why does it not work?
//!
//! - `check`: what a check finds, and how checks run side by side.
//! - `facts`: what a stack says about itself; `local` and `deployed` ask it.
//! - `acs`, `idp`, `token`, `api`, `aws`, `work`: the checks, one file a group.
//! - `rights`, `functions`, `alarms`, `rules`, `trail`, `flow`: those that ask AWS about a
//!   `deployment`, through `aws_api`.

mod acs;
mod alarms;
mod api;
mod aws;
mod aws_api;
pub(crate) mod check;
mod deployed;
mod deployment;
mod facts;
mod flow;
mod functions;
mod idp;
mod local;
mod rights;
mod rules;
mod token;
mod trail;
mod work;

#[cfg(test)]
mod aws_tests;
#[cfg(test)]
mod tests;

use identity_client::Timestamp;
use reqwest::Client;

use self::check::Check;
pub(crate) use self::check::{CheckReport, Group, State, run};
pub(crate) use self::deployed::{DeployedStack, deployed};
pub(crate) use self::facts::Facts;
pub(crate) use self::local::local;

/// Holds what the operator asks for beside the stack.
#[derive(Debug)]
pub(crate) struct Questions {
    /// An access token of a user, as the app sends it.
    pub(crate) token: Option<String>,
    /// Whether an identity may be created and deleted.
    pub(crate) write_probe: bool,
    /// The groups to check; all if there are none.
    pub(crate) only: Vec<Group>,
}

/// Holds what every check needs.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    pub(crate) http: Client,
    pub(crate) clock: fn() -> Timestamp,
}

/// Returns the checks of a stack.
pub(crate) fn checks<'a>(
    facts: &'a Facts,
    tools: &'a Tools,
    questions: &'a Questions,
) -> Vec<Check<'a>> {
    let mut checks = acs::checks(facts, tools, questions.write_probe);
    checks.extend(idp::checks(facts, tools));
    checks.extend(token::checks(facts, tools, questions.token.as_deref()));
    checks.extend(api::checks(facts, tools, questions.token.as_deref()));
    checks.extend(aws::checks(facts));
    checks.extend(work::checks(facts, tools));
    checks.retain(|check| questions.only.is_empty() || questions.only.contains(&check.group()));
    checks
}
