//! What the console works with, and how it looks at one user.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use acs_broker_config::{Settings, SettingsError};
use acs_broker_core::{
    CallContext, Issuer, KeyError, RecordKey, StoreError, Subject, TokenBroker, UserSnapshot,
    UserStore as _,
};
use acs_broker_identity_events::Sources;
use acs_broker_lambda::StartError;
use acs_broker_store_dynamodb::{DynamoStore, client};
use acs_emulator::Emulator;
use aws_sdk_dynamodb::Client;
use identity_client::Deadline;
use jiff::Timestamp;

use crate::clock::Clock;
use crate::console::directory::Directory;
use crate::console::problem::Problem;
use crate::console::rejection;
use crate::console::sessions::{ClaimNames, Sessions, SignedSession};
use crate::console::timeline::Timeline;
use crate::console::tokens::{HandedOut, KnownToken};
use crate::dev::identity_provider::IdentityProvider;
use crate::faults::Faults;
use crate::gateway::gateway_faults::GatewayEffect;
use crate::hosting::functions::Functions;
use crate::hosting::watched::{self, TableRoute};

/// How long a call of the console may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);

type ReadSettings = dyn Fn() -> Result<Settings, SettingsError> + Send + Sync;

/// What the console works with.
pub(crate) struct Console {
    /// The parts of the stack.
    pub(crate) parts: Parts,
    /// Reads the table.
    pub(crate) store: DynamoStore,
    /// Carries out an operator's operations, as `acs-broker` does.
    broker: RwLock<Arc<TokenBroker<DynamoStore>>>,
    read_settings: Box<ReadSettings>,
    /// The sources whose events count.
    pub(crate) sources: Option<Sources>,
    /// How sessions are read.
    pub(crate) claims: ClaimNames,
    /// The sessions signed since the start.
    pub(crate) sessions: Sessions,
    /// The tokens that clients got.
    pub(crate) handed_out: HandedOut,
    /// What happened.
    pub(crate) timeline: Arc<Timeline>,
    /// The users.
    pub(crate) directory: Directory,
    /// Held by what changes all parts, so that two such changes do not mix.
    pub(crate) whole_state: tokio::sync::Mutex<()>,
}

/// The parts of the stack that the console uses.
#[derive(Debug)]
pub(crate) struct Parts {
    /// Signs users in.
    pub(crate) provider: IdentityProvider,
    /// The functions.
    pub(crate) functions: Functions,
    /// Whether they run elsewhere, by a clock of their own.
    pub(crate) are_functions_elsewhere: bool,
    /// ACS.
    pub(crate) emulator: Arc<Emulator>,
    /// The URL of ACS, without a trailing slash.
    pub(crate) acs_url: String,
    /// A client of the table that no fault befalls; none where there is no table.
    pub(crate) table: Option<Client>,
    /// The table's faults, and its rows as a whole.
    pub(crate) route: TableRoute,
    /// The gateway's faults.
    pub(crate) gateway_faults: Arc<Faults<GatewayEffect>>,
    /// The process's one HTTP client.
    pub(crate) http: reqwest::Client,
    /// Tells the time.
    pub(crate) clock: Clock,
}

/// All that the parts of the stack know about one user at one moment.
#[derive(Debug)]
pub(crate) struct UserView {
    /// The user's record and the global cutoff.
    pub(crate) snapshot: UserSnapshot,
    /// The user's tokens at ACS, the newest first.
    pub(crate) tokens: Vec<KnownToken>,
    /// The user's sessions, the newest first.
    pub(crate) sessions: Vec<SignedSession>,
}

/// What an operation or an event has changed for a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    /// How many tokens were live and are dead.
    pub(crate) tokens_died: usize,
    /// How many sessions got tokens and get none.
    pub(crate) sessions_ended: usize,
}

impl Console {
    /// Returns the console of a stack; `read_settings` reads its settings.
    ///
    /// # Errors
    /// The settings are wrong, or the system gives no random bytes.
    pub(crate) fn new(
        read_settings: impl Fn() -> Result<Settings, SettingsError> + Send + Sync + 'static,
        parts: Parts,
    ) -> Result<Self, StartError> {
        let broker = watched::broker(read_settings()?, parts.route.clone())?;
        let settings = read_settings()?;
        let table = || client(settings.dynamodb.clone(), settings.http.clone());
        let now = parts.clock.now();
        Ok(Self {
            store: DynamoStore::new(parts.table.clone().unwrap_or_else(table), settings.table_name),
            broker: RwLock::new(Arc::new(broker)),
            read_settings: Box::new(read_settings),
            sources: settings.event_sources,
            claims: ClaimNames { subject: settings.subject_claim, sign_in: settings.sign_in_claim },
            sessions: Sessions::default(),
            handed_out: HandedOut::new(now),
            timeline: Arc::new(Timeline::new(now)),
            directory: Directory::default(),
            whole_state: tokio::sync::Mutex::default(),
            parts,
        })
    }

    /// Returns what carries out an operator's operations.
    pub(crate) fn broker(&self) -> Arc<TokenBroker<DynamoStore>> {
        Arc::clone(&self.broker.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Empties the memory of the functions in this process, and of what carries out operations.
    ///
    /// # Errors
    /// They cannot be made anew.
    pub(crate) fn empty_memory(&self) -> Result<(), StartError> {
        self.parts.functions.forget()?;
        let broker = watched::broker((self.read_settings)()?, self.parts.route.clone())?;
        *self.broker.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(broker);
        Ok(())
    }

    /// Returns the time.
    pub(crate) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// Returns the deadline of a call that begins now.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::new(self.now(), CALL_TIMEOUT)
    }

    /// Returns the key of a user of this issuer, or of the stack's own.
    ///
    /// # Errors
    /// The rule that a name breaks.
    pub(crate) fn user(&self, issuer: Option<&str>, subject: &str) -> Result<RecordKey, KeyError> {
        let issuer: Issuer = issuer.unwrap_or_else(|| self.parts.provider.issuer()).parse()?;
        Ok(RecordKey::user(issuer, subject.parse::<Subject>()?))
    }

    /// Looks at a user.
    ///
    /// # Errors
    /// The table does not respond.
    pub(crate) async fn view(&self, user: &RecordKey) -> Result<UserView, StoreError> {
        let snapshot = self.store.read_snapshot(user, &self.deadline()).await?;
        let identity = snapshot.stored.record.bound().map(|bound| bound.id.to_string());
        let tokens = identity.map(|id| self.tokens(&id)).unwrap_or_default();
        Ok(UserView { snapshot, tokens, sessions: self.sessions_of(user) })
    }

    /// Returns an identity's tokens, the newest first.
    pub(crate) fn tokens(&self, identity: &str) -> Vec<KnownToken> {
        let mut tokens = self.parts.emulator.tokens_of(identity, self.parts.clock.wall());
        tokens.reverse();
        self.handed_out.judge(tokens)
    }

    /// Returns a user's sessions; this identity provider signs none for users of another issuer.
    pub(crate) fn sessions_of(&self, user: &RecordKey) -> Vec<SignedSession> {
        match user {
            RecordKey::User(issuer, subject) if issuer.as_str() == self.parts.provider.issuer() => {
                self.sessions.of(subject.as_str())
            }
            _ => Vec::new(),
        }
    }

    /// Returns what has changed for a user since an earlier look.
    ///
    /// # Errors
    /// The table does not respond.
    pub(crate) async fn effect(
        &self,
        user: &RecordKey,
        before: &UserView,
    ) -> Result<Effect, Problem> {
        let after = self.view(user).await?;
        let (now, wall) = (self.now(), self.parts.clock.wall());
        let was_live = before.tokens.iter().filter(|token| token.is_live());
        // A deleted identity is no longer the user's, so ask by the token and not by the user.
        let has_died = |token: &&KnownToken| {
            let before = &token.state;
            let tokens = self.parts.emulator.tokens_of(&before.token.identity, wall);
            !tokens.iter().any(|now| now.fingerprint == before.fingerprint && now.active)
        };
        let could = |view: &UserView, session: &SignedSession| {
            rejection::of_session(&view.snapshot, session, now).is_none()
        };
        let has_ended =
            |session: &&SignedSession| could(before, session) && !could(&after, session);
        Ok(Effect {
            tokens_died: was_live.filter(has_died).count(),
            sessions_ended: before.sessions.iter().filter(has_ended).count(),
        })
    }
}

/// Returns the context of a call of the broker whose events nobody needs: the record shows them.
pub(crate) fn call(deadline: Deadline) -> CallContext<'static> {
    CallContext::new(deadline, &NoopObserver)
}

/// Ignores every event.
#[derive(Debug)]
struct NoopObserver;

impl acs_broker_core::Observer for NoopObserver {
    fn on_event(&self, _event: acs_broker_core::BrokerEvent) {}

    fn on_retry_scheduled(&self, _key: &RecordKey, _why: &acs_broker_core::BrokerError) {}

    fn on_optional_write_failed(&self, _write: &'static str, _why: &StoreError) {}
}

impl fmt::Debug for Console {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Console").field("parts", &self.parts).finish_non_exhaustive()
    }
}
