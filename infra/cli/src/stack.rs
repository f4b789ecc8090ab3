//! A stack: how to find it, and how to reach its parts.

mod args;
mod config;
mod deployed;
mod description;
mod error;
mod local;

use std::fmt;
use std::time::Duration;

use acs_broker_config::{AcsResource, acs_client, token_broker};
use acs_broker_core::{BrokerSettings, TokenBroker};
use acs_broker_store_dynamodb::{Client as DynamoDb, DynamoStore};
use aws_config::SdkConfig;
use identity_client::{ApiVersion, IdentityClient, ReqwestTransport, Timestamp};

pub(crate) use self::args::{StackArgs, StackTarget};
use self::config::ConfigError;
pub(crate) use self::config::{aws_config, read_secret};
use self::description::AcsSource;
pub(crate) use self::error::StackError;
pub(crate) use self::local::settings as local_settings;
use crate::queues::Queues;
use crate::records::Records;

/// Holds the parts of a stack that was found.
pub(crate) struct Stack {
    pub(crate) records: Records<DynamoStore>,
    pub(crate) table_name: String,
    tombstone_retention: Duration,
    acs: AcsSource,
    queues: Option<Queues>,
    http: reqwest::Client,
}

impl Stack {
    /// Finds the stack, and returns it with the configuration of its AWS clients. Nothing is written,
    /// and no secret is read.
    pub(crate) async fn find_with_config(
        target: StackTarget<'_>,
        http: reqwest::Client,
        clock: fn() -> Timestamp,
    ) -> Result<(SdkConfig, Self), StackError> {
        let (config, description) = match target {
            StackTarget::Deployed { stack, region, profile } => {
                let config = config::aws_config(region, profile, http.clone()).await?;
                let description = deployed::describe(&config, stack).await?;
                (config, description)
            }
            StackTarget::Local(url) => local::describe(url, &http).await?,
        };
        let table = DynamoStore::new(DynamoDb::new(&config), &description.table_name);
        let stack = Self {
            table_name: description.table_name,
            records: Records { table, issuer: description.issuer, clock },
            tombstone_retention: description.tombstone_retention,
            acs: description.acs,
            queues: description.queues,
            http,
        };
        Ok((config, stack))
    }

    /// Returns a broker over this stack's table and ACS resource. It reads the secret.
    pub(crate) async fn broker(&self) -> Result<TokenBroker<DynamoStore>, StackError> {
        let broker = token_broker(
            self.records.table.clone(),
            self.acs().await?,
            BrokerSettings::new(self.tombstone_retention),
        );
        Ok(broker.map_err(ConfigError::Randomness)?)
    }

    /// Returns a client of this stack's ACS resource. It reads the secret.
    pub(crate) async fn acs(&self) -> Result<IdentityClient, StackError> {
        let acs = match &self.acs {
            AcsSource::Settings(settings) => {
                AcsResource::read(&|name| settings.get(name).cloned(), None)
            }
            AcsSource::Secret { client, arn, key_in_use } => {
                let secret = config::read_secret(client, arn).await?;
                let lookup = |name: &str| (name == "ACS_KEY_IN_USE").then(|| key_in_use.clone());
                AcsResource::read(&lookup, Some(&secret))
            }
        };
        let acs = acs.map_err(ConfigError::Acs)?;
        let transport = ReqwestTransport::new(self.http.clone());
        Ok(acs_client(acs, ApiVersion::default(), transport))
    }

    /// Returns the queues; only a deployed stack has them.
    pub(crate) fn queues(&self) -> Result<&Queues, StackError> {
        self.queues.as_ref().ok_or(StackError::NoQueues)
    }
}

/// The clients' configuration has the credentials in it.
impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").finish_non_exhaustive()
    }
}
