//! The cells of the matrix, and what each must end in.

use http::Method;

/// A route of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Route {
    Issue,
    Revoke,
    Delete,
    RevokeUsers,
    SuspendUsers,
    UnsuspendUsers,
    DeleteUsers,
}

/// The caller's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Session {
    /// The request carries none.
    None,
    /// With a signature that is not the issuer's.
    Forged,
    /// Its JWT has expired.
    Expired,
    Active,
    /// The caller is suspended.
    Suspended,
    /// The caller's sessions were ended after it began.
    Ended,
    /// The caller was deleted after it began.
    Deleted,
}

/// What the caller sends as a bearer token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Access,
    Id,
    /// A token that ACS has issued.
    Acs,
}

/// What the caller's token permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    None,
    Other,
    Operators,
}

/// Whom the request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Themselves,
    Known,
    Unknown,
    Deleted,
}

/// One request of one caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    pub(super) route: Route,
    pub(super) session: Session,
    pub(super) kind: Kind,
    pub(super) scope: Scope,
    pub(super) target: Target,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Allowed,
    /// With this status and code; the gateway's own refusals have no code.
    Refused(u16, &'static str),
}

const ROUTES: [Route; 7] = [
    Route::Issue,
    Route::Revoke,
    Route::Delete,
    Route::RevokeUsers,
    Route::SuspendUsers,
    Route::UnsuspendUsers,
    Route::DeleteUsers,
];
const SESSIONS: [Session; 7] = [
    Session::None,
    Session::Forged,
    Session::Expired,
    Session::Active,
    Session::Suspended,
    Session::Ended,
    Session::Deleted,
];
const KINDS: [Kind; 3] = [Kind::Access, Kind::Id, Kind::Acs];
const SCOPES: [Scope; 3] = [Scope::None, Scope::Other, Scope::Operators];
const TARGETS: [Target; 4] = [Target::Themselves, Target::Known, Target::Unknown, Target::Deleted];

/// How many cells there are.
pub(super) const COUNT: usize =
    ROUTES.len() * SESSIONS.len() * KINDS.len() * SCOPES.len() * TARGETS.len();
/// How many of them are allowed: of three scopes each, a token of an active user, a revocation in
/// four states and a deletion in two; and four operations of an operator on four kinds of users.
pub(super) const ALLOWED: usize = 3 * (1 + 4 + 2) + 4 * 4;

/// Returns each cell with what it must end in, route by route.
pub(super) fn all() -> Vec<(Cell, Expected)> {
    let mut cells = Vec::new();
    for route in ROUTES {
        for session in SESSIONS {
            for kind in KINDS {
                for scope in SCOPES {
                    for target in TARGETS {
                        let cell = Cell { route, session, kind, scope, target };
                        cells.push((cell, cell.expected()));
                    }
                }
            }
        }
    }
    cells
}

impl Cell {
    /// Returns what the contract says: first the gateway, then the function, then the record.
    fn expected(self) -> Expected {
        let is_verified =
            !matches!(self.session, Session::None | Session::Forged | Session::Expired);
        if !is_verified || self.kind == Kind::Acs {
            return Expected::Refused(401, "");
        }
        if self.route.is_operators() && self.scope != Scope::Operators {
            return Expected::Refused(403, "");
        }
        if self.kind == Kind::Id {
            return Expected::Refused(401, "invalid_claims");
        }
        if !self.route.is_operators() && self.target != Target::Themselves {
            return Expected::Refused(400, "invalid_request");
        }
        match (self.route, self.session) {
            (_, Session::Active) | (Route::Revoke, _) | (Route::Delete, Session::Deleted) => {
                Expected::Allowed
            }
            (Route::Delete, _) => Expected::Refused(401, "sign_in_again"),
            (_, Session::Suspended) => Expected::Refused(403, "user_suspended"),
            _ => Expected::Refused(401, "sign_in_again"),
        }
    }
}

impl Route {
    pub(super) const fn request(self) -> (Method, &'static str) {
        match self {
            Self::Issue => (Method::POST, "/v1/token"),
            Self::Revoke => (Method::DELETE, "/v1/token"),
            Self::Delete => (Method::DELETE, "/v1/user"),
            Self::RevokeUsers => (Method::POST, "/v1/operator/revoke"),
            Self::SuspendUsers => (Method::POST, "/v1/operator/suspend"),
            Self::UnsuspendUsers => (Method::POST, "/v1/operator/unsuspend"),
            Self::DeleteUsers => (Method::POST, "/v1/operator/delete"),
        }
    }

    pub(super) const fn is_operators(self) -> bool {
        !matches!(self, Self::Issue | Self::Revoke | Self::Delete)
    }

    /// Returns whether ACS tokens of the user are dead afterwards.
    pub(super) const fn ends_tokens(self) -> bool {
        !matches!(self, Self::Issue | Self::UnsuspendUsers)
    }
}

impl Session {
    /// Returns whether the user's ACS tokens have been revoked.
    pub(super) const fn has_ended(self) -> bool {
        matches!(self, Self::Suspended | Self::Ended | Self::Deleted)
    }
}

impl Scope {
    pub(super) const fn claim(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Other => Some("openid acs.administrator"),
            Self::Operators => Some("openid acs.admin"),
        }
    }
}

impl Target {
    /// All but the caller.
    pub(super) const OTHERS: [Self; 3] = [Self::Known, Self::Unknown, Self::Deleted];
}
