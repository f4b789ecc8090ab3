//! A token that was minted a moment ago, handed out again to a user who asks in a loop.
//!
//! The read (R) is the same as for a new token, and it comes after the minting (I). The token is
//! handed out only if R finds the revision and the global cutoff of the read that followed I. Each
//! revocation (W) writes the record or the global cutoff before ACS revokes (A), so there was no W
//! between the two reads, and no A can have killed the token. ACS alone knows of a regenerated
//! access key: such a token can be dead for the rest of its minute in memory.

use identity_client::{CreatedIdentity, UserToken};

use crate::broker::TokenBroker;
use crate::call_context::CallContext;
use crate::error::BrokerError;
use crate::policy::Grant;
use crate::session::Session;
use crate::store::{UserSnapshot, UserStore};

/// What the memory has for a request.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, on the stack")]
pub(super) enum Reuse {
    /// A token that may be handed out.
    Token(UserToken),
    /// A token that may not: the record has changed. Contains what it says now.
    Changed(UserSnapshot),
    /// No token.
    Nothing,
}

impl<S: UserStore> TokenBroker<S> {
    /// Returns the token that this process minted last for the same user and grant, if the record
    /// still allows it.
    ///
    /// # Errors
    /// The session is refused, or the store does not respond.
    pub(super) async fn reuse(
        &self,
        session: &Session,
        grant: &Grant,
        ctx: &CallContext<'_>,
    ) -> Result<Reuse, BrokerError> {
        let (user, key) = (&session.user, self.acs.key_in_use());
        let Some(minted) = self.tokens.reusable(user, grant, &key, ctx.deadline.now()) else {
            return Ok(Reuse::Nothing);
        };
        let snapshot = self.snapshot(user, ctx).await?;
        snapshot.stored.record.check_session(snapshot.global_cutoff, session.sign_in)?;
        Ok(if minted.is_unchanged(&snapshot) {
            Reuse::Token(minted.token)
        } else {
            self.tokens.forget(user, grant);
            Reuse::Changed(snapshot)
        })
    }

    /// Counts a token that is about to be minted.
    ///
    /// # Errors
    /// The user has had too many within a minute; or the session is refused, which a client must
    /// hear first.
    pub(super) async fn check_mint_rate(
        &self,
        session: &Session,
        ctx: &CallContext<'_>,
    ) -> Result<(), BrokerError> {
        let (user, max) = (&session.user, self.settings.max_mints_per_minute);
        let Err(retry_after) = self.tokens.note_mint(user, max, ctx.deadline.now()) else {
            return Ok(());
        };
        let UserSnapshot { stored, global_cutoff } = self.snapshot(user, ctx).await?;
        stored.record.check_session(global_cutoff, session.sign_in)?;
        Err(BrokerError::TooManyRequests { retry_after })
    }

    /// Remembers the first token of a new identity, which `snapshot` is bound by.
    pub(super) fn remember_created(
        &self,
        session: &Session,
        grant: &Grant,
        created: &CreatedIdentity,
        snapshot: &UserSnapshot,
        ctx: &CallContext<'_>,
    ) {
        if let Ok(token) = &created.token {
            let token = UserToken { identity: created.identity.clone(), token: token.clone() };
            self.remember_token(session, grant, &token, snapshot, ctx);
        }
    }

    /// Remembers a token that `snapshot`, read after the minting, allows.
    pub(super) fn remember_token(
        &self,
        session: &Session,
        grant: &Grant,
        token: &UserToken,
        snapshot: &UserSnapshot,
        ctx: &CallContext<'_>,
    ) {
        let (user, key) = (&session.user, self.acs.key_in_use());
        let now = ctx.deadline.now();
        // A token that is over already is refused to this caller, and to the next ones too.
        if token.token.expires_on() > now {
            self.tokens.remember(user, grant, token, key, snapshot, now);
        }
    }
}
