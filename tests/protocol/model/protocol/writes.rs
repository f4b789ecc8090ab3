//! The conditional writes: what each makes of a row, and what follows on it.

use super::Fate;
use crate::state::{Ask, Bind, End, Identity, Next, Operation, Pending, Row, State, Write};

impl State {
    /// A write is tried on the row as it was seen, as long as there is something to change.
    pub(super) fn commit(&mut self, r: usize, write: Write) {
        let seen = self.requests[r].seen;
        if self.change(r, write, seen).is_none() {
            return self.finish(r, write, seen, false);
        }
        self.requests[r].next = match (write, self.requests[r].next) {
            (Write::Bind, Next::Bind { glimpse, .. }) => Next::Bind { bind: Bind::Write, glimpse },
            _ => Next::Write(write),
        };
    }

    pub(super) fn write(&mut self, r: usize, write: Write, fate: Fate) {
        let (seen, row) = (self.requests[r].seen, self.row);
        let has_conflict = seen.version != row.version;
        if fate != Fate::RequestLost
            && !has_conflict
            && let Some(next) = self.change(r, write, seen)
        {
            self.row = Row { version: row.version + 1, ..next };
        }
        if fate != Fate::Done {
            return self.broken(r, write);
        }
        if has_conflict {
            self.requests[r].seen = row;
            return self.commit(r, write);
        }
        let row = self.row;
        self.requests[r].seen = row;
        self.finish(r, write, row, true);
    }

    /// Returns the row that a write makes of another one, if it changes anything.
    fn change(&self, r: usize, write: Write, row: Row) -> Option<Row> {
        let ask = self.requests[r].ask;
        let mine = match row.identity {
            Identity::Creating { holder, cancelled, .. } if holder == r => Some(cancelled),
            _ => None,
        };
        let pending_of = |operation: Operation| {
            row.pending.filter(|pending| pending.operation.owner == operation.owner)
        };
        match write {
            Write::Accept => Some(accept(r, ask, row)).filter(|next| *next != row),
            Write::Claim => {
                let is_free = match row.identity {
                    Identity::None => true,
                    Identity::Creating { .. } => row.is_expired_for(ask),
                    Identity::Bound(_) => false,
                };
                let is_refused = row.is_cut && ask.is_old() || row.is_paused_for(ask);
                let is_taken = matches!(row.identity, Identity::Creating { .. });
                let (holder, is_ahead) = (r, ask.is_ahead());
                let identity = Identity::Creating { holder, is_ahead, cancelled: false };
                let unconfirmed = row.unconfirmed + u8::from(is_taken);
                (is_free && !is_refused).then_some(Row { identity, unconfirmed, ..row })
            }
            Write::Bind => {
                let identity = Identity::Bound(r);
                (mine == Some(false)).then_some(Row { identity, pause: None, ..row })
            }
            Write::Release { is_unconfirmed } => mine.map(|_| Row {
                identity: Identity::None,
                unconfirmed: row.unconfirmed + u8::from(is_unconfirmed),
                pause: if is_unconfirmed { Some(ask.is_ahead()) } else { row.pause },
                ..row
            }),
            Write::Attempt(operation) => {
                let pending = pending_of(operation).filter(|pending| pending.is_free_for(ask))?;
                let is_ahead = ask.is_ahead();
                Some(Row { pending: Some(Pending { is_ahead, failed: false, ..pending }), ..row })
            }
            Write::Clear(operation) if operation.deletes => {
                let is_gone = row.pending.is_some_and(|pending| pending.operation.deletes)
                    && row.identity == Identity::Bound(operation.identity);
                let identity = Identity::None;
                is_gone.then_some(Row { identity, pending: None, not_found: None, ..row })
            }
            Write::Clear(operation) => pending_of(operation).map(|_| Row { pending: None, ..row }),
            Write::Fail { operation, .. } => {
                let pending = pending_of(operation).filter(|pending| !pending.failed)?;
                Some(Row { pending: Some(Pending { failed: true, ..pending }), ..row })
            }
            Write::NoteMissing(operation) => {
                let is_bound = row.identity == Identity::Bound(operation.identity);
                let not_found = Some(ask.is_ahead());
                (is_bound && row.not_found.is_none()).then_some(Row { not_found, ..row })
            }
            Write::Journal => Some(row),
        }
    }

    /// Goes on after a write, or after there was nothing to change.
    fn finish(&mut self, r: usize, write: Write, row: Row, is_written: bool) {
        self.requests[r].seen = row;
        let is_issue = matches!(self.requests[r].ask, Ask::Issue { .. });
        match write {
            Write::Accept => match row.pending {
                Some(pending) => self.attempt(r, row, pending.operation),
                None => self.end(r, End::Acknowledged),
            },
            Write::Claim if is_written => {
                self.requests[r].base = row;
                self.requests[r].next = Next::Create;
            }
            Write::Attempt(operation) if is_written => self.attempt(r, row, operation),
            Write::Claim | Write::Attempt(_) => self.go_on(r, row),
            Write::Bind => {
                let is_bound = row.identity == Identity::Bound(r);
                if let Next::Bind { glimpse, .. } = self.requests[r].next {
                    let bind = Bind::Over { is_bound };
                    self.requests[r].next = Next::Bind { bind, glimpse };
                }
                self.join(r);
            }
            Write::Clear(_) if is_issue => self.go_on(r, row),
            Write::Clear(_) => self.end(r, End::Acknowledged),
            Write::Fail { is_not_found: true, .. } if !is_issue => self.end(r, End::Acknowledged),
            Write::Release { .. } | Write::Journal | Write::Fail { .. } => self.end(r, End::Failed),
            Write::NoteMissing(operation) => {
                if row.identity == Identity::Bound(operation.identity) {
                    self.fail(r, operation, true);
                } else {
                    self.commit(r, Write::Clear(operation));
                }
            }
        }
    }

    /// Goes on after a write whose reply did not arrive.
    fn broken(&mut self, r: usize, write: Write) {
        match (write, self.requests[r].next) {
            (Write::Bind, Next::Bind { glimpse, .. }) => {
                self.requests[r].next = Next::Bind { bind: Bind::Read, glimpse };
            }
            // Nobody waits for this write.
            (Write::Fail { .. }, _) => {
                let seen = self.requests[r].seen;
                self.finish(r, write, seen, false);
            }
            _ => self.end(r, End::Failed),
        }
    }
}

fn accept(r: usize, ask: Ask, row: Row) -> Row {
    let cut = Row { is_cut: true, ..row };
    let deletes = ask == Ask::Delete;
    match row.identity {
        Identity::Creating { holder, is_ahead, cancelled } => {
            let cancelled = cancelled || deletes;
            Row { identity: Identity::Creating { holder, is_ahead, cancelled }, ..cut }
        }
        Identity::Bound(identity) => {
            let earlier = row.pending.filter(|pending| pending.operation.deletes);
            let operation = Operation { deletes, owner: r, identity };
            let pending = Pending { operation, is_ahead: false, failed: false };
            Row { pending: Some(earlier.unwrap_or(pending)), ..cut }
        }
        Identity::None => cut,
    }
}
