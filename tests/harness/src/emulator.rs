//! A client of the ACS emulator's control API, which shows the state that ACS itself hides.

use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// How long a response may take on a machine that is busy with other tests.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client of `/_emulator/`. Every method panics when the emulator refuses.
#[derive(Clone, Debug)]
pub struct EmulatorControl {
    http: reqwest::Client,
    url: String,
}

/// An identity as the emulator remembers it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct KnownIdentity {
    /// `8:acs:<resource id>_<guid>`
    pub id: String,
    /// When it was deleted, if it was.
    pub deleted_at: Option<Timestamp>,
    /// Tokens issued before this are dead.
    pub tokens_valid_from: Option<Timestamp>,
    /// How many tokens were issued for it.
    pub tokens_issued: u64,
}

impl EmulatorControl {
    /// The emulator at `url`, which has no trailing slash.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let http = identity_client::http_client(None).expect("an HTTP client");
        Self { http, url: format!("{url}/_emulator") }
    }

    /// Whether chat and calling would accept the token now.
    pub async fn is_active(&self, token: &str) -> bool {
        self.introspect(token).await["active"] == true
    }

    /// `{"active": true, "token": {…}}` or `{"active": false, "reason": "…"}`.
    pub async fn introspect(&self, token: &str) -> Value {
        self.call(Method::POST, "introspect", Some(json!({ "token": token }))).await
    }

    /// Every identity that was ever created.
    pub async fn identities(&self) -> Vec<KnownIdentity> {
        let mut response = self.call(Method::GET, "identities", None).await;
        let identities = response.get_mut("identities").map(Value::take).unwrap_or_default();
        serde_json::from_value(identities).expect("a list of identities")
    }

    /// The ids of the identities that are not deleted.
    pub async fn live_identities(&self) -> Vec<String> {
        let identities = self.identities().await.into_iter();
        identities.filter(|one| one.deleted_at.is_none()).map(|one| one.id).collect()
    }

    /// Requests, effects and responses by operation, since the emulator's start.
    pub async fn counters(&self) -> Value {
        self.call(Method::GET, "counters", None).await
    }

    /// How many requests there were for `operation`: `create`, `issue`, `revoke` or `delete`.
    pub async fn requests(&self, operation: &str) -> u64 {
        self.counters().await[operation]["requests"].as_u64().unwrap_or_default()
    }

    /// The last requests that failed to authenticate, each with the reason.
    pub async fn denials(&self) -> Value {
        self.call(Method::GET, "denials", None).await
    }

    /// Adds a fault, such as
    /// `{"operation": "issue", "effect": {"status": 503, "body": "html"}, "times": 3}`.
    pub async fn add_fault(&self, fault: Value) {
        self.call(Method::POST, "faults", Some(fault)).await;
    }

    /// Removes every fault.
    pub async fn clear_faults(&self) {
        self.call(Method::DELETE, "faults", None).await;
    }

    /// Makes every token this much older.
    pub async fn advance_clock(&self, seconds: u32) {
        self.call(Method::POST, "clock", Some(json!({ "advanceSeconds": seconds }))).await;
    }

    /// Replaces the key `primary` or `secondary` and returns the new one. Tokens made with the old
    /// one die.
    pub async fn regenerate_key(&self, key: &str) -> String {
        let response = self.call(Method::POST, &format!("keys/{key}/regenerate"), None).await;
        response["accessKey"].as_str().expect("a key").to_owned()
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let request =
            self.http.request(method, format!("{}/{path}", self.url)).timeout(TIMEOUT).body(body);
        let response = request.send().await.expect("a response of the emulator");
        let status = response.status();
        let text = response.text().await.expect("the whole response of the emulator");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }
}
