//! A decision about whether a user is suspended.

use jiff::Timestamp;

/// A decision about whether the user is suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// Who decided.
    pub by: SuspendedBy,
    /// Whether the suspension was lifted; otherwise it is in force.
    pub lifted: bool,
    /// When it was decided. Of two decisions of the identity provider the later one counts.
    pub decided_at: Timestamp,
}

/// Who decides about suspensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuspendedBy {
    /// An operator of this product.
    Operator,
    /// The identity provider.
    IdentityProvider,
}

impl Suspension {
    /// Returns whether this decision of the identity provider counts more than an earlier one.
    pub(super) fn outweighs(self, earlier: Self) -> bool {
        let is_operators = earlier.by == SuspendedBy::Operator && !earlier.lifted;
        let is_later = self.decided_at > earlier.decided_at;
        let is_stricter = self.decided_at == earlier.decided_at && earlier.lifted && !self.lifted;
        !is_operators && (is_later || is_stricter)
    }
}
