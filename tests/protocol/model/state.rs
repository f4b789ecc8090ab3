//! The state of the modelled world: one user's row, the identities and tokens at ACS, and requests
//! that are each about to make a call.

/// How many requests there are. The identity and the token of before have a place of their own.
pub(crate) const REQUESTS: usize = 3;
pub(crate) const BEFORE: usize = REQUESTS;

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) row: Row,
    /// By the request that created it: whether it lives.
    pub(crate) identities: [Option<bool>; REQUESTS + 1],
    /// By the request that asked for it.
    pub(crate) tokens: [Option<Token>; REQUESTS + 1],
    /// Which identities wait to be deleted as orphans.
    pub(crate) journal: [bool; REQUESTS],
    pub(crate) requests: [Request; REQUESTS],
    /// How many processes may still die, and how many calls may still break.
    pub(crate) crashes: u8,
    pub(crate) losses: u8,
}

/// The user's row. Instants are told apart only by the clock that they come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub(crate) version: u8,
    pub(crate) identity: Identity,
    pub(crate) pending: Option<Pending>,
    /// Whether the old sessions have ended.
    pub(crate) is_cut: bool,
    pub(crate) unconfirmed: u8,
    /// The pause after a lost creation, by whether the clock was ahead.
    pub(crate) pause: Option<bool>,
    /// The report that the identity does not exist, by whether the clock was ahead.
    pub(crate) not_found: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Identity {
    None,
    Creating { holder: usize, is_ahead: bool, cancelled: bool },
    Bound(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pending {
    pub(crate) operation: Operation,
    /// Whether the clock of the last attempt was ahead, and whether it has failed.
    pub(crate) is_ahead: bool,
    pub(crate) failed: bool,
}

/// An operation that was accepted: by whom, and about which identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Operation {
    pub(crate) deletes: bool,
    pub(crate) owner: usize,
    pub(crate) identity: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Token {
    pub(crate) identity: usize,
    pub(crate) is_alive: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Request {
    pub(crate) ask: Ask,
    pub(crate) next: Next,
    /// The row as the request saw it last, and as it was when an attempt began.
    pub(crate) seen: Row,
    pub(crate) base: Row,
    /// Whether it began after an operation had been acknowledged.
    pub(crate) is_late: bool,
}

/// What is asked for. A request whose clock is ahead sees the leases of others expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Ask {
    Issue { is_old: bool, is_ahead: bool },
    Revoke,
    Delete,
}

/// The call that a request makes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Next {
    Begin,
    Read,
    Create,
    /// A write, and at the same time the read of the global cutoff.
    Bind {
        bind: Bind,
        glimpse: Glimpse,
    },
    Mint(usize),
    /// The read after the minting.
    Verify(usize),
    /// The read after ACS has reported that the identity does not exist.
    Recheck(usize),
    Act(Operation),
    Discard,
    Write(Write),
    End(End),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Bind {
    Write,
    Read,
    Over { is_bound: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Glimpse {
    Asked,
    Seen,
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Write {
    Accept,
    Claim,
    Bind,
    Release { is_unconfirmed: bool },
    Attempt(Operation),
    Clear(Operation),
    Fail { operation: Operation, is_not_found: bool },
    NoteMissing(Operation),
    Journal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum End {
    Token,
    Acknowledged,
    Refused,
    Failed,
    Dead,
}

impl Ask {
    pub(crate) fn is_ahead(self) -> bool {
        matches!(self, Self::Issue { is_ahead: true, .. })
    }

    pub(crate) fn is_old(self) -> bool {
        matches!(self, Self::Issue { is_old: true, .. })
    }
}

impl Request {
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.next, Next::End(_))
    }

    pub(crate) fn has_token(&self) -> bool {
        self.next == Next::End(End::Token)
    }
}

impl Row {
    /// Whether a token for this identity will live.
    pub(crate) fn is_usable(&self, identity: usize) -> bool {
        self.identity == Identity::Bound(identity) && self.pending.is_none()
    }

    /// Whether a request must wait for the end of a pause.
    pub(crate) fn is_paused_for(&self, ask: Ask) -> bool {
        self.pause.is_some_and(|was_ahead| was_ahead || !ask.is_ahead())
    }

    /// Whether a request takes the lease that is in the row for expired.
    pub(crate) fn is_expired_for(&self, ask: Ask) -> bool {
        matches!(self.identity, Identity::Creating { is_ahead: false, .. } if ask.is_ahead())
    }
}

impl Pending {
    /// Whether nobody attempts it, as far as this request can see.
    pub(crate) fn is_free_for(&self, ask: Ask) -> bool {
        match (self.is_ahead, ask.is_ahead()) {
            (false, true) => true,
            (true, false) => !self.failed,
            _ => false,
        }
    }
}
