//! The console of a whole stack, over HTTP.

mod access;
mod api;
mod clock;
mod event;
mod faults;
mod operator;
mod page;
mod password_change;
mod shutdown;
mod state;
mod steps;
mod users;

use clap::Parser as _;
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::log::tests::collected;
use crate::{LogFormat, Options, ProcessEnvironment, Stack};

/// A running stack and a client of it.
struct World {
    stack: Stack,
    http: reqwest::Client,
}

/// A response, read whole.
struct Response {
    status: StatusCode,
    headers: http::HeaderMap,
    text: String,
}

#[expect(clippy::disallowed_methods, reason = "ACS compares its clock with the signature's")]
fn now() -> Timestamp {
    Timestamp::now()
}

impl Response {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{}", self.text))
    }
}

impl World {
    async fn start() -> Self {
        Self::start_with(&[]).await
    }

    async fn start_with(more: &[&str]) -> Self {
        let ports =
            ["--port", "0", "--acs-port", "0", "--acs-https-port", "0", "--table-port", "0"];
        let options =
            Options::parse_from(["local", "--in-memory"].iter().chain(&ports).chain(more));
        let (log, _) = collected(LogFormat::Text);
        let host = ProcessEnvironment { environment: &|_| None, clock: now, log: &log };
        let stack = Stack::start(&options, host).await.unwrap();
        Self { stack, http: identity_client::http_client(None).unwrap() }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Response {
        let url = format!("{}{path}", self.stack.ready.gateway);
        self.send_to(method, &url, headers, body).await
    }

    async fn send_to(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Response {
        let mut request = self.http.request(method, url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = String::from_utf8(response.bytes().await.unwrap().to_vec()).unwrap();
        Response { status, headers, text }
    }

    async fn get(&self, path: &str) -> Value {
        let response = self.send(Method::GET, path, &[], String::new()).await;
        assert!(response.status.is_success(), "{path}: {}", response.text);
        response.json()
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let response = self.send(Method::POST, path, &[], body.to_string()).await;
        assert!(response.status.is_success(), "{path}: {}", response.text);
        response.json()
    }

    async fn sign_in(&self, subject: &str) -> String {
        let session = self.post("/dev/sign-in", &json!({"subject": subject})).await;
        session["token"].as_str().unwrap().to_owned()
    }

    async fn token(&self, session: &str) -> Response {
        let bearer = format!("Bearer {session}");
        let headers = [("authorization", bearer.as_str())];
        self.send(Method::POST, "/v1/token", &headers, String::new()).await
    }

    async fn user(&self, subject: &str) -> Value {
        self.get(&format!("/dev/user?subject={subject}")).await
    }

    /// The event of a sample, about alice and now.
    async fn sample(&self, name: &str) -> Value {
        let samples = self.get("/dev/events/samples?subject=alice").await;
        let samples = samples["samples"].as_array().unwrap();
        samples.iter().find(|sample| sample["name"] == name).unwrap()["event"].clone()
    }

    /// What came of a sample event, with the member `outcome` first in mind.
    async fn event(&self, name: &str) -> Value {
        let event = self.sample(name).await;
        self.post("/dev/events", &event).await
    }

    async fn operate(&self, operation: &str) -> Value {
        self.post("/dev/operate", &json!({"operation": operation, "subject": "alice"})).await
    }

    async fn rows(&self) -> Vec<Value> {
        self.get("/dev/timeline").await["rows"].as_array().unwrap().clone()
    }
}
