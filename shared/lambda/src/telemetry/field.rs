//! The fields of a log line. `docs/reference/metrics-and-logs.md` is made from this list.

/// A field of a log line, beside the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// INFO, WARN or ERROR.
    Level,
    /// When the line was written, RFC 3339.
    Timestamp,
    /// The operation, as `openapi.yaml` names it; `consumeEvent`; `sweep`.
    Operation,
    /// The gateway's id of the request, or the queue's id of the message.
    RequestId,
    /// Present and true in the first invocation of the process.
    ColdStart,
    /// The HTTP status of the response.
    Status,
    /// The problem code, or why an event was rejected.
    Code,
    /// The error with its causes.
    Error,
    /// What the operator should do.
    Hint,
    /// The caller, as a hash.
    User,
    /// The users of an operator's request, as hashes.
    Targets,
    /// The user of an event, as a hash.
    Target,
    /// The claim that gave the time of the sign-in, if it was not `auth_time`.
    SignInClaim,
    /// Where the token comes from: `created`, `minted` or `reused`.
    TokenSource,
    /// The identity provider of an event.
    Provider,
    /// The provider's name for the event.
    Kind,
    /// The operation that follows from an event.
    EventOperation,
    /// The provider's id of the event.
    EventId,
    /// When the event happened, by the provider's clock.
    OccurredAt,
    /// Why no operation follows from an event.
    SkipReason,
    /// The id of an identity that could not be recorded: delete it at ACS.
    LostIdentity,
    /// The operations that failed again: user, code and error.
    Rescheduled,
    /// Writes that failed and that nothing depends on.
    FailedWrites,
    /// What a scheduled pass did.
    Report,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 24] = [
        Self::Level,
        Self::Timestamp,
        Self::Operation,
        Self::RequestId,
        Self::ColdStart,
        Self::Status,
        Self::Code,
        Self::Error,
        Self::Hint,
        Self::User,
        Self::Targets,
        Self::Target,
        Self::SignInClaim,
        Self::TokenSource,
        Self::Provider,
        Self::Kind,
        Self::EventOperation,
        Self::EventId,
        Self::OccurredAt,
        Self::SkipReason,
        Self::LostIdentity,
        Self::Rescheduled,
        Self::FailedWrites,
        Self::Report,
    ];

    /// Returns the name in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.texts().0
    }

    /// Returns what the field holds.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        self.texts().1
    }

    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Level => ("level", "INFO, WARN or ERROR"),
            Self::Timestamp => ("timestamp", "when the line was written, RFC 3339"),
            Self::Operation => {
                ("operation", "the operation, as `openapi.yaml` names it; `consumeEvent`; `sweep`")
            }
            Self::RequestId => {
                ("requestId", "the gateway's id of the request, or the queue's id of the message")
            }
            Self::ColdStart => {
                ("coldStart", "true in the first invocation of the process, else left out")
            }
            Self::Status => ("status", "the HTTP status of the response"),
            Self::Code => ("code", "the problem code, or why an event was rejected"),
            Self::Error => ("error", "the error with its causes"),
            Self::Hint => ("hint", "what the operator should do"),
            Self::User => ("user", "the caller, as a hash"),
            Self::Targets => ("targets", "the users of an operator's request, as hashes"),
            Self::Target => ("target", "the user of an event, as a hash"),
            Self::SignInClaim => (
                "signInClaim",
                "the claim that gave the time of the sign-in, if it was not `auth_time`",
            ),
            Self::TokenSource => {
                ("tokenSource", "where the token comes from: `created`, `minted` or `reused`")
            }
            Self::Provider => ("provider", "the identity provider of an event"),
            Self::Kind => ("kind", "the provider's name for the event"),
            Self::EventOperation => ("eventOperation", "the operation that follows from an event"),
            Self::EventId => ("eventId", "the provider's id of the event"),
            Self::OccurredAt => ("occurredAt", "when the event happened, by the provider's clock"),
            Self::SkipReason => ("skipReason", "why no operation follows from an event"),
            Self::LostIdentity => (
                "lostIdentity",
                "the id of an identity that could not be recorded: delete it at ACS",
            ),
            Self::Rescheduled => {
                ("rescheduled", "the operations that failed again: user, code and error")
            }
            Self::FailedWrites => {
                ("failedWrites", "writes that failed and that nothing depends on")
            }
            Self::Report => ("report", "what a scheduled pass did"),
        }
    }
}
