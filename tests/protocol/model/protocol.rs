//! What each request does, call by call.

mod writes;

use crate::state::{
    Ask, BEFORE, Bind, End, Glimpse, Identity, Next, Operation, REQUESTS, Request, Row, State,
    Token, Write,
};

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// A call takes effect and its reply arrives.
    Call(Call),
    /// A call takes effect, and its reply is lost.
    LoseReply(Call),
    /// A call never arrives.
    LoseRequest(Call),
    /// The process of a request dies.
    Die(usize),
}

/// The call of a request; the second one is the read of the global cutoff beside a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    pub(crate) request: usize,
    pub(crate) is_second: bool,
}

/// How a call ends for its sender.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    ReplyLost,
    RequestLost,
}

impl State {
    /// A world before anything has happened: without a user, or with one whose old session has a
    /// token.
    pub(crate) fn new(asks: [Ask; REQUESTS], is_bound: bool) -> Self {
        let identity = if is_bound { Identity::Bound(BEFORE) } else { Identity::None };
        let row = Row {
            version: 0,
            identity,
            pending: None,
            is_cut: false,
            unconfirmed: 0,
            pause: None,
            not_found: None,
        };
        let request =
            |ask| Request { ask, next: Next::Begin, seen: row, base: row, is_late: false };
        let mut state = Self {
            row,
            identities: [None; REQUESTS + 1],
            tokens: [None; REQUESTS + 1],
            journal: [false; REQUESTS],
            requests: asks.map(request),
            crashes: 1,
            losses: 1,
        };
        if is_bound {
            state.identities[BEFORE] = Some(true);
            state.tokens[BEFORE] = Some(Token { identity: BEFORE, is_alive: true });
        }
        state
    }

    /// Returns everything that can happen now.
    pub(crate) fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        for (request, Request { next, .. }) in self.requests.iter().enumerate() {
            let mut calls = Vec::new();
            match next {
                Next::End(_) => continue,
                Next::Bind { bind, glimpse } => {
                    if !matches!(bind, Bind::Over { .. }) {
                        calls.push(Call { request, is_second: false });
                    }
                    if *glimpse == Glimpse::Asked {
                        calls.push(Call { request, is_second: true });
                    }
                }
                _ => calls.push(Call { request, is_second: false }),
            }
            for call in calls {
                actions.push(Action::Call(call));
                if self.losses > 0 {
                    actions.extend([Action::LoseReply(call), Action::LoseRequest(call)]);
                }
            }
            if self.crashes > 0 {
                actions.push(Action::Die(request));
            }
        }
        actions
    }

    /// Returns the state after an action.
    pub(crate) fn after(&self, action: Action) -> Self {
        let mut state = self.clone();
        let (call, fate) = match action {
            Action::Call(call) => (call, Fate::Done),
            Action::LoseReply(call) => (call, Fate::ReplyLost),
            Action::LoseRequest(call) => (call, Fate::RequestLost),
            Action::Die(request) => {
                state.crashes -= 1;
                state.requests[request].next = Next::End(End::Dead);
                return state;
            }
        };
        state.losses -= u8::from(fate != Fate::Done);
        let r = call.request;
        if let (Next::Bind { bind, .. }, true) = (state.requests[r].next, call.is_second) {
            let glimpse = if fate == Fate::Done { Glimpse::Seen } else { Glimpse::Lost };
            state.requests[r].next = Next::Bind { bind, glimpse };
            state.join(r);
        } else {
            state.call(r, fate);
        }
        state
    }

    fn end(&mut self, r: usize, end: End) {
        self.requests[r].next = Next::End(end);
    }

    fn call(&mut self, r: usize, fate: Fate) {
        let is_done = fate == Fate::Done;
        match self.requests[r].next {
            Next::End(_) => {}
            Next::Begin => {
                let is_acknowledged = |other: &Request| other.next == Next::End(End::Acknowledged);
                self.requests[r].is_late = self.requests.iter().any(is_acknowledged);
                self.read(r, is_done);
            }
            Next::Read => self.read(r, is_done),
            Next::Create => {
                if fate != Fate::RequestLost {
                    self.identities[r] = Some(true);
                    self.tokens[r] = Some(Token { identity: r, is_alive: true });
                }
                if is_done {
                    let (bind, glimpse) = (Bind::Write, Glimpse::Asked);
                    self.requests[r].next = Next::Bind { bind, glimpse };
                } else {
                    self.release(r, true);
                }
            }
            Next::Bind { bind: Bind::Read, glimpse } if is_done => {
                self.requests[r].seen = self.row;
                self.requests[r].next = Next::Bind { bind: Bind::Write, glimpse };
                self.commit(r, Write::Bind);
            }
            Next::Bind { bind: Bind::Write, .. } => self.write(r, Write::Bind, fate),
            Next::Bind { .. } => unreachable!("one call breaks at most"),
            Next::Mint(identity) => {
                let is_alive = self.identities[identity] == Some(true);
                if is_alive && fate != Fate::RequestLost {
                    self.tokens[r] = Some(Token { identity, is_alive });
                }
                match (is_done, is_alive) {
                    (false, _) => self.end(r, End::Failed),
                    (true, true) => self.requests[r].next = Next::Verify(identity),
                    (true, false) => self.requests[r].next = Next::Recheck(identity),
                }
            }
            Next::Verify(_) | Next::Recheck(_) if !is_done => self.end(r, End::Failed),
            Next::Verify(identity) => {
                let row = self.row;
                if !row.is_usable(identity) || row.is_cut && self.requests[r].ask.is_old() {
                    self.go_on(r, row);
                } else {
                    self.end(r, End::Token);
                }
            }
            Next::Recheck(identity) => {
                let row = self.row;
                assert!(!row.is_usable(identity), "an identity is gone that nobody has deleted");
                self.go_on(r, row);
            }
            Next::Act(operation) => self.act(r, operation, fate),
            Next::Discard => {
                if fate != Fate::RequestLost {
                    self.kill(r, true);
                }
                if is_done {
                    self.release(r, false);
                } else {
                    self.requests[r].next = Next::Write(Write::Journal);
                }
            }
            Next::Write(Write::Journal) => {
                self.journal[r] |= fate != Fate::RequestLost;
                self.release(r, !is_done);
            }
            Next::Write(write) => self.write(r, write, fate),
        }
    }

    fn read(&mut self, r: usize, is_done: bool) {
        let row = self.row;
        match self.requests[r].ask {
            _ if !is_done => self.end(r, End::Failed),
            Ask::Issue { .. } => self.go_on(r, row),
            Ask::Revoke | Ask::Delete => {
                self.requests[r].seen = row;
                self.commit(r, Write::Accept);
            }
        }
    }

    /// Goes from what the row says to the next call of a request for a token.
    fn go_on(&mut self, r: usize, row: Row) {
        let ask = self.requests[r].ask;
        self.requests[r].seen = row;
        if row.is_cut && ask.is_old() {
            return self.end(r, End::Refused);
        }
        if let Some(pending) = row.pending {
            if pending.is_free_for(ask) {
                return self.commit(r, Write::Attempt(pending.operation));
            }
            if pending.failed {
                return self.end(r, End::Failed);
            }
            self.requests[r].next = Next::Read;
            return;
        }
        match row.identity {
            Identity::Bound(identity) => self.requests[r].next = Next::Mint(identity),
            Identity::Creating { .. } if !row.is_expired_for(ask) => {
                self.requests[r].next = Next::Read;
            }
            _ if row.is_paused_for(ask) => self.end(r, End::Failed),
            _ => self.commit(r, Write::Claim),
        }
    }

    /// Goes on once a binding and the read beside it are both over.
    fn join(&mut self, r: usize) {
        let Request { ask, next, seen, .. } = self.requests[r];
        let Next::Bind { bind: Bind::Over { is_bound }, glimpse } = next else { return };
        match glimpse {
            Glimpse::Asked => {}
            _ if !is_bound => self.requests[r].next = Next::Discard,
            Glimpse::Lost => self.end(r, End::Failed),
            Glimpse::Seen if seen.is_cut && ask.is_old() => self.end(r, End::Refused),
            Glimpse::Seen if seen.pending.is_some() => self.end(r, End::Failed),
            Glimpse::Seen => self.end(r, End::Token),
        }
    }

    /// Releases the lease, beginning with the row that holds the claim.
    fn release(&mut self, r: usize, is_unconfirmed: bool) {
        self.requests[r].seen = self.requests[r].base;
        self.commit(r, Write::Release { is_unconfirmed });
    }

    fn attempt(&mut self, r: usize, row: Row, operation: Operation) {
        self.requests[r].base = row;
        self.requests[r].next = Next::Act(operation);
    }

    fn fail(&mut self, r: usize, operation: Operation, is_not_found: bool) {
        self.requests[r].seen = self.requests[r].base;
        self.commit(r, Write::Fail { operation, is_not_found });
    }

    /// ACS carries an operation out.
    fn act(&mut self, r: usize, operation: Operation, fate: Fate) {
        let exists = self.identities[operation.identity] == Some(true);
        if fate != Fate::RequestLost && exists {
            self.kill(operation.identity, operation.deletes);
        }
        let Request { ask, seen, .. } = self.requests[r];
        // An ahead clock takes the acceptance, or an earlier report, for more than a minute old.
        let is_explained = ask.is_ahead() && (operation.deletes || seen.not_found == Some(false));
        match (fate, exists || is_explained) {
            (Fate::Done, true) => self.commit(r, Write::Clear(operation)),
            (Fate::Done, false) => self.commit(r, Write::NoteMissing(operation)),
            _ => self.fail(r, operation, false),
        }
    }

    fn kill(&mut self, identity: usize, deletes: bool) {
        if deletes {
            self.identities[identity] = self.identities[identity].map(|_| false);
        }
        for token in self.tokens.iter_mut().flatten() {
            token.is_alive &= token.identity != identity;
        }
    }
}
