//! The metrics that a log line carries. `docs/reference/metrics-and-logs.md` is made from this list.

/// A metric in CloudWatch's embedded metric format. Its one dimension is `operation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// A token was handed out.
    TokenIssued,
    /// A token in memory was handed out again.
    TokenReused,
    /// A user's tokens were revoked on request.
    TokensRevoked,
    /// A user's identity was deleted on request.
    UserDeleted,
    /// An operator suspended a user.
    SuspensionAdded,
    /// An operator lifted a suspension.
    SuspensionLifted,
    /// An identity provider's event was carried out.
    EventHandled,
    /// An event was recorded and left to `sweep`, because ACS did not carry it out.
    EventDeferred,
    /// An event was not recorded and returned to its queue.
    EventRetried,
    /// No operation follows from an event; the log line has the reason.
    EventSkipped,
    /// An event cannot be carried out and goes to the dead letters.
    EventRejected,
    /// A rejected event does not name its user.
    EventWithoutUser,
    /// Milliseconds from an event, by the provider's clock, to the end of its operation at ACS.
    RevocationLatency,
    /// Milliseconds of an invocation, or of one message of a batch.
    Latency,
    /// ACS created an identity for a user.
    IdentityCreated,
    /// A new identity replaced one that ACS has confirmed not to exist.
    IdentityReplaced,
    /// An identity that could not be bound was deleted again.
    IdentityDiscarded,
    /// An identity that could not be bound waits to be deleted.
    OrphanJournaled,
    /// ACS may have created an identity whose id is unknown.
    IdentityUnconfirmed,
    /// An identity could not be recorded; the log line has its id.
    IdentityLost,
    /// A minted token was discarded, because the record no longer allowed it.
    TokenDiscarded,
    /// A request waited for another one that creates the identity.
    LeaseWait,
    /// An operation failed again and is scheduled again.
    RetryScheduled,
    /// ACS refused the product: key, resource or version.
    AcsMisconfigured,
    /// ACS was over its quota.
    AcsThrottled,
    /// ACS did not respond, or failed.
    AcsUnavailable,
    /// A request broke a rule, or asked for more than the policy grants.
    BadRequest,
    /// A request used up its time.
    DeadlineExceeded,
    /// A request gave up waiting for another one.
    IdentityBusy,
    /// A mistake of the product or of the deployment.
    InternalError,
    /// The claims of a token name no user, or no time of the sign-in.
    InvalidClaims,
    /// A caller without the operators' scope called an operators' route.
    OperatorScopeRequired,
    /// A session was refused that signed in before a cutoff.
    SignInAgain,
    /// A user was refused who asks for tokens in a loop.
    TooManyRequests,
    /// The user table did not respond.
    TableUnavailable,
    /// A suspended user was refused.
    UserSuspended,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 36] = [
        Self::TokenIssued,
        Self::TokenReused,
        Self::TokensRevoked,
        Self::UserDeleted,
        Self::SuspensionAdded,
        Self::SuspensionLifted,
        Self::EventHandled,
        Self::EventDeferred,
        Self::EventRetried,
        Self::EventSkipped,
        Self::EventRejected,
        Self::EventWithoutUser,
        Self::RevocationLatency,
        Self::Latency,
        Self::IdentityCreated,
        Self::IdentityReplaced,
        Self::IdentityDiscarded,
        Self::OrphanJournaled,
        Self::IdentityUnconfirmed,
        Self::IdentityLost,
        Self::TokenDiscarded,
        Self::LeaseWait,
        Self::RetryScheduled,
        Self::AcsMisconfigured,
        Self::AcsThrottled,
        Self::AcsUnavailable,
        Self::BadRequest,
        Self::DeadlineExceeded,
        Self::IdentityBusy,
        Self::InternalError,
        Self::InvalidClaims,
        Self::OperatorScopeRequired,
        Self::SignInAgain,
        Self::TooManyRequests,
        Self::TableUnavailable,
        Self::UserSuspended,
    ];

    /// Returns the name in CloudWatch.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.texts().0
    }

    /// Returns what the metric counts or measures, a sentence.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        self.texts().1
    }

    /// Returns CloudWatch's unit; a count has none.
    #[must_use]
    pub const fn unit(self) -> Option<&'static str> {
        match self {
            Self::Latency | Self::RevocationLatency => Some("Milliseconds"),
            _ => None,
        }
    }

    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::TokenIssued => ("TokenIssued", "A token was handed out."),
            Self::TokenReused => ("TokenReused", "A token in memory was handed out again."),
            Self::TokensRevoked => ("TokensRevoked", "A user's tokens were revoked on request."),
            Self::UserDeleted => ("UserDeleted", "A user's identity was deleted on request."),
            Self::SuspensionAdded => ("SuspensionAdded", "An operator suspended a user."),
            Self::SuspensionLifted => ("SuspensionLifted", "An operator lifted a suspension."),
            Self::EventHandled => ("EventHandled", "An identity provider's event was carried out."),
            Self::EventDeferred => (
                "EventDeferred",
                "An event was recorded and left to `sweep`, because ACS did not carry it out.",
            ),
            Self::EventRetried => {
                ("EventRetried", "An event was not recorded and returned to its queue.")
            }
            Self::EventSkipped => {
                ("EventSkipped", "No operation follows from an event; the log line has the reason.")
            }
            Self::EventRejected => {
                ("EventRejected", "An event cannot be carried out and goes to the dead letters.")
            }
            Self::EventWithoutUser => {
                ("EventWithoutUser", "A rejected event does not name its user.")
            }
            Self::RevocationLatency => (
                "RevocationLatency",
                "Milliseconds from an event, by the provider's clock, to the end of its operation at ACS.",
            ),
            Self::Latency => {
                ("Latency", "Milliseconds of an invocation, or of one message of a batch.")
            }
            Self::IdentityCreated => ("IdentityCreated", "ACS created an identity for a user."),
            Self::IdentityReplaced => (
                "IdentityReplaced",
                "A new identity replaced one that ACS has confirmed not to exist.",
            ),
            Self::IdentityDiscarded => {
                ("IdentityDiscarded", "An identity that could not be bound was deleted again.")
            }
            Self::OrphanJournaled => {
                ("OrphanJournaled", "An identity that could not be bound waits to be deleted.")
            }
            Self::IdentityUnconfirmed => {
                ("IdentityUnconfirmed", "ACS may have created an identity whose id is unknown.")
            }
            Self::IdentityLost => {
                ("IdentityLost", "An identity could not be recorded; the log line has its id.")
            }
            Self::TokenDiscarded => (
                "TokenDiscarded",
                "A minted token was discarded, because the record no longer allowed it.",
            ),
            Self::LeaseWait => {
                ("LeaseWait", "A request waited for another one that creates the identity.")
            }
            Self::RetryScheduled => {
                ("RetryScheduled", "An operation failed again and is scheduled again.")
            }
            Self::AcsMisconfigured => {
                ("AcsMisconfigured", "ACS refused the product: key, resource or version.")
            }
            Self::AcsThrottled => ("AcsThrottled", "ACS was over its quota."),
            Self::AcsUnavailable => ("AcsUnavailable", "ACS did not respond, or failed."),
            Self::BadRequest => {
                ("BadRequest", "A request broke a rule, or asked for more than the policy grants.")
            }
            Self::DeadlineExceeded => ("DeadlineExceeded", "A request used up its time."),
            Self::IdentityBusy => ("IdentityBusy", "A request gave up waiting for another one."),
            Self::InternalError => {
                ("InternalError", "A mistake of the product or of the deployment.")
            }
            Self::InvalidClaims => {
                ("InvalidClaims", "The claims of a token name no user, or no time of the sign-in.")
            }
            Self::OperatorScopeRequired => (
                "OperatorScopeRequired",
                "A caller without the operators' scope called an operators' route.",
            ),
            Self::SignInAgain => {
                ("SignInAgain", "A session was refused that signed in before a cutoff.")
            }
            Self::TooManyRequests => ("TooManyRequests", "A user was refused who asks in a loop."),
            Self::TableUnavailable => ("TableUnavailable", "The user table did not respond."),
            Self::UserSuspended => ("UserSuspended", "A suspended user was refused."),
        }
    }
}
