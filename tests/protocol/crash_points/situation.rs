//! What has happened before the operation under test. The old session signs in at second 0, the
//! present one at second 50, and the operation comes at second 150.

use std::sync::Arc;

use acs_broker_core::Operation;

use crate::fate::Fate;
use crate::request::{Answer, By, Request};
use crate::world::{OTHER, TESTED, World, alice};

/// What is known about the user when the operation begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Situation {
    /// Nothing.
    Unknown,
    /// An identity, with tokens in the hands of both sessions.
    Bound,
    /// The same, and the process under test remembers the identity.
    Remembered,
    /// An identity whose old session was signed out.
    SignedOut,
    Deleted,
    Suspended,
    /// A revocation that ACS has not carried out.
    RevocationPending,
    /// A deletion that ACS has not carried out.
    DeletionPending,
    /// A creator died long ago, after ACS had created the identity.
    LeaseExpired,
    /// A creator died just now.
    LeaseLive,
    /// ACS has reported that the identity does not exist, and will confirm it.
    Vanished,
    /// The global cutoff is written, and its scan has not begun.
    AllRevoked,
}

pub(crate) const OLD: i64 = 0;
pub(crate) const PRESENT: i64 = 50;
/// When the operation under test begins.
const BEGIN: u64 = 150;

const OLD_ISSUES: Request = Request::Issue { signed_in: OLD };
const PRESENT_ISSUES: Request = Request::Issue { signed_in: PRESENT };

impl Situation {
    /// Brings a new world into this situation.
    pub(crate) async fn arrange(self, world: &Arc<World>) {
        world.sleep_until_second(10).await;
        let is_bound_first = !matches!(self, Self::Unknown | Self::LeaseExpired | Self::LeaseLive);
        if is_bound_first {
            done(world, OLD_ISSUES, OTHER).await;
        }
        match self {
            Self::Unknown => {}
            Self::Bound => at(world, 60, PRESENT_ISSUES, OTHER).await,
            Self::Remembered => at(world, 60, PRESENT_ISSUES, TESTED).await,
            Self::SignedOut => {
                at(world, 40, Request::Execute(Operation::REVOKE, By::Operator), OTHER).await;
                at(world, 60, PRESENT_ISSUES, OTHER).await;
            }
            Self::Deleted => {
                at(world, 40, Request::Execute(Operation::Delete, By::Operator), OTHER).await;
            }
            Self::Suspended => {
                at(world, 60, PRESENT_ISSUES, OTHER).await;
                at(world, 70, Request::Execute(Operation::Suspend, By::Operator), OTHER).await;
            }
            Self::RevocationPending => pend(world, Operation::REVOKE).await,
            Self::DeletionPending => pend(world, Operation::Delete).await,
            Self::LeaseExpired => die_creating(world, 20, OLD_ISSUES).await,
            Self::LeaseLive => die_creating(world, BEGIN - 2, PRESENT_ISSUES).await,
            Self::Vanished => vanish(world).await,
            Self::AllRevoked => {
                world.sleep_until_second(40).await;
                world.brokers[OTHER].revoke_all(&world.context()).await.unwrap();
            }
        }
        world.sleep_until_second(BEGIN).await;
    }
}

async fn done(world: &World, request: Request, process: usize) {
    assert_eq!(request.ask(world, process).await, Answer::Done, "{request:?}");
}

async fn at(world: &World, second: u64, request: Request, process: usize) {
    world.sleep_until_second(second).await;
    done(world, request, process).await;
}

/// An event is accepted, and the process dies before it calls ACS: after a read and a write.
async fn pend(world: &Arc<World>, operation: Operation) {
    at(world, 60, PRESENT_ISSUES, OTHER).await;
    world.sleep_until_second(65).await;
    world.script.arm(Some((2, Fate::KilledBefore)), None);
    kill(world, Request::Execute(operation, By::Event(40)), OTHER).await;
    assert!(world.record(&alice()).await.pending().is_some());
}

/// A creation dies after ACS has done its work: after a read, a write and the call.
async fn die_creating(world: &Arc<World>, second: u64, request: Request) {
    world.sleep_until_second(second).await;
    world.script.arm(Some((2, Fate::KilledAfter)), None);
    kill(world, request, OTHER).await;
    assert!(world.record(&alice()).await.lease().is_some());
}

/// Somebody deletes the identity at ACS, and the next request hears of it for the first time.
async fn vanish(world: &Arc<World>) {
    let bound = world.record(&alice()).await.bound().unwrap().id.clone();
    world.delete_at_acs(&bound).await;
    world.sleep_until_second(60).await;
    assert_eq!(PRESENT_ISSUES.ask(world, OTHER).await, Answer::Failed);
}

/// Asks until the answer comes or the process dies. Returns the answer, and the calls that were
/// made.
pub(crate) async fn kill(
    world: &Arc<World>,
    request: Request,
    process: usize,
) -> (Option<Answer>, Vec<String>) {
    let answer = tokio::select! {
        biased;
        () = world.script.death() => None,
        answer = request.ask(world, process) => Some(answer),
    };
    (answer, world.script.disarm())
}
