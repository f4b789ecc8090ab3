//! What operators do, and an identity provider that has users suspended.

use acs_broker_core::{
    Accepted, BrokerError, Completion, EpochSeconds, Initiator, Operation, Record, RecordKey,
    StoreError, UserStore,
};
use tokio::time::{Instant, sleep};

use crate::actors::{deadline, moment, promise};
use crate::clock::{as_request, now};
use crate::decisions::{Decision, LEAD};
use crate::swarm::Chaos;
use crate::witness::Ask;
use crate::world::World;

/// How often a scan of the table goes on after something broke.
const PATIENCE: usize = 1;

/// Somebody suspends a user, or lets them in again.
pub(crate) async fn rule(world: &World, user: usize, lifts: bool) {
    let key = world.users[user].clone();
    let initiator = initiator(world, &key, lifts);
    decide(world, &key, initiator, lifts).await;
}

pub(crate) async fn decide(world: &World, user: &RecordKey, initiator: Initiator, lifts: bool) {
    let process = world.process();
    let asked = moment(&process);
    let decision = Decision { user: user.clone(), initiator, lifts, asked, acknowledged: None };
    let number = world.history.decision_asked(decision);
    let context = process.context(world);
    let operation = if lifts { Operation::Unsuspend } else { Operation::Suspend };
    let request = world.history.witness.asked(Ask::Execute(operation, initiator));
    let execute = process.broker.execute(user, operation, initiator, &context);
    let accepted = as_request(request, execute).await;
    if !is_acknowledged(world, &accepted) {
        let what = if lifts { "lifting failed" } else { "suspension failed" };
        return world.history.count(what);
    }
    if lifts {
        world.history.count("suspension lifted");
        return world.history.decision_acknowledged(number, moment(&process));
    }
    world.history.count("suspended");
    world.history.decision_acknowledged(number, moment(&process));
    let cutoff = match initiator {
        Initiator::IdentityProvider { occurred_at: at } => at.into(),
        Initiator::Operator | Initiator::User { .. } => asked.wall.into(),
    };
    promise(world, user.clone(), Some(cutoff), false, asked.instant);
}

/// An operator's word; or an event's, late or by a fast clock; or one that has arrived before.
fn initiator(world: &World, user: &RecordKey, lifts: bool) -> Initiator {
    let random = &world.random;
    if random.percent(50) {
        return Initiator::Operator;
    }
    let earlier = world.history.events(user, lifts);
    if !earlier.is_empty() && random.percent(30) {
        return Initiator::IdentityProvider { occurred_at: *random.pick(&earlier) };
    }
    let is_ahead = random.percent(20);
    let late = if world.swarm.has(Chaos::LateEvents) { 60_000 } else { 2_000 };
    Initiator::IdentityProvider {
        occurred_at: if is_ahead { now() + LEAD } else { now() - random.millis(0, late) },
    }
}

/// An operator ends the sessions of all users, or goes on with what another has begun.
pub(crate) async fn revoke_all(world: &World) {
    let number = world.history.witness.asked(Ask::RevokeAll);
    as_request(number, revoke_and_scan(world)).await;
}

async fn revoke_and_scan(world: &World) {
    let (asked_at, process) = (Instant::now(), world.process());
    let context = process.context(world);
    let cutoff = match global_cutoff(world).await {
        Ok(Some(cutoff)) if world.random.percent(50) => {
            world.history.count("scan resumed");
            Ok(cutoff)
        }
        _ => process.broker.revoke_all(&context).await,
    };
    let Ok(cutoff) = cutoff else {
        return world.history.count("cutoff failed");
    };
    world.history.global_cutoff_written(cutoff);
    if scan(world, cutoff).await.is_err() {
        return world.history.count("scan broke off");
    }
    world.history.count("all revoked");
    for user in &world.users {
        promise(world, user.clone(), Some(cutoff), false, asked_at);
    }
}

async fn global_cutoff(world: &World) -> Result<Option<EpochSeconds>, StoreError> {
    let stored = world.table.read(&RecordKey::AllUsers, &deadline()).await?;
    Ok(stored.record.sessions_valid_after)
}

/// Revokes each user who has an identity, or is about to get one.
async fn scan(world: &World, cutoff: EpochSeconds) -> Result<(), BrokerError> {
    let mut after = None;
    let mut patience = PATIENCE;
    loop {
        match step(world, cutoff, after.as_ref()).await {
            Ok(None) => return Ok(()),
            Ok(next) => after = next,
            Err(error) if patience == 0 => return Err(error),
            Err(_) => patience -= 1,
        }
    }
}

async fn step(
    world: &World,
    cutoff: EpochSeconds,
    after: Option<&RecordKey>,
) -> Result<Option<RecordKey>, BrokerError> {
    let process = world.process();
    let context = process.context(world);
    let page = world.table.list(after, 1, &deadline()).await?;
    let holds = |record: &Record| record.bound().is_some() || record.lease().is_some();
    for (key, _) in page.records.iter().filter(|(_, record)| holds(record)) {
        let accepted = process.broker.enforce_cutoff(key, cutoff, &context).await?;
        if let Completion::Deferred(error) = accepted.completion
            && (!error.is_not_found() || world.swarm.has(Chaos::Amnesia))
        {
            return Err(error);
        }
    }
    Ok(page.next)
}

/// An operator sees the last walk through, should there have been one.
pub(crate) async fn complete_scan(world: &World) {
    if let Some(cutoff) = global_cutoff(world).await.expect("a calm table") {
        let mut tries = 0;
        loop {
            match scan(world, cutoff).await {
                // The last attempt failed before the calm.
                Err(BrokerError::Paused { retry_after, .. }) => sleep(retry_after).await,
                // Fresh access keys are fetched once in a minute.
                Err(BrokerError::Acs(error)) if error.is_unauthorized() && tries < 3 => {
                    tries += 1;
                    sleep(std::time::Duration::from_secs(61)).await;
                }
                scanned => break scanned.expect("a calm table and a calm ACS"),
            }
        }
    }
}

/// Returns whether an HTTP caller would hear that it is done, and may rely on it. That ACS reports an
/// identity missing is accepted too; but an ACS that reports so of identities that exist has broken
/// its own word, and the tokens live until it carries the operation out.
pub(crate) fn is_acknowledged(world: &World, outcome: &Result<Accepted, BrokerError>) -> bool {
    match outcome {
        Ok(Accepted { completion: Completion::Deferred(error), .. }) => {
            error.is_not_found() && !world.swarm.has(Chaos::Amnesia)
        }
        Ok(_) => true,
        Err(_) => false,
    }
}
