use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use acs_broker_core::{ScopePolicy, TokenBroker};
use acs_broker_identity_events::Sources;
use acs_broker_store_dynamodb::{DynamoTable, Nonce, dynamo};
use identity_client::{IdentityClient, Options, ReqwestTransport, Timestamp};
use thiserror::Error;

use crate::settings::{Settings, SettingsError, SignInClaim, UserHashKey};

/// What a function works with, made once at its start.
pub struct App {
    /// The protocols.
    pub broker: TokenBroker<DynamoTable>,
    /// Who gets which scopes.
    pub scope_policy: ScopePolicy,
    pub(crate) subject_claim: String,
    pub(crate) sign_in_claim: SignInClaim,
    pub(crate) operator_scope: String,
    pub(crate) event_sources: Option<Sources>,
    pub(crate) user_hash_key: UserHashKey,
    pub(crate) metrics_namespace: String,
    pub(crate) clock: fn() -> Timestamp,
    pub(crate) log: LogLine,
    is_cold: AtomicBool,
}

/// Where the line goes that each request logs.
pub(crate) type LogLine = Arc<dyn Fn(&str) + Send + Sync>;

/// Why a function does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Settings are missing or wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The system has no randomness.
    #[error("the system gives no random bytes")]
    Randomness(#[source] getrandom::Error),
}

impl App {
    /// Makes the clients. `clock` is the wall clock; `log` takes one line of JSON per request.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn new(
        settings: Settings,
        clock: fn() -> Timestamp,
        log: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let options = Options { api_version: settings.acs_api_version, ..Options::default() };
        let transport = Arc::new(ReqwestTransport::new(settings.http.clone()));
        let acs = IdentityClient::new(settings.acs_endpoint, settings.acs_keys, transport, options);
        let dynamodb = dynamo::client(settings.table_access, settings.http);
        let table = DynamoTable::new(dynamodb, settings.table_name);
        let broker_settings =
            acs_broker_core::Settings { tombstone_retention: settings.tombstone_retention };
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(StartError::Randomness)?;
        Ok(Self {
            broker: TokenBroker::new(table, acs, broker_settings, Nonce::counted_from(random)),
            scope_policy: settings.scope_policy,
            subject_claim: settings.subject_claim,
            sign_in_claim: settings.sign_in_claim,
            operator_scope: settings.operator_scope,
            event_sources: settings.event_sources,
            user_hash_key: settings.user_hash_key,
            metrics_namespace: settings.metrics_namespace,
            clock,
            log: Arc::new(log),
            is_cold: AtomicBool::new(true),
        })
    }

    /// Whether this is the first request of this process.
    pub(crate) fn is_cold(&self) -> bool {
        self.is_cold.swap(false, Ordering::Relaxed)
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("broker", &self.broker).finish_non_exhaustive()
    }
}
