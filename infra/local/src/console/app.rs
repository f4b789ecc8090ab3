//! What the console works with, and how it looks at one user.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use acs_broker_config::{RandomnessError, Settings, acs_client, token_broker};
use acs_broker_core::{
    CallContext, Issuer, KeyError, RecordKey, StoreError, Subject, TokenBroker, UserSnapshot,
    UserStore as _,
};
use acs_broker_identity_events::Sources;
use acs_broker_store_dynamodb::{DynamoStore, client};
use acs_emulator::Emulator;
use identity_client::Deadline;

use crate::clock::Clock;
use crate::console::problem::Problem;
use crate::console::rejection;
use crate::console::sessions::{ClaimNames, Sessions, SignedSession};
use crate::console::timeline::Timeline;
use crate::console::tokens::{HandedOut, KnownToken};
use crate::dev::identity_provider::IdentityProvider;
use crate::hosting::functions::Functions;

/// How long a call of the console may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// What the console works with.
pub(crate) struct Console {
    /// Signs users in.
    pub(crate) provider: IdentityProvider,
    /// The functions that consume events and sweep.
    pub(crate) functions: Functions,
    /// Reads the table.
    pub(crate) store: DynamoStore,
    /// Carries out an operator's operations, as `acs-broker` does.
    pub(crate) broker: TokenBroker<DynamoStore>,
    /// Knows the tokens.
    pub(crate) emulator: Arc<Emulator>,
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
    /// Tells the time.
    pub(crate) clock: Clock,
}

/// The parts of the stack that the console uses.
#[derive(Debug)]
pub(crate) struct Parts {
    /// Signs users in.
    pub(crate) provider: IdentityProvider,
    /// The functions.
    pub(crate) functions: Functions,
    /// ACS.
    pub(crate) emulator: Arc<Emulator>,
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
    /// Returns the console of a stack with these settings.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub(crate) fn new(settings: Settings, parts: Parts) -> Result<Self, RandomnessError> {
        let Parts { provider, functions, emulator, clock } = parts;
        let acs = acs_client(settings.acs, settings.acs_api_version, settings.direct_http);
        let table = client(settings.dynamodb, settings.http);
        let store = || DynamoStore::new(table.clone(), settings.table_name.clone());
        Ok(Self {
            provider,
            functions,
            store: store(),
            broker: token_broker(store(), acs, settings.broker)?,
            emulator,
            sources: settings.event_sources,
            claims: ClaimNames { subject: settings.subject_claim, sign_in: settings.sign_in_claim },
            sessions: Sessions::default(),
            handed_out: HandedOut::new(clock()),
            timeline: Arc::new(Timeline::new(clock())),
            clock,
        })
    }

    /// Returns the deadline of a call that begins now.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::new((self.clock)(), CALL_TIMEOUT)
    }

    /// Returns the key of a user of this issuer, or of the stack's own.
    ///
    /// # Errors
    /// The rule that a name breaks.
    pub(crate) fn user(&self, issuer: Option<&str>, subject: &str) -> Result<RecordKey, KeyError> {
        let issuer: Issuer = issuer.unwrap_or_else(|| self.provider.issuer()).parse()?;
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
        let mut tokens = self.emulator.tokens_of(identity, (self.clock)());
        tokens.reverse();
        self.handed_out.judge(tokens)
    }

    /// Returns a user's sessions; this identity provider signs none for users of another issuer.
    pub(crate) fn sessions_of(&self, user: &RecordKey) -> Vec<SignedSession> {
        match user {
            RecordKey::User(issuer, subject) if issuer.as_str() == self.provider.issuer() => {
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
        let now = (self.clock)();
        let was_live = before.tokens.iter().filter(|token| token.is_live());
        // A deleted identity is no longer the user's, so ask by the token and not by the user.
        let has_died = |token: &&KnownToken| {
            let before = &token.state;
            let tokens = self.emulator.tokens_of(&before.token.identity, now);
            !tokens.iter().any(|now| now.fingerprint == before.fingerprint && now.active)
        };
        let could = |view: &UserView, session: &SignedSession| {
            rejection::of_session(view, session, now).is_none()
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
        formatter.debug_struct("Console").field("provider", &self.provider).finish_non_exhaustive()
    }
}
