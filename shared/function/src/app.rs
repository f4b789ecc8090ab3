use std::fmt;
use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use identity_client::{
    BuildError, IdentityClient, Options, ReqwestTransport, Timestamp, http_client,
};
use thiserror::Error;
use token_broker::{ScopePolicy, TokenBroker};
use user_table::{DynamoTable, Nonce, dynamo};

use crate::settings::{Settings, SettingsError, SignInClaim, UserHashKey};

/// What a function works with, made once at its start.
pub struct App {
    /// The protocols.
    pub broker: TokenBroker<DynamoTable>,
    /// Who gets which scopes.
    pub scope_policy: ScopePolicy,
    pub(crate) sign_in_claim: SignInClaim,
    pub(crate) operator_scope: String,
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
    /// The file of further certificate authorities cannot be read.
    #[error("EXTRA_CA_FILE cannot be read")]
    ExtraCa(#[source] io::Error),
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be made; EXTRA_CA_FILE must be PEM")]
    HttpClient(#[source] BuildError),
    /// The system has no randomness.
    #[error("the system gives no random bytes")]
    Randomness(#[source] getrandom::Error),
}

impl App {
    /// Makes the clients. `clock` is the wall clock; `log` takes one line of JSON per request.
    ///
    /// # Errors
    /// The file of certificate authorities is missing or no PEM, or there is no randomness.
    pub fn new(
        settings: Settings,
        clock: fn() -> Timestamp,
        log: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let roots =
            settings.extra_ca_file.map(fs::read).transpose().map_err(StartError::ExtraCa)?;
        let http = http_client(roots.as_deref()).map_err(StartError::HttpClient)?;
        let options = Options { api_version: settings.acs_api_version, ..Options::default() };
        let transport = Arc::new(ReqwestTransport::new(http.clone()));
        let acs =
            IdentityClient::new(settings.acs.endpoint, settings.acs.access_key, transport, options);
        let dynamodb = dynamo::client(settings.table_access, http);
        let table = DynamoTable::new(dynamodb, settings.table_name);
        let broker_settings =
            token_broker::Settings { tombstone_retention: settings.tombstone_retention };
        random_nonce().map_err(StartError::Randomness)?;
        let nonces = || random_nonce().unwrap_or_else(|_| Nonce::from_bits(0));
        Ok(Self {
            broker: TokenBroker::new(table, acs, broker_settings, nonces),
            scope_policy: settings.scope_policy,
            sign_in_claim: settings.sign_in_claim,
            operator_scope: settings.operator_scope,
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

fn random_nonce() -> Result<Nonce, getrandom::Error> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits)?;
    Ok(Nonce::from_bits(u128::from_ne_bytes(bits)))
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("broker", &self.broker).finish_non_exhaustive()
    }
}
