use acs_broker_store_dynamodb::TableError;
use thiserror::Error;

use crate::rules::Refusal;

/// Why a user gets no token.
#[derive(Debug, Error)]
pub enum IssueError {
    /// The session is older than a revocation or a deletion.
    #[error("the session signed in before the user's tokens were revoked")]
    SignInAgain,
    /// The user is suspended.
    #[error("the user is suspended")]
    Suspended,
    /// Another request is creating the user's identity and did not finish in time.
    #[error("the user's identity is being created by another request")]
    Busy,
    /// ACS or the table did not do its part.
    #[error(transparent)]
    Work(#[from] WorkError),
}

/// Why work at ACS or in the table is not done. Whatever was accepted is written down and will be
/// finished by a repetition or by `sweep`.
#[derive(Debug, Error)]
pub enum WorkError {
    /// ACS failed or refused.
    #[error("ACS did not do its part")]
    Acs(#[source] identity_client::Error),
    /// The table failed.
    #[error("the user table did not do its part")]
    Table(#[source] TableError),
}

impl From<identity_client::Error> for WorkError {
    fn from(source: identity_client::Error) -> Self {
        Self::Acs(source)
    }
}

impl From<TableError> for WorkError {
    fn from(source: TableError) -> Self {
        Self::Table(source)
    }
}

impl From<identity_client::Error> for IssueError {
    fn from(source: identity_client::Error) -> Self {
        Self::Work(source.into())
    }
}

impl From<TableError> for IssueError {
    fn from(source: TableError) -> Self {
        Self::Work(source.into())
    }
}

impl From<Refusal> for IssueError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::SignInAgain => Self::SignInAgain,
            Refusal::Suspended => Self::Suspended,
        }
    }
}
