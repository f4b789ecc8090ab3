use acs_broker_store_dynamodb::{Record, RecordKey, TableError, UserTable};
use identity_client::Timestamp;
use serde::Serialize;

use crate::records::Records;

/// Identities that went astray.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Astray {
    pub(crate) orphans: Vec<Orphan>,
    pub(crate) possibly_lost: Vec<PossiblyLost>,
}

/// An identity that nobody has. The sweep deletes it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Orphan {
    pub(crate) identity: String,
    pub(crate) since: Option<Timestamp>,
    pub(crate) retry_at: Option<Timestamp>,
}

/// A user for whom ACS may have made identities whose ids nobody knows.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PossiblyLost {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) count: u32,
}

enum Found {
    Orphan(Orphan),
    PossiblyLost(PossiblyLost),
}

/// Looks through the whole table.
pub(crate) async fn run<T: UserTable>(records: &Records<T>) -> Result<Astray, TableError> {
    let mut astray = Astray { orphans: Vec::new(), possibly_lost: Vec::new() };
    for found in records.walk(find).await? {
        match found {
            Found::Orphan(orphan) => astray.orphans.push(orphan),
            Found::PossiblyLost(user) => astray.possibly_lost.push(user),
        }
    }
    astray.orphans.sort_by_key(|orphan| orphan.since);
    Ok(astray)
}

fn find(key: RecordKey, record: Record) -> Option<Found> {
    match key {
        // What is left of one that was deleted is a mark.
        RecordKey::Orphan(identity) => record.binding.map(|_| {
            let pending = record.pending;
            Found::Orphan(Orphan {
                identity: identity.to_string(),
                since: pending.map(|pending| pending.since),
                retry_at: pending.map(|pending| pending.retry_at),
            })
        }),
        RecordKey::User(issuer, subject) if record.possibly_lost > 0 => {
            Some(Found::PossiblyLost(PossiblyLost {
                issuer: issuer.as_str().to_owned(),
                subject: subject.as_str().to_owned(),
                count: record.possibly_lost,
            }))
        }
        RecordKey::User(..) | RecordKey::Everybody => None,
    }
}

#[cfg(test)]
mod tests {
    use acs_broker_store_dynamodb::{Binding, EpochSeconds, Nonce, Pending, Work};

    use super::*;
    use crate::testing::{Stage, now, subject};

    #[tokio::test(start_paused = true)]
    async fn an_operator_finds_what_went_astray_and_nothing_else() {
        let stage = Stage::new();
        stage.users(&["alice"]).await;
        let orphan: identity_client::IdentityId = "8:acs:a_b".parse().unwrap();
        let binding = Some(Binding { identity: orphan.clone(), sign_in: EpochSeconds(0) });
        let pending = Some(Pending::accepted(Work::Delete, Nonce::from_bits(1), now()));
        let record = Record { binding, pending, ..Record::default() };
        stage.put(&RecordKey::Orphan(orphan), &record).await;
        let gone = RecordKey::Orphan("8:acs:a_c".parse().unwrap());
        stage.put(&gone, &Record::default()).await;
        let bob = stage.records.key(&subject("bob"));
        stage.put(&bob, &Record { possibly_lost: 2, ..Record::default() }).await;

        let Astray { orphans, possibly_lost } = run(&stage.records).await.unwrap();
        let orphans: Vec<_> = orphans.iter().map(|o| (o.identity.as_str(), o.since)).collect();
        assert_eq!(orphans, [("8:acs:a_b", Some(now()))]);
        let lost: Vec<_> = possibly_lost.iter().map(|u| (u.subject.as_str(), u.count)).collect();
        assert_eq!(lost, [("bob", 2)]);
    }
}
