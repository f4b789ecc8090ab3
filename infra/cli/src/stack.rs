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
use crate::clock::{self, Clock};
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
    /// The time of a local stack's machine when it was found, and that of this one.
    local_clocks: Option<(Timestamp, Timestamp)>,
}

impl Stack {
    /// Finds the stack, and returns it with the configuration of its AWS clients. Nothing is written,
    /// and no secret is read.
    pub(crate) async fn find_with_config(
        target: StackTarget<'_>,
        http: reqwest::Client,
        clock: fn() -> Timestamp,
    ) -> Result<(SdkConfig, Self), StackError> {
        let (mut moved, mut local_clocks) = (Clock::of(clock), None);
        let (config, description) = match target {
            StackTarget::Deployed { stack, region, profile } => {
                let config = config::aws_config(region, profile, http.clone()).await?;
                let description = deployed::describe(&config, stack).await?;
                (config, description)
            }
            StackTarget::Local(url) => {
                if let Some(there) = local::clock(url, &http).await? {
                    moved = moved.moved(there.offset_seconds);
                    local_clocks = Some((there.wall(), clock()));
                }
                local::describe(url, &http).await?
            }
        };
        let table = DynamoStore::new(DynamoDb::new(&config), &description.table_name);
        let stack = Self {
            table_name: description.table_name,
            records: Records { table, issuer: description.issuer, clock: moved },
            tombstone_retention: description.tombstone_retention,
            acs: description.acs,
            queues: description.queues,
            http,
            local_clocks,
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

    /// Compares this machine's clock with the stack's. Returns whether there was one to compare
    /// with: ACS may be out of service, and revocations must be recorded all the same.
    ///
    /// # Errors
    /// The clocks are too far apart to write anything, or the secret cannot be read.
    pub(crate) async fn compare_clocks(&self, now: Timestamp) -> Result<bool, StackError> {
        if let Some((there, here)) = self.local_clocks {
            clock::compare(here, there, "the local stack").map_err(StackError::Skew)?;
            return Ok(true);
        }
        let endpoint = self.resource().await?.endpoint.to_string();
        let began = std::time::Instant::now();
        let Ok(Some(there)) = clock::date_of(&self.http, &endpoint).await else { return Ok(false) };
        let here = now.checked_add(began.elapsed()).unwrap_or(now);
        clock::compare(here, there, "ACS").map_err(StackError::Skew)?;
        Ok(true)
    }

    /// Returns a client of this stack's ACS resource. It reads the secret.
    pub(crate) async fn acs(&self) -> Result<IdentityClient, StackError> {
        let transport = ReqwestTransport::new(self.http.clone());
        Ok(acs_client(self.resource().await?, ApiVersion::default(), transport))
    }

    async fn resource(&self) -> Result<AcsResource, StackError> {
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
        Ok(acs.map_err(ConfigError::Acs)?)
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
