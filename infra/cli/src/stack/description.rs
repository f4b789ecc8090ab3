//! The parts of a stack, as the stack itself describes them.

use std::collections::BTreeMap;
use std::time::Duration;

use acs_broker_core::Issuer;
use aws_sdk_secretsmanager::Client as SecretsManager;

use crate::queues::Queues;

/// Describes a stack.
pub(super) struct Description {
    pub(super) issuer: Issuer,
    pub(super) table_name: String,
    pub(super) tombstone_retention: Duration,
    pub(super) acs: AcsSource,
    /// `None` for a local stack.
    pub(super) queues: Option<Queues>,
}

/// Tells where the access to ACS is kept. Most commands do not need it, so it is read late.
pub(super) enum AcsSource {
    /// The settings themselves, as the functions have them in their environment.
    Settings(BTreeMap<String, String>),
    /// A secret, and which of its keys signs first: `primary` or `secondary`.
    Secret { client: SecretsManager, arn: String, key_in_use: String },
}
