//! Whether what the functions need is really there.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BoxError;

/// How long ACS may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the table and the ACS emulator over their sockets, as the functions do.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    /// A client of the table's endpoint.
    pub table: Client,
    /// The table's name.
    pub table_name: String,
    /// A client for the emulator.
    pub acs: reqwest::Client,
    /// The emulator's URL, without a trailing slash.
    pub acs_url: String,
}

/// What is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unhealthy {
    /// The table does not answer.
    #[error("the table does not answer")]
    Table(#[source] BoxError),
    /// The ACS emulator does not answer.
    #[error("the ACS emulator does not answer")]
    Acs(#[source] reqwest::Error),
}

impl Health {
    /// Reads from both.
    ///
    /// # Errors
    /// [`Unhealthy`]: the first that does not answer.
    pub(crate) async fn check(&self) -> Result<(), Unhealthy> {
        self.table
            .describe_table()
            .table_name(&self.table_name)
            .send()
            .await
            .map_err(|source| Unhealthy::Table(source.into()))?;
        let health = format!("{}/_emulator/health", self.acs_url);
        let response = self.acs.get(health).timeout(PATIENCE).send().await;
        response
            .and_then(reqwest::Response::error_for_status)
            .map_err(|source| Unhealthy::Acs(source.without_url()))?;
        Ok(())
    }
}
