//! Where a stack is, and how to reach its parts.

mod acs;
mod deployed;
mod local;
mod whereabouts;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use acs_broker_core::{Settings, TokenBroker};
use acs_broker_store_dynamodb::dynamo::Client as DynamoDb;
use acs_broker_store_dynamodb::{DynamoTable, Issuer, Nonce};
use aws_sdk_secretsmanager::Client as SecretsManager;
use identity_client::{BuildError, IdentityClient, KeyRing, Options, ReqwestTransport, Timestamp};
use thiserror::Error;

use self::acs::{AcsAccess, AcsAccessError};
pub(crate) use self::whereabouts::{Place, Whereabouts};
use crate::aws::AwsError;
use crate::failure::Failure;
use crate::queues::Queues;
use crate::records::Records;

/// A stack that was found.
pub(crate) struct Stack {
    pub(crate) records: Records<DynamoTable>,
    tombstone_retention: Duration,
    acs: Acs,
    queues: Option<Queues>,
    http: reqwest::Client,
}

/// How to reach ACS, as far as it was looked up: most commands do not need its key.
enum Acs {
    /// Here, as the functions have it in their environment.
    Settings(BTreeMap<String, String>),
    /// In this secret of Secrets Manager.
    Secret(SecretsManager, String),
}

/// What a stack says about itself.
struct Description {
    issuer: Issuer,
    table_name: String,
    tombstone_retention: Duration,
    acs: Acs,
    queues: Option<Queues>,
}

/// Why a stack cannot be used.
#[derive(Debug, Error)]
pub(crate) enum StackError {
    /// The file of further certificate authorities, or TLS.
    #[error("the HTTP client cannot be made")]
    Http(#[source] BuildError),
    /// AWS has no region to go to.
    #[error("no AWS region: give --region, or set AWS_REGION or the profile's region")]
    NoRegion,
    /// CloudFormation does not describe the stack.
    #[error("the stack {0} cannot be described")]
    Undescribed(String, #[source] AwsError),
    /// It is another stack, or one of an older template.
    #[error("the stack {stack} has no output {}", outputs.join(", "))]
    NoOutput { stack: String, outputs: Vec<&'static str> },
    /// An output, or a setting of a local stack, breaks its rule.
    #[error("{0} {1}")]
    Wrong(&'static str, &'static str),
    /// Nobody answers at the address of a local stack.
    #[error("there is no local stack at {0}: start one with make run, or give its address")]
    NoLocalStack(String, #[source] reqwest::Error),
    /// Something answers there that is no local stack.
    #[error("what answers at {0} does not tell a local stack's settings")]
    NotALocalStack(String),
    /// Secrets Manager does not give the secret with ACS's key.
    #[error("the stack's secret cannot be read")]
    Secret(#[source] AwsError),
    /// There is no way to ACS in the secret, or in a local stack's settings.
    #[error("there is no way to ACS")]
    Acs(#[from] AcsAccessError),
    /// The system has no randomness.
    #[error("the system gives no random bytes")]
    Randomness(#[source] getrandom::Error),
}

impl Stack {
    /// Finds the stack. Nothing is written, and no secret is read.
    pub(crate) async fn find(
        place: Place<'_>,
        extra_roots_pem: Option<&[u8]>,
        clock: fn() -> Timestamp,
    ) -> Result<Self, StackError> {
        let http = identity_client::http_client(extra_roots_pem).map_err(StackError::Http)?;
        let (config, description) = match place {
            Place::Deployed { stack, region, profile } => {
                let config = deployed::config(region, profile, http.clone()).await?;
                let description = deployed::describe(&config, stack).await?;
                (config, description)
            }
            Place::Local(url) => local::describe(url, &http).await?,
        };
        let table = DynamoTable::new(DynamoDb::new(&config), description.table_name);
        Ok(Self {
            records: Records { table, issuer: description.issuer, clock },
            tombstone_retention: description.tombstone_retention,
            acs: description.acs,
            queues: description.queues,
            http,
        })
    }

    /// The protocols over this stack's table and ACS resource.
    pub(crate) async fn broker(&self) -> Result<TokenBroker<DynamoTable>, StackError> {
        let AcsAccess { endpoint, primary, secondary } = match &self.acs {
            Acs::Settings(settings) => AcsAccess::read(settings, true)?,
            Acs::Secret(client, arn) => acs::read_secret(client, arn).await?,
        };
        let keys = KeyRing::new(primary, secondary.into_iter().collect());
        let transport = Arc::new(ReqwestTransport::new(self.http.clone()));
        let client = IdentityClient::new(endpoint, keys, transport, Options::default());
        let settings = Settings { tombstone_retention: self.tombstone_retention };
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(StackError::Randomness)?;
        let nonces = Nonce::counted_from(random);
        Ok(TokenBroker::new(self.records.table.clone(), client, settings, nonces))
    }

    /// The queues, which only a deployed stack has.
    pub(crate) fn queues(&self) -> Result<&Queues, Failure> {
        let rule = "a local stack has no queues, and so no dead letters";
        self.queues.as_ref().ok_or_else(|| Failure::Usage(rule.to_owned()))
    }
}

/// The clients' configuration has the credentials in it.
impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").finish_non_exhaustive()
    }
}

/// How long marks are kept, as the setting `TOMBSTONE_DAYS` has it.
fn days(text: &str) -> Option<Duration> {
    let days = text.parse::<u32>().ok().filter(|days| (1..=36_500).contains(days));
    days.map(|days| Duration::from_hours(24 * u64::from(days)))
}
