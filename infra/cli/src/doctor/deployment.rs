//! What a deployed stack has on AWS, for the checks that ask AWS about it.

use super::aws_api::{AwsApi, CallError};
use super::check::Finding;

/// Names a deployed stack's parts.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) api: AwsApi,
    /// The name in CloudFormation, with which the names of its alarms and rules begin, and which is
    /// the namespace of its metrics.
    pub(crate) stack: String,
    /// The ARN of the operator, as STS has it.
    pub(crate) caller: String,
    /// The names of the functions.
    pub(crate) functions: Vec<String>,
    /// The bus of the stack's own.
    pub(crate) bus: String,
    /// The partner event sources; each has a bus of the same name.
    pub(crate) partner_sources: Vec<String>,
    /// Whether Cognito's events count, which come through CloudTrail to the default bus.
    pub(crate) has_cognito: bool,
    pub(crate) secret: String,
}

impl Deployment {
    /// Returns the buses that have rules of the stack.
    pub(super) fn buses(&self) -> impl Iterator<Item = &str> {
        let default = self.has_cognito.then_some("default");
        let own = Some(self.bus.as_str()).filter(|bus| !bus.is_empty());
        own.into_iter().chain(default).chain(self.partner_sources.iter().map(String::as_str))
    }
}

/// Returns the finding of a check that AWS does not let this operator make. A missing right is
/// neither good news nor bad.
pub(super) fn unseen(error: &CallError, rights: &str) -> Finding {
    let is_right = error.code().contains("AccessDenied") || error.code().contains("NotAuthorized");
    let remedy = if is_right {
        format!("Give this identity {rights}.")
    } else {
        "Run doctor again; else look in the AWS console.".to_owned()
    };
    Finding::skip(format!("not checked: {error}"), remedy)
}
