//! What can happen in one world: a random half of all that can go wrong, so that rare things meet
//! often in some worlds.

use std::fmt;

use crate::random::Random;

/// Something that goes wrong, or that somebody does beside asking for tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Chaos {
    /// Some messages take seconds.
    Slow,
    /// Requests and replies get lost.
    Loss,
    /// Requests die halfway.
    Death,
    /// ACS responds with errors, and sometimes acts all the same.
    Errors,
    /// ACS throttles.
    Throttling,
    /// ACS leaves the first token of a new identity out.
    MissingTokens,
    /// ACS reports for a minute or two that an identity does not exist which does, and deletes
    /// nothing meanwhile.
    Amnesia,
    /// Somebody deletes identities at ACS.
    Vanishing,
    /// Access keys are regenerated.
    Rotation,
    /// The table is out of capacity, or out of reach, for seconds.
    DarkTable,
    /// The index of what is due lags behind.
    StaleIndex,
    /// The clocks of processes differ, and jump.
    Clocks,
    /// The identity provider's clock is ahead of all others.
    FastProvider,
    /// Events come late, twice, and in any order.
    LateEvents,
    /// Events are dated an hour ahead.
    WildEvents,
    Revocations,
    Deletions,
    Suspensions,
    RevokeAll,
    Sweeps,
    /// Old sessions go on asking: thieves, and devices that were forgotten.
    OldSessions,
    /// Users wait for minutes between two requests.
    Pauses,
}

/// The things that can happen in one world.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Swarm(u32);

const ALL: [Chaos; 22] = [
    Chaos::Slow,
    Chaos::Loss,
    Chaos::Death,
    Chaos::Errors,
    Chaos::Throttling,
    Chaos::MissingTokens,
    Chaos::Amnesia,
    Chaos::Vanishing,
    Chaos::Rotation,
    Chaos::DarkTable,
    Chaos::StaleIndex,
    Chaos::Clocks,
    Chaos::FastProvider,
    Chaos::LateEvents,
    Chaos::WildEvents,
    Chaos::Revocations,
    Chaos::Deletions,
    Chaos::Suspensions,
    Chaos::RevokeAll,
    Chaos::Sweeps,
    Chaos::OldSessions,
    Chaos::Pauses,
];

impl Swarm {
    /// A random half of everything; in each eighth world everything.
    pub(crate) fn draw(random: &Random) -> Self {
        let bits = u32::try_from(random.below(1 << ALL.len())).expect("as many bits as there are");
        if random.below(8) == 0 { Self((1 << ALL.len()) - 1) } else { Self(bits) }
    }

    pub(crate) fn has(self, chaos: Chaos) -> bool {
        self.0 & (1 << chaos as u8) != 0
    }

    /// Every swarm that lacks one thing of this one.
    pub(crate) fn smaller(self) -> impl Iterator<Item = Self> {
        let present = ALL.into_iter().filter(move |chaos| self.has(*chaos));
        present.map(move |chaos| Self(self.0 & !(1 << chaos as u8)))
    }
}

impl fmt::Debug for Swarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(ALL.into_iter().filter(|chaos| self.has(*chaos))).finish()
    }
}
