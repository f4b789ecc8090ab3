//! What is asked for, and what the one who asks hears.

use acs_broker_core::{
    Accepted, BrokerError, Completion, EpochSeconds, Initiator, Operation, Record, RecordKey,
    StoreError, UserStore,
};
use identity_client::Timestamp;

use crate::ledger::Promise;
use crate::world::{World, alice, second, session};

/// A request. Seconds count from the start of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// A token for a session that signed in at this second.
    Issue { signed_in: i64 },
    /// A token for a session that signs in now.
    IssueFresh,
    /// An operation about the user.
    Execute(Operation, By),
    /// The end of all sessions, with the scan that follows.
    RevokeAll,
    /// A pass of the sweep.
    Sweep,
}

/// Who asks for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The session that signed in at this second.
    User(i64),
    Operator,
    /// An event of this second.
    Event(i64),
}

/// What the one who asks hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    /// The session has ended, or the user is suspended.
    Refused,
    /// Come back later.
    Failed,
}

impl Request {
    /// Asks once.
    pub(crate) async fn ask(self, world: &World, process: usize) -> Answer {
        match self {
            Self::Issue { signed_in } => issued(&world.issue(process, &session(signed_in)).await),
            Self::IssueFresh => issued(&world.issue(process, &world.fresh_session()).await),
            Self::Execute(operation, by) => execute(world, process, operation, by).await,
            Self::RevokeAll => {
                let asked = world.ledger.lock().unwrap().tick();
                match revoke_all(world, process).await {
                    Ok(cutoff) => promise(world, Some(cutoff), false, asked),
                    Err(_) => Answer::Failed,
                }
            }
            Self::Sweep => match world.brokers[process].sweep(&world.context()).await {
                Ok(_) => Answer::Done,
                Err(_) => Answer::Failed,
            },
        }
    }

    /// Whether a repetition, after all is done, changes nothing more (invariant 5). An operator's
    /// request counts anew each time.
    pub(crate) fn is_idempotent(self) -> bool {
        matches!(self, Self::Execute(_, By::User(_) | By::Event(_)))
    }
}

fn issued<T>(outcome: &Result<T, BrokerError>) -> Answer {
    match outcome {
        Ok(_) => Answer::Done,
        Err(BrokerError::SignInAgain | BrokerError::UserSuspended) => Answer::Refused,
        Err(_) => Answer::Failed,
    }
}

async fn execute(world: &World, process: usize, operation: Operation, by: By) -> Answer {
    let now = world.now();
    let (initiator, cutoff) = match by {
        By::User(at) => {
            let signed_in = second(at);
            (Initiator::User { signed_in }, signed_in)
        }
        By::Operator => (Initiator::Operator, now.into()),
        By::Event(at) => {
            let occurred_at = Timestamp::from_second(second(at).0).unwrap();
            (Initiator::IdentityProvider { occurred_at }, occurred_at.into())
        }
    };
    let asked = world.ledger.lock().unwrap().tick();
    let accepted =
        world.brokers[process].execute(&alice(), operation, initiator, &world.context()).await;
    if let Err(BrokerError::SignInAgain) = accepted {
        return Answer::Refused;
    }
    if !is_acknowledged(&accepted) {
        return Answer::Failed;
    }
    match operation {
        Operation::Revoke { keep_sessions: true } => promise(world, None, false, asked),
        Operation::Revoke { .. } | Operation::Suspend => promise(world, Some(cutoff), false, asked),
        Operation::Delete => promise(world, Some(cutoff), true, asked),
        Operation::Unsuspend => Answer::Done,
    }
}

fn promise(world: &World, cutoff: Option<EpochSeconds>, deletes: bool, asked: u32) -> Answer {
    let mut ledger = world.ledger.lock().unwrap();
    let acknowledged = ledger.tick();
    ledger.promised(Promise { cutoff, deletes, asked, acknowledged });
    ledger.check(&world.emulator, world.now());
    Answer::Done
}

/// Ends all sessions and walks through the table, as an operator does.
async fn revoke_all(world: &World, process: usize) -> Result<EpochSeconds, BrokerError> {
    let (broker, call) = (&world.brokers[process], world.context());
    let cutoff = broker.revoke_all(&call).await?;
    let mut after: Option<RecordKey> = None;
    loop {
        let page = world.table.list(after.as_ref(), 1, &world.deadline()).await?;
        let holds = |record: &Record| record.bound().is_some() || record.lease().is_some();
        for (key, _) in page.records.iter().filter(|(_, record)| holds(record)) {
            let accepted = broker.enforce_cutoff(key, cutoff, &call).await;
            if !is_acknowledged(&accepted) {
                return Err(StoreError::unavailable("the scan stops here").into());
            }
        }
        let Some(next) = page.next else { return Ok(cutoff) };
        after = Some(next);
    }
}

/// Whether an HTTP caller would hear that it is done.
fn is_acknowledged(accepted: &Result<Accepted, BrokerError>) -> bool {
    match accepted {
        Ok(Accepted { completion: Completion::Deferred(error), .. }) => error.is_not_found(),
        Ok(_) => true,
        Err(_) => false,
    }
}
