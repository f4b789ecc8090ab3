//! The code's state beside the model's.

use acs_broker_core::{IdentityState, PendingKind, Record, RecordKey, UniqueId, UserStore as _};
use identity_client::Deadline;

use super::{BUDGET, Code, alice, clock};
use crate::protocol::Action;
use crate::state::{Identity, Next, State};

impl Code {
    /// Fails if rows, identities, tokens or the ends of requests are not the model's.
    pub(super) async fn assert_is(&self, state: &State, trace: &[Action]) {
        let deadline = Deadline::new(clock(self.start), BUDGET);
        let record = self.rows.read(&alice(), &deadline).await.unwrap().record;
        let row = state.row;
        let identity = match &record.identity {
            IdentityState::None => Identity::None,
            IdentityState::Creating(lease) => {
                let holder = owner(lease.id);
                let is_ahead = state.requests[holder].ask.is_ahead();
                Identity::Creating { holder, is_ahead, cancelled: lease.cancelled }
            }
            IdentityState::Bound(bound) => Identity::Bound(self.creator(bound.id.as_ref())),
        };
        let code = (
            identity,
            record.pending().map(|pending| {
                (pending.kind == PendingKind::Delete, owner(pending.id), pending.attempt.failed)
            }),
            record.sessions_valid_after.is_some(),
            record.unconfirmed_identities,
            record.creation_pause.is_some(),
            record.bound().is_some_and(|bound| bound.not_found_since.is_some()),
        );
        let model = (
            row.identity,
            row.pending.map(|pending| {
                (pending.operation.deletes, pending.operation.owner, pending.failed)
            }),
            row.is_cut,
            u32::from(row.unconfirmed),
            row.pause.is_some(),
            row.not_found.is_some(),
        );
        assert_eq!(code, model, "the row differs; trace: {trace:?}");
        let live = |id: &String| {
            let identities = self.emulator.identities();
            identities.iter().any(|known| known.id == *id && known.deleted_at.is_none())
        };
        let identities: Vec<_> = self.identities.iter().map(|id| id.as_ref().map(live)).collect();
        assert_eq!(identities, state.identities, "ACS differs; trace: {trace:?}");
        for (holder, token) in self.tokens.lock().unwrap().iter() {
            let is_alive = self.emulator.introspect(token, clock(self.start)).is_active();
            let model = state.tokens[*holder].map(|token| token.is_alive);
            assert_eq!(Some(is_alive), model, "the token of {holder} differs; trace: {trace:?}");
        }
        for (at, request) in state.requests.iter().enumerate() {
            let model = if let Next::End(end) = request.next { Some(end) } else { None };
            assert_eq!(self.ends[at], model, "request {at} ends otherwise; trace: {trace:?}");
        }
        self.assert_journaled(state, trace);
    }

    fn assert_journaled(&self, state: &State, trace: &[Action]) {
        let rows: Vec<(RecordKey, Record)> = self.rows.rows();
        for (at, is_journaled) in state.journal.iter().enumerate() {
            let is_orphan = rows.iter().any(|(key, _)| {
                matches!(key, RecordKey::Orphan(id) if Some(id.to_string()) == self.identities[at])
            });
            assert_eq!(is_orphan, *is_journaled, "the journal differs; trace: {trace:?}");
        }
    }

    fn creator(&self, identity: &str) -> usize {
        let found = self.identities.iter().position(|id| id.as_deref() == Some(identity));
        found.expect("an identity of this world")
    }
}

/// Returns the request that drew an id.
fn owner(id: UniqueId) -> usize {
    id.to_string()[..2].parse().expect("a request's number")
}
