//! Signatures of AWS, version 4, of requests with a fixed shape: a POST to `/` without a query.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::sync::{Mutex, PoisonError};

use acs_broker_aws::Credentials;
use hmac::digest::Key;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";

/// Signs requests to one service in one region. It keeps the key of the day, whose derivation is
/// four HMACs.
pub(crate) struct Signer {
    region: String,
    service: &'static str,
    day_key: Mutex<Option<DayKey>>,
}

#[derive(Clone)]
struct DayKey {
    /// Whose key it is.
    key_id: String,
    /// Of which day, and for what: `20261123/eu-west-1/dynamodb/aws4_request`.
    scope: String,
    /// A MAC that has taken in the key and nothing else yet.
    keyed: Hmac<Sha256>,
}

impl Signer {
    pub(crate) fn new(region: String, service: &'static str) -> Self {
        Self { region, service, day_key: Mutex::new(None) }
    }

    /// Returns the header `authorization` of a request. `headers` are those that are signed, in the
    /// order of their names and without surplus blanks; `x-amz-date` is among them, as `date`.
    pub(crate) fn authorization(
        &self,
        headers: &[(&str, &[u8])],
        body: &[u8],
        date: &str,
        credentials: &Credentials,
    ) -> String {
        let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let hashed = canonical_hash(headers, &names, body);
        let DayKey { key_id, scope, mut keyed } = self.day_key(credentials, date);
        for part in [ALGORITHM, "\n", date, "\n", &scope, "\n", &hashed] {
            keyed.update(part.as_bytes());
        }
        let signature = hex(&keyed.finalize().into_bytes());
        [ALGORITHM, " Credential=", &key_id, "/", &scope, ", SignedHeaders=", &names]
            .into_iter()
            .chain([", Signature=", &signature])
            .collect()
    }

    fn day_key(&self, credentials: &Credentials, date: &str) -> DayKey {
        let mut kept = self.day_key.lock().unwrap_or_else(PoisonError::into_inner);
        let (key_id, day) = (credentials.access_key_id(), date.get(..8).unwrap_or_default());
        let kept_key = kept.as_ref();
        if let Some(key) = kept_key.filter(|key| key.key_id == key_id && key.scope.starts_with(day))
        {
            return key.clone();
        }
        let mut key = format!("AWS4{}", credentials.secret_access_key()).into_bytes();
        for part in [day, &self.region, self.service, TERMINATOR] {
            key = keyed(&key).chain_update(part).finalize().into_bytes().to_vec();
        }
        let scope = format!("{day}/{}/{}/{TERMINATOR}", self.region, self.service);
        kept.insert(DayKey { key_id: key_id.to_owned(), scope, keyed: keyed(&key) }).clone()
    }
}

fn canonical_hash(headers: &[(&str, &[u8])], names: &str, body: &[u8]) -> String {
    let mut text = Sha256::new();
    text.update("POST\n/\n\n");
    for (name, value) in headers {
        for part in [name.as_bytes(), b":", value, b"\n"] {
            text.update(part);
        }
    }
    for part in ["\n", names, "\n", &hex(&Sha256::digest(body))] {
        text.update(part);
    }
    hex(&text.finalize())
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // An HMAC takes keys of any length.
    Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Key::<Hmac<Sha256>>::default()))
}

/// Returns an instant as `x-amz-date` has it: `20261123T090000Z`.
pub(crate) fn amz_date(now: Timestamp) -> String {
    let at = TimeZone::UTC.to_datetime(now);
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

fn hex(hash: &[u8]) -> String {
    let mut text = String::with_capacity(hash.len() * 2);
    let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "20150830T123600Z";
    const TOKEN: &str = concat!(
        "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSP",
        "fIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT",
        "7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlz",
        "m8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
    );

    fn signed(headers: &[(&str, &str)], body: &str) -> String {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let credentials = Credentials::new("AKIDEXAMPLE", secret, None, None, "test");
        let signer = Signer::new("us-east-1".to_owned(), "service");
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        signer.authorization(&headers, body.as_bytes(), DATE, &credentials)
    }

    /// Amazon refuses a request that is signed in any other way than its own test vectors are:
    /// `post-vanilla`, `post-header-key-sort`, `post-sts-header-before` and
    /// `post-x-www-form-urlencoded` of its suite.
    #[test]
    fn signatures_match_amazons_vectors() {
        let host = ("host", "example.amazonaws.com");
        let date = ("x-amz-date", DATE);
        for (headers, body, signature) in [
            (
                vec![host, date],
                "",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                vec![host, ("my-header1", "value1"), date],
                "",
                "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
            ),
            (
                vec![host, date, ("x-amz-security-token", TOKEN)],
                "",
                "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
            ),
            (
                vec![
                    ("content-length", "13"),
                    ("content-type", "application/x-www-form-urlencoded"),
                    host,
                    (
                        "x-amz-content-sha256",
                        "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
                    ),
                    date,
                ],
                "Param1=value1",
                "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
            ),
        ] {
            let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
            let names = names.join(";");
            let credential = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
            assert_eq!(
                signed(&headers, body),
                format!(
                    "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, \
                     Signature={signature}"
                )
            );
        }
    }

    /// The date of a request is what Amazon parses, at the turn of a year too.
    #[test]
    fn dates_have_the_basic_format() {
        for (now, date) in [
            ("2015-08-30T12:36:00Z", DATE),
            ("2026-12-31T23:59:59.999Z", "20261231T235959Z"),
            ("2027-01-01T00:00:00Z", "20270101T000000Z"),
        ] {
            assert_eq!(amz_date(now.parse().unwrap()), date);
        }
    }
}
