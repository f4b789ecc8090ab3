//! The contract, asked of a `DynamoStore` that reads snapshots without the SDK; and what it leaves
//! to the SDK.

use std::sync::Arc;
use std::time::Duration;

use acs_broker_core::{RecordKey, UniqueId, UserStore};
use acs_broker_store_dynamodb::DynamoStore;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use identity_client::{Deadline, Timestamp};
use serde_json::json;

use crate::dynamo::{KEY_ID, REGION, SECRET, direct_store_at, new_table_at, store_at};
use crate::dynoxide::new_database;
use crate::endpoint::{Endpoint, Reply};

crate::suite::contract!(new_table);

async fn new_table() -> Arc<DynamoStore> {
    let url = new_database().await;
    new_table_at(&url, "users").await;
    Arc::new(direct_store_at(&url))
}

const NOTHING: &str = r#"{"Responses":{"users":[]},"UnprocessedKeys":{}}"#;

/// A user whose name needs escapes, or whose row lies beside many others, gets the same read from
/// both: each body is the SDK's, byte for byte, and each signature the one that Amazon's own signer
/// makes.
#[tokio::test]
async fn requests_equal_the_sdks() {
    const REQUESTS: usize = 1000;
    let answers = || (0..REQUESTS).map(|_| Reply::Answer(200, NOTHING.to_owned()));
    let (direct, sdk) = (Endpoint::scripted(answers()).await, Endpoint::scripted(answers()).await);
    let (ours, theirs) = (direct_store_at(&direct.url), store_at(&sdk.url));
    let mut seed = 1;
    for number in 0..REQUESTS {
        let user = any_user(&mut seed);
        let second = i64::try_from(number).unwrap() * 7919;
        let now = Timestamp::from_second(1_790_000_000 + second).unwrap();
        let deadline = Deadline::new(now, Duration::from_secs(30));
        ours.read_snapshot(&user, &deadline).await.unwrap();
        theirs.read_snapshot(&user, &deadline).await.unwrap();
    }
    assert_eq!(direct.requests(), sdk.requests());
    for (head, body) in direct.heads().iter().zip(direct.requests()) {
        assert_eq!(header(head, "authorization"), amazons_signature(head, &body));
    }
}

/// Throttling, an unreadable answer, a cut connection: the SDK reads instead, with its retries.
#[tokio::test]
async fn anything_unusual_is_left_to_the_sdk() {
    let row = json!({"id": {"S": ALICE}, "revision": {"S": "7"}});
    let good = json!({"Responses": {"users": [row]}}).to_string();
    let left =
        json!({"Responses": {}, "UnprocessedKeys": {"users": {"Keys": [{"id": {"S": ALICE}}]}}});
    let of_another_type = json!({"Responses": {"users": [{"id": {"S": ALICE}, "x": {"L": []}}]}});
    for unusual in [
        Reply::Answer(400, json!({"__type": "ThrottlingException"}).to_string()),
        Reply::Answer(500, "no JSON".to_owned()),
        Reply::Answer(200, "no JSON".to_owned()),
        Reply::Answer(200, left.to_string()),
        Reply::Answer(200, of_another_type.to_string()),
        Reply::Answer(200, " ".repeat(70_000)),
        Reply::CutShort,
        Reply::Stall,
    ] {
        let endpoint = Endpoint::scripted([unusual, Reply::Answer(200, good.clone())]).await;
        let store = direct_store_at(&endpoint.url);
        let snapshot = store.read_snapshot(&ALICE.parse().unwrap(), &soon()).await.unwrap();
        assert_eq!(snapshot.stored.revision, Some(UniqueId::from_bits(7)));
        assert_eq!(endpoint.left(), 0);
    }
}

/// A user whose row is not there yet is not an error.
#[tokio::test]
async fn absent_rows_need_no_second_read() {
    let endpoint = Endpoint::scripted([Reply::Answer(200, NOTHING.to_owned())]).await;
    let store = direct_store_at(&endpoint.url);
    let snapshot = store.read_snapshot(&ALICE.parse().unwrap(), &soon()).await.unwrap();
    assert_eq!(snapshot.stored.revision, None);
}

const ALICE: &str = "user https://idp.example alice";

/// Returns a user with a name of any characters that names may have.
fn any_user(seed: &mut u64) -> RecordKey {
    let mut draw = |below: u64| {
        *seed =
            seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) % below
    };
    let alphabet: Vec<char> = "ab|@.-/\\\"'<>&% é日🙂\u{7ff}\u{2028}".chars().collect();
    let length = 1 + draw(40);
    let size = u64::try_from(alphabet.len()).unwrap();
    let subject: String =
        (0..length).map(|_| *alphabet.get(usize::try_from(draw(size)).unwrap()).unwrap()).collect();
    RecordKey::user("https://idp.example/tenant".parse().unwrap(), subject.parse().unwrap())
}

/// Returns the header `authorization` that Amazon's signer gives a request with this head.
fn amazons_signature(head: &str, body: &str) -> String {
    let credentials = Credentials::new(KEY_ID, SECRET, None, None, "test");
    let identity = Identity::from(credentials);
    let date = header(head, "x-amz-date");
    let time = jiff::fmt::strtime::parse("%Y%m%dT%H%M%SZ", &date).unwrap().to_datetime().unwrap();
    let time = time.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name("dynamodb")
        .time(time.into())
        .settings(SigningSettings::default())
        .build()
        .unwrap();
    let names = ["content-type", "host", "x-amz-target"];
    let headers: Vec<_> = names.iter().map(|name| (*name, header(head, name))).collect();
    let url = format!("http://{}/", header(head, "host"));
    let signable = SignableRequest::new(
        "POST",
        url,
        headers.iter().map(|(name, value)| (*name, value.as_str())),
        SignableBody::Bytes(body.as_bytes()),
    );
    let signed = sign(signable.unwrap(), &params.into()).unwrap();
    let (instructions, _) = signed.into_parts();
    let mut headers = instructions.headers();
    headers.find(|(name, _)| *name == "authorization").unwrap().1.to_owned()
}

fn header(head: &str, name: &str) -> String {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let mut found = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
    found.next().unwrap_or_else(|| panic!("{name} in {head}")).1.to_owned()
}

fn soon() -> Deadline {
    Deadline::new(Timestamp::UNIX_EPOCH, Duration::from_secs(30))
}
