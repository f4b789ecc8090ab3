//! What a function works with, made once at its start.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use acs_broker_config::{
    RandomnessError, Settings, SettingsError, SignInClaim, UserHashKey, acs_client, token_broker,
};
use acs_broker_core::{ScopePolicy, TokenBroker};
use acs_broker_http::HttpClient;
use acs_broker_identity_events::Sources;
use acs_broker_store_dynamodb::{DynamoStore, client};
use futures_util::future::join_all;
use jiff::Timestamp;
use lambda_http::http::Uri;
use thiserror::Error;

/// What a function works with.
pub struct App {
    /// The protocol.
    pub broker: TokenBroker<DynamoStore>,
    /// Which scopes and which lifetime a user gets.
    pub scope_policy: ScopePolicy,
    pub(crate) subject_claim: String,
    pub(crate) sign_in_claim: SignInClaim,
    pub(crate) operator_scope: String,
    pub(crate) event_sources: Option<Sources>,
    pub(crate) user_hash_key: UserHashKey,
    pub(crate) metrics_namespace: String,
    pub(crate) clock: Clock,
    pub(crate) log: LogSink,
    direct: HttpClient,
    /// The servers that a token needs: ACS, and the table unless the SDK alone reads it.
    servers: [Option<Uri>; 2],
    has_served: AtomicBool,
    has_warned_of_iat: AtomicBool,
}

/// Tells the time.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Takes the line that each invocation logs.
pub(crate) type LogSink = Arc<dyn Fn(&str) + Send + Sync>;

/// Why a function does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Settings are missing or wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The system has no randomness.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
}

impl App {
    /// Makes the clients. `clock` is the wall clock; `log` takes one line of JSON per invocation.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn new(
        settings: Settings,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        log: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let (direct, acs_server) = (settings.direct_http, settings.acs.endpoint.to_string());
        let acs = acs_client(settings.acs, settings.acs_api_version, direct.clone());
        let table = client(settings.dynamodb.clone(), settings.http);
        let mut store = DynamoStore::new(table, settings.table_name);
        if !settings.sdk_reads {
            store = store.with_direct_reads(&settings.dynamodb, direct.clone());
        }
        let servers = [acs_server.parse().ok(), store.server()];
        Ok(Self {
            broker: token_broker(store, acs, settings.broker)?,
            scope_policy: settings.scope_policy,
            subject_claim: settings.subject_claim,
            sign_in_claim: settings.sign_in_claim,
            operator_scope: settings.operator_scope,
            event_sources: settings.event_sources,
            user_hash_key: settings.user_hash_key,
            metrics_namespace: settings.metrics_namespace,
            clock: Arc::new(clock),
            log: Arc::new(log),
            direct,
            servers,
            has_served: AtomicBool::new(false),
            has_warned_of_iat: AtomicBool::new(false),
        })
    }

    /// Opens a connection to each server that a token needs, so that the first user does not wait
    /// for it. Without them a function works as well, only later.
    pub async fn open_connections(&self) {
        let opened = self.servers.iter().flatten().map(|server| self.direct.open(server.clone()));
        join_all(opened).await;
    }

    /// Returns whether this is the first invocation of this process.
    pub(crate) fn is_cold_start(&self) -> bool {
        !self.has_served.swap(true, Ordering::Relaxed)
    }

    /// Returns whether this is the first token of this process without `auth_time`.
    pub(crate) fn is_first_without_auth_time(&self) -> bool {
        !self.has_warned_of_iat.swap(true, Ordering::Relaxed)
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("broker", &self.broker).finish_non_exhaustive()
    }
}
