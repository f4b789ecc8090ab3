//! What operators do, and an identity provider that has users banned.

use acs_broker_core::{
    Accepted, BrokerError, CallContext, Completion, EpochSeconds, Initiator, Operation, Record,
    RecordKey, StoreError, UserStore,
};
use tokio::time::{Instant, sleep};

use crate::actors::{deadline, promise};
use crate::decisions::{Decision, LEAD, Moment};
use crate::network::now;
use crate::world::World;

/// How often a walk over the table goes on after something broke.
const TIMEOUT: usize = 1;

/// Somebody bans a user, or lets them in again.
pub(crate) async fn rule(world: &World, user: usize, lifts: bool) {
    let key = world.users[user].clone();
    let initiator = initiator(world, &key, lifts);
    decide(world, &key, initiator, lifts).await;
}

pub(crate) async fn decide(world: &World, user: &RecordKey, initiator: Initiator, lifts: bool) {
    let asked = moment();
    let decision = Decision { user: user.clone(), initiator, lifts, asked, acknowledged: None };
    let number = world.history.decision_asked(decision);
    let (broker, call) = (world.broker(), CallContext::new(deadline(), &world.history));
    let operation = if lifts { Operation::Unsuspend } else { Operation::Suspend };
    let accepted = broker.execute(user, operation, initiator, &call).await;
    if !is_acknowledged(&accepted) {
        let what = if lifts { "lifting failed" } else { "suspension failed" };
        return world.history.count(what);
    }
    if lifts {
        world.history.count("suspension lifted");
        return world.history.decision_acknowledged(&world.emulator, number, moment());
    }
    world.history.count("suspended");
    world.history.decision_acknowledged(&world.emulator, number, moment());
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
    Initiator::IdentityProvider {
        occurred_at: if is_ahead { now() + LEAD } else { now() - random.millis(0, 20_000) },
    }
}

pub(crate) fn moment() -> Moment {
    Moment { instant: Instant::now(), wall: now() }
}

/// An operator ends the sessions of all users, or goes on with what another has begun.
pub(crate) async fn revoke_all(world: &World) {
    let asked_at = Instant::now();
    let (broker, call) = (world.broker(), CallContext::new(deadline(), &world.history));
    let cutoff = match global_cutoff(world).await {
        Ok(Some(cutoff)) if world.random.percent(50) => {
            world.history.count("scan resumed");
            Ok(cutoff)
        }
        _ => broker.revoke_all(&call).await,
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
    let mut patience = TIMEOUT;
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
    let call = CallContext::new(deadline(), &world.history);
    let page = world.table.list(after, 1, &deadline()).await?;
    let holds = |record: &Record| record.bound().is_some() || record.lease().is_some();
    for (key, _) in page.records.iter().filter(|(_, record)| holds(record)) {
        let accepted = world.broker().enforce_cutoff(key, cutoff, &call).await?;
        if let Completion::Deferred(error) = accepted.completion
            && !error.is_not_found()
        {
            return Err(error);
        }
    }
    Ok(page.next)
}

/// An operator sees the last walk through, should there have been one.
pub(crate) async fn complete_scan(world: &World) {
    if let Some(cutoff) = global_cutoff(world).await.expect("a calm table") {
        loop {
            match scan(world, cutoff).await {
                // The last attempt failed before the calm.
                Err(BrokerError::Paused { retry_after, .. }) => sleep(retry_after).await,
                scanned => break scanned.expect("a calm table and a calm ACS"),
            }
        }
    }
}

/// Returns whether an HTTP caller would hear that it is done.
pub(crate) fn is_acknowledged(outcome: &Result<Accepted, BrokerError>) -> bool {
    match outcome {
        Ok(Accepted { completion: Completion::Deferred(error), .. }) => error.is_not_found(),
        Ok(_) => true,
        Err(_) => false,
    }
}
