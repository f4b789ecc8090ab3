//! The writes that a correct broker never makes.

use std::time::Duration;

use acs_broker_core::{EpochSeconds, Initiator, MAX_CLOCK_SKEW, PendingKind, Record, RecordKey};

use super::{Ask, Pending, Seen, Write};

impl Seen {
    /// Says what is wrong about a write.
    pub(super) fn judge(&self, write: &Write<'_>) -> Result<(), &'static str> {
        let Write { key, before, after, .. } = *write;
        if before.sessions_valid_after > after.sessions_valid_after {
            return Err("invariant 3: a cutoff was lowered");
        }
        if after.sessions_valid_after > before.sessions_valid_after {
            self.judge_cutoff(write)?;
        }
        if matches!(key, RecordKey::User(..)) {
            self.judge_lease(write)?;
            self.judge_pending(write)?;
        }
        Ok(())
    }

    /// A cutoff is never later than what was asked for.
    fn judge_cutoff(&self, write: &Write<'_>) -> Result<(), &'static str> {
        let Write { after, by_writers_clock, .. } = *write;
        let is_global = |cutoff: EpochSeconds| self.global.iter().any(|(at, _)| *at == cutoff);
        let present: EpochSeconds = by_writers_clock.into();
        let Some(cutoff) = after.sessions_valid_after else { return Ok(()) };
        let limit = EpochSeconds::from(by_writers_clock + MAX_CLOCK_SKEW);
        let is_asked = match self.ask(write.request) {
            Some((Ask::Execute(_, Initiator::User { signed_in }), _)) => {
                cutoff <= present.max(*signed_in) || is_global(cutoff)
            }
            Some((Ask::Execute(_, Initiator::IdentityProvider { occurred_at }), _)) => {
                cutoff <= (*occurred_at).into() && cutoff <= limit || is_global(cutoff)
            }
            Some((Ask::Issue, _)) => is_global(cutoff),
            Some((Ask::Sweep, _)) => false,
            Some((Ask::Execute(_, Initiator::Operator) | Ask::RevokeAll, _)) | None => {
                cutoff <= present || is_global(cutoff)
            }
        };
        if is_asked { Ok(()) } else { Err("invariant 5: a cutoff that nobody has asked for") }
    }

    fn judge_lease(&self, write: &Write<'_>) -> Result<(), &'static str> {
        let Write { before, after, request, by_writers_clock, .. } = *write;
        if let Some(lease) = before.lease() {
            let holder = self.lease_holders.get(&lease.id);
            if let Some(bound) = after.bound()
                && self.creators.get(&bound.id.to_string()) != holder
            {
                return Err("invariant 1: an identity was bound under another's lease");
            }
            let is_kept = after.lease().is_some_and(|kept| kept.id == lease.id);
            if !is_kept && lease.is_live(by_writers_clock) && holder != Some(&request) {
                return Err("invariant 1: a live lease was taken from its holder");
            }
        }
        if let (Some(bound), Some(_)) = (before.bound(), after.lease()) {
            // The report may have been cleared since it was confirmed.
            let reported = self.reported.get(&bound.id.to_string());
            let is_confirmed =
                reported.is_some_and(|since| *since + Duration::from_mins(1) <= by_writers_clock);
            if !is_confirmed {
                return Err("invariant 1: an identity was given up after one report");
            }
        }
        if let Some(lease) = after.lease()
            && before.lease().is_none_or(|earlier| earlier.id != lease.id)
            && let Some((_, asked)) = self.ask(request)
        {
            let mut known = self.global.iter().filter(|(_, at)| at < asked);
            if known.any(|(cutoff, _)| after.sessions_valid_after < Some(*cutoff)) {
                return Err("invariant 2: a claim without the global cutoff");
            }
        }
        Ok(())
    }

    fn judge_pending(&self, write: &Write<'_>) -> Result<(), &'static str> {
        let Write { before, after, .. } = *write;
        let is_deletion = |record: &Record| {
            record.pending().is_some_and(|pending| pending.kind == PendingKind::Delete)
        };
        if is_deletion(before) && after.bound().is_some() && !is_deletion(after) {
            return Err("invariant 3: a deletion was forgotten");
        }
        if let (Some(bound), None) = (before.bound(), after.pending())
            && let Some(pending) = bound.pending
            && pending.kind == PendingKind::Revoke
            && let Some(Pending { accepted, .. }) = self.pending.get(&pending.id)
        {
            let revoked = self.revoked.get(&bound.id.to_string());
            if revoked.is_none_or(|revoked| revoked < accepted) {
                return Err("invariant 3: a revocation was cleared that ACS has not carried out");
            }
        }
        let Some(pending) = after.pending() else { return Ok(()) };
        if before.pending().is_some_and(|earlier| earlier.id == pending.id) {
            return Ok(());
        }
        let cutoff = before.sessions_valid_after;
        match self.ask(write.request) {
            Some((Ask::Sweep, _)) => Err("invariant 5: the sweep has accepted an operation"),
            Some((Ask::Execute(_, Initiator::User { signed_in }), _))
                if cutoff >= Some(*signed_in) =>
            {
                Err("invariant 5: an ended session has caused something new")
            }
            Some((Ask::Execute(_, Initiator::IdentityProvider { occurred_at }), _))
                if pending.kind == PendingKind::Delete
                    && before
                        .bound()
                        .is_some_and(|bound| bound.sign_in > (*occurred_at).into()) =>
            {
                Err("invariant 4: an old event deletes the user's new life")
            }
            _ => Ok(()),
        }
    }
}
