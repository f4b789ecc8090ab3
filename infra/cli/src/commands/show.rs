use acs_broker_store_dynamodb::{Authority, Record, Subject, TableError, UserTable, Work};
use identity_client::Timestamp;
use serde::Serialize;

use crate::records::{Records, instant};

/// Everything that the table says about a user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserState {
    pub(crate) subject: String,
    /// Whether there is a record at all.
    pub(crate) has_record: bool,
    pub(crate) identity: Option<Identity>,
    /// Sessions of this user that signed in at or before this get nothing.
    pub(crate) watermark: Option<Timestamp>,
    /// Sessions of whomever that signed in at or before this get nothing.
    pub(crate) everybody_watermark: Option<Timestamp>,
    pub(crate) suspended: bool,
    /// The last word about suspending the user, a lifting included.
    pub(crate) suspension: Option<Suspension>,
    pub(crate) lease: Option<Lease>,
    pub(crate) pending: Option<Pending>,
    /// Since when ACS is said to deny the identity.
    pub(crate) doubted_since: Option<Timestamp>,
    /// How many identities may have been lost.
    pub(crate) possibly_lost: u32,
    pub(crate) expires_at: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    pub(crate) id: String,
    /// When the session signed in for which it was created.
    pub(crate) sign_in: Timestamp,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Suspension {
    pub(crate) by: &'static str,
    pub(crate) at: Timestamp,
    pub(crate) lifted: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Lease {
    pub(crate) until: Timestamp,
    pub(crate) sign_in: Timestamp,
    pub(crate) void: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pending {
    pub(crate) work: &'static str,
    pub(crate) since: Timestamp,
    pub(crate) retry_at: Timestamp,
}

/// Shows a user.
pub(crate) async fn run<T: UserTable>(
    records: &Records<T>,
    subject: &Subject,
) -> Result<UserState, TableError> {
    let key = records.key(subject);
    let standing = records.table.read_with_everybody(&key, &records.deadline()).await?;
    let record = standing.stored.record;
    Ok(UserState {
        subject: subject.as_str().to_owned(),
        has_record: record != Record::default(),
        watermark: record.sign_in_not_before.map(instant),
        everybody_watermark: standing.everybody.map(instant),
        suspended: record.is_suspended(),
        suspension: record.suspension.map(Suspension::from),
        lease: record.lease.map(Lease::from),
        pending: record.pending.map(Pending::from),
        doubted_since: record.doubted_since,
        possibly_lost: record.possibly_lost,
        expires_at: record.expires_at.map(instant),
        identity: record.binding.map(Identity::from),
    })
}

/// The work's name, as the table has it.
pub(crate) const fn work_name(work: Work) -> &'static str {
    match work {
        Work::Revoke => "revoke",
        Work::Delete => "delete",
    }
}

impl From<acs_broker_store_dynamodb::Binding> for Identity {
    fn from(binding: acs_broker_store_dynamodb::Binding) -> Self {
        Self { id: binding.identity.to_string(), sign_in: instant(binding.sign_in) }
    }
}

impl From<acs_broker_store_dynamodb::Suspension> for Suspension {
    fn from(suspension: acs_broker_store_dynamodb::Suspension) -> Self {
        let by = match suspension.by {
            Authority::Operator => "operator",
            Authority::Provider => "provider",
        };
        Self { by, at: suspension.at, lifted: suspension.lifted }
    }
}

impl From<acs_broker_store_dynamodb::Lease> for Lease {
    fn from(lease: acs_broker_store_dynamodb::Lease) -> Self {
        Self { until: lease.until, sign_in: instant(lease.sign_in), void: lease.void }
    }
}

impl From<acs_broker_store_dynamodb::Pending> for Pending {
    fn from(pending: acs_broker_store_dynamodb::Pending) -> Self {
        let work = work_name(pending.work);
        Self { work, since: pending.since, retry_at: pending.retry_at }
    }
}

#[cfg(test)]
mod tests {
    use acs_broker_core::Sessions;

    use super::*;
    use crate::testing::{Stage, now, subject};

    #[tokio::test(start_paused = true)]
    async fn a_user_nobody_knows_has_no_record() {
        let stage = Stage::new();
        let user = run(&stage.records, &subject("alice")).await.unwrap();
        assert!(!user.has_record && user.identity.is_none() && !user.suspended);
        assert!(stage.rows().is_empty(), "looking changes nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn an_operator_sees_what_the_table_knows() {
        let stage = Stage::new();
        let issued = stage.issue("alice", -5).await.unwrap();
        stage.refuse(&issued, 503);
        stage.revoke("alice", Sessions::End).await.unwrap_err();
        let user = run(&stage.records, &subject("alice")).await.unwrap();
        assert!(user.has_record);
        assert_eq!(user.identity.unwrap().id, issued.token.identity.to_string());
        assert_eq!(user.watermark, Some(now()));
        assert_eq!(user.everybody_watermark, None);
        let pending = user.pending.unwrap();
        assert_eq!((pending.work, pending.since), ("revoke", now()));
    }
}
