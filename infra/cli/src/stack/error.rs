//! The reasons why a stack cannot be used.

use identity_client::BuildError;
use thiserror::Error;

use super::config::ConfigError;
use crate::aws::AwsError;
use crate::clock::SkewError;

/// Tells why a stack cannot be used.
#[derive(Debug, Error)]
pub(crate) enum StackError {
    /// The command line names not exactly one stack.
    #[error("say which stack: --stack NAME or --local")]
    NotNamed,
    /// AWS options are given for a local stack.
    #[error("--region and --profile go with --stack")]
    AwsOptionForLocalStack,
    /// The address of a local stack has a user name or a password.
    #[error("--local: an address without a user name and a password")]
    UserInAddress,
    /// A local stack is asked for its dead letters.
    #[error("a local stack has no queues, and so no dead letters")]
    NoQueues,
    /// The file of further certificate authorities, or TLS, is unusable.
    #[error("the HTTP client cannot be made")]
    Http(#[source] BuildError),
    /// CloudFormation does not describe the stack.
    #[error("the stack {0} cannot be described")]
    Undescribed(String, #[source] AwsError),
    /// It is another stack, or one of an older template.
    #[error("the stack {stack} has no output {}", outputs.join(", "))]
    NoOutput { stack: String, outputs: Vec<&'static str> },
    /// An output, or a setting of a local stack, breaks its rule.
    #[error("{0} {1}")]
    Wrong(&'static str, &'static str),
    /// The address of a local stack does not respond.
    #[error("there is no local stack at {0}: start one with make run, or give its address")]
    NoLocalStack(String, #[source] reqwest::Error),
    /// The address responds, but it is not a local stack's.
    #[error("{0} responds, but not with a local stack's settings")]
    NotALocalStack(String),
    /// This machine's clock is wrong.
    #[error(transparent)]
    Skew(SkewError),
    /// The secret, the region or the AWS set-up is unusable.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl StackError {
    /// Returns whether the command line is to blame.
    pub(crate) const fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NotNamed | Self::AwsOptionForLocalStack | Self::UserInAddress | Self::NoQueues
        )
    }
}
