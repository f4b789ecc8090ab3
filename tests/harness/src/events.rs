//! The samples of identity providers' events in `infra/aws/events/identity`.

use std::fs;

use acs_broker_core::RecordKey;
use acs_broker_identity_events::{
    Cognito, EventError, Okta, OktaSubject, Parsed, ProviderEvent, Sources,
};
use identity_client::Timestamp;

use crate::tools;

/// A sample event.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The file's name without `.json`, such as `cognito-change-password`.
    pub name: String,
    /// The event as EventBridge passes it on.
    pub envelope: String,
}

/// Every sample, in the order of their names.
#[must_use]
pub fn samples() -> Vec<Sample> {
    let folder = tools::repository().join("infra/aws/events/identity");
    let files = fs::read_dir(folder).expect("the folder of samples");
    let mut samples: Vec<Sample> = files
        .map(|file| {
            let path = file.expect("a sample").path();
            let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
            let envelope = fs::read_to_string(&path).expect("a text");
            Sample { name: name.to_owned(), envelope }
        })
        .collect();
    samples.sort_by(|one, other| one.name.cmp(&other.name));
    samples
}

/// The sample of this name.
#[must_use]
pub fn sample(name: &str) -> Sample {
    samples().into_iter().find(|sample| sample.name == name).expect("a sample of this name")
}

impl Sample {
    /// Parses the sample as a function that trusts the samples' providers does.
    ///
    /// # Errors
    /// The event is unusable.
    pub fn read(&self) -> Result<Parsed, EventError> {
        #[expect(clippy::disallowed_methods, reason = "samples lie in the past")]
        let now = Timestamp::now();
        acs_broker_identity_events::parse(&sources(), &self.envelope, now)
    }

    /// The event in the sample, if it requests an operation.
    #[must_use]
    pub fn event(&self) -> Option<ProviderEvent> {
        match self.read() {
            Ok(Parsed::Event(event)) => Some(event),
            _ => None,
        }
    }

    /// The same sample about another user with a subject of the same length.
    #[must_use]
    pub fn about(&self, number: u8) -> Self {
        let Some(event) = self.event() else { return self.clone() };
        let subject = subject(&event);
        let stem = subject.get(..subject.len() - 2).expect("a name in ASCII");
        let envelope = self.envelope.replace(&subject, &format!("{stem}{number:02x}"));
        Self { name: self.name.clone(), envelope }
    }

    /// The same sample with another time, in seconds since 1970.
    #[must_use]
    pub fn at(&self, second: i64) -> Self {
        let Some(event) = self.event() else { return self.clone() };
        let moment = Timestamp::from_second(second).expect("a moment").to_string();
        let original = event.occurred_at.to_string();
        let fraction = original.trim_end_matches('Z');
        let padded = format!("{fraction}0Z");
        let padded_twice = format!("{fraction}00Z");
        let mut envelope = self.envelope.clone();
        for text in [padded_twice, padded, original] {
            envelope = envelope.replace(&text, &moment);
        }
        Self { name: self.name.clone(), envelope }
    }
}

/// The subject of an event's user.
#[must_use]
pub fn subject(event: &ProviderEvent) -> String {
    match &event.user {
        RecordKey::User(_, subject) => subject.as_str().to_owned(),
        _ => String::new(),
    }
}

/// The settings that trust the samples' providers.
fn sources() -> Sources {
    Sources {
        issuer: "https://idp.example.com".parse().expect("an issuer"),
        cognito: Some(Cognito {
            user_pool: "eu-west-1_EXAMPLE".to_owned(),
            account: "111122223333".to_owned(),
            ignored_roles: Vec::new(),
        }),
        auth0: ["auth0.logs", "auth0.events"]
            .map(|stream| {
                format!("aws.partner/auth0.com/acme-00000000-1111-4222-8333-444455556666/{stream}")
            })
            .to_vec(),
        okta: Some(Okta {
            source: "aws.partner/okta.com/acme/prod".to_owned(),
            subject: OktaSubject::Id,
        }),
        generic: Some("com.example.accounts".to_owned()),
    }
}
