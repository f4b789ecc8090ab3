//! A client of AWS's APIs with the rights of the account's owner.

use std::time::Duration;

use http::HeaderMap;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// How long a call may take on a machine that is busy with other tests.
const TIMEOUT: Duration = Duration::from_mins(1);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A client of every API at one address. Methods panic if AWS refuses the call.
#[derive(Clone, Debug)]
pub struct AwsClient {
    http: reqwest::Client,
    endpoint: String,
}

/// The outcome of an invocation.
#[derive(Clone, Debug)]
pub struct InvokeOutput {
    /// Whether the function failed.
    pub failed: bool,
    /// Its response, or its error.
    pub payload: Value,
}

impl AwsClient {
    /// AWS at `endpoint`, a URL without a trailing slash.
    #[must_use]
    pub fn new(endpoint: &str) -> Self {
        let http = identity_client::http_client(None).expect("an HTTP client");
        Self { http, endpoint: endpoint.to_owned() }
    }

    /// Puts an event on a bus: `events:PutEvents`.
    pub async fn put_event(&self, bus: &str, envelope: &Value) {
        let text = |name: &str| envelope.get(name).and_then(Value::as_str).unwrap_or_default();
        let detail = envelope.get("detail").map(Value::to_string).unwrap_or_default();
        let entry = json!({
            "EventBusName": bus, "Source": text("source"), "DetailType": text("detail-type"),
            "Detail": detail,
        });
        let put = self.call("events", "AWSEvents.PutEvents", json!({ "Entries": [entry] })).await;
        assert_eq!(put.get("FailedEntryCount"), Some(&json!(0)), "{put}");
    }

    /// Puts messages into a queue at once: `sqs:SendMessageBatch`.
    pub async fn send_messages(&self, queue: &str, bodies: &[&str]) {
        let entry =
            |(number, body): (usize, &&str)| json!({"Id": number.to_string(), "MessageBody": body});
        let entries: Vec<_> = bodies.iter().enumerate().map(entry).collect();
        let batch = json!({ "QueueUrl": queue, "Entries": entries });
        self.call("sqs", "AmazonSQS.SendMessageBatch", batch).await;
    }

    /// The bodies of the messages in a queue, at most ten, without taking them out.
    pub async fn messages(&self, queue: &str) -> Vec<String> {
        let peek = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0 });
        let response = self.call("sqs", "AmazonSQS.ReceiveMessage", peek).await;
        let messages =
            response.get("Messages").and_then(Value::as_array).cloned().unwrap_or_default();
        let body = |message: &Value| message.get("Body").and_then(Value::as_str).map(str::to_owned);
        messages.iter().filter_map(body).collect()
    }

    /// Whether a queue has no message, neither waiting nor being handled.
    pub async fn is_empty(&self, queue: &str) -> bool {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let ask = json!({ "QueueUrl": queue, "AttributeNames": names });
        let response = self.call("sqs", "AmazonSQS.GetQueueAttributes", ask).await;
        let attributes = response.get("Attributes").cloned().unwrap_or_default();
        names.iter().all(|name| attributes.get(name) == Some(&json!("0")))
    }

    /// Invokes a function and waits for its response: `lambda:InvokeFunction`.
    pub async fn invoke(&self, function: &str, event: &Value) -> InvokeOutput {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let request = self.signed("lambda", &path).body(event.to_string());
        let (headers, payload) = self.send(request).await;
        InvokeOutput { failed: headers.contains_key("x-amz-function-error"), payload }
    }

    /// The lines of a log group.
    pub async fn log(&self, group: &str) -> String {
        let filter = json!({ "logGroupName": group });
        let found = self.call("logs", "Logs_20140328.FilterLogEvents", filter).await;
        let events = found.get("events").and_then(Value::as_array).cloned().unwrap_or_default();
        let line = |event: &Value| event.get("message").and_then(Value::as_str).map(str::to_owned);
        events.iter().filter_map(line).collect::<Vec<_>>().join("\n")
    }

    /// Calls an operation of an API that speaks JSON: `DynamoDB_20120810.GetItem`.
    pub async fn call(&self, service: &str, target: &str, body: Value) -> Value {
        let version =
            if service == "events" || service == "secretsmanager" { "1.1" } else { "1.0" };
        let request = self
            .signed(service, "/")
            .header("x-amz-target", target)
            .header("content-type", format!("application/x-amz-json-{version}"))
            .body(body.to_string());
        self.send(request).await.1
    }

    /// Calls an operation of an API that takes a form: IAM.
    pub async fn form(&self, service: &str, members: &[(&str, &str)]) -> String {
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        };
        let members: Vec<_> =
            members.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let request = self
            .signed(service, "/")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(members.join("&"));
        let response = request.send().await.expect("a response of AWS");
        let (status, text) = (response.status(), response.text().await.expect("a whole response"));
        assert!(status.is_success(), "{status} {text}");
        text
    }

    /// The inline policies of a role.
    pub async fn role_policies(&self, role: &str) -> Vec<Value> {
        let ask = |action: &'static str| {
            [("Action", action), ("Version", "2010-05-08"), ("RoleName", role)]
        };
        let names = self.form("iam", &ask("ListRolePolicies")).await;
        let mut policies = Vec::new();
        for name in between(&names, "<member>", "</member>") {
            let [action, version, role] = ask("GetRolePolicy");
            let response = self.form("iam", &[action, version, role, ("PolicyName", name)]).await;
            let document = between(&response, "<PolicyDocument>", "</PolicyDocument>");
            let document = document.first().copied().unwrap_or_default();
            let document = percent_encoding::percent_decode_str(document).decode_utf8_lossy();
            let document = document.replace("&quot;", "\"");
            policies.push(serde_json::from_str(&document).expect("a policy"));
        }
        policies
    }

    /// Creates a user with this policy alone, and returns the id and the secret of an access key.
    pub async fn user(&self, name: &str, policy: &Value) -> (String, String) {
        let ask = |action: &'static str| {
            [("Action", action), ("Version", "2010-05-08"), ("UserName", name)]
        };
        self.form("iam", &ask("CreateUser")).await;
        let [action, version, user] = ask("PutUserPolicy");
        let policy = policy.to_string();
        let document = [("PolicyName", name), ("PolicyDocument", policy.as_str())];
        self.form("iam", &[&[action, version, user][..], &document].concat()).await;
        let key = self.form("iam", &ask("CreateAccessKey")).await;
        let text = |element: &str| {
            let found = between(&key, &format!("<{element}>"), &format!("</{element}>"));
            (*found.first().expect("a whole access key")).to_owned()
        };
        (text("AccessKeyId"), text("SecretAccessKey"))
    }

    /// Replaces an inline policy of a role.
    pub async fn put_role_policy(&self, role: &str, name: &str, policy: &Value) {
        let members = [
            ("Action", "PutRolePolicy"),
            ("Version", "2010-05-08"),
            ("RoleName", role),
            ("PolicyName", name),
            ("PolicyDocument", &policy.to_string()),
        ];
        self.form("iam", &members).await;
    }

    /// Updates a stack to another value of one of its parameters, and returns when that is done.
    pub async fn set_parameter(&self, stack: &str, name: &str, value: &str) {
        let describe =
            [("Action", "DescribeStacks"), ("Version", "2010-05-15"), ("StackName", stack)];
        let described = self.form("cloudformation", &describe).await;
        let mut members = vec![
            ("Action".to_owned(), "UpdateStack"),
            ("Version".to_owned(), "2010-05-15"),
            ("StackName".to_owned(), stack),
            ("UsePreviousTemplate".to_owned(), "true"),
            ("Capabilities.member.1".to_owned(), "CAPABILITY_IAM"),
        ];
        let keys = between(&described, "<ParameterKey>", "</ParameterKey>");
        for (number, key) in (1..).zip(keys) {
            let member = format!("Parameters.member.{number}");
            let (what, content) =
                if key == name { ("ParameterValue", value) } else { ("UsePreviousValue", "true") };
            members.push((format!("{member}.ParameterKey"), key));
            members.push((format!("{member}.{what}"), content));
        }
        let members: Vec<_> = members.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        self.form("cloudformation", &members).await;
        let began = Instant::now();
        loop {
            let described = self.form("cloudformation", &describe).await;
            if described.contains("<StackStatus>UPDATE_COMPLETE</StackStatus>") {
                return;
            }
            let is_going_on = described.contains("_IN_PROGRESS</StackStatus>");
            assert!(is_going_on && began.elapsed() < TIMEOUT, "{described}");
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Changes the newest code's environment, as somebody does by hand; no version has it.
    pub async fn set_environment(&self, function: &str, variables: &Value) {
        let path = format!("/2015-03-31/functions/{function}/configuration");
        let change = json!({ "Environment": { "Variables": variables } });
        let request = self.request(http::Method::PUT, "lambda", &path).body(change.to_string());
        self.send(request).await;
    }

    /// The configuration of a function.
    pub async fn configuration(&self, function: &str) -> Value {
        self.get("lambda", &format!("/2015-03-31/functions/{function}/configuration")).await
    }

    /// Reads from an API that has paths: Lambda.
    pub async fn get(&self, service: &str, path: &str) -> Value {
        self.send(self.request(http::Method::GET, service, path)).await.1
    }

    fn signed(&self, service: &str, path: &str) -> reqwest::RequestBuilder {
        self.request(http::Method::POST, service, path)
    }

    /// A request in the name of `root`. `MiniStack` looks at the key's name only.
    fn request(&self, method: http::Method, service: &str, path: &str) -> reqwest::RequestBuilder {
        let credential = format!("root/20261123/eu-west-1/{service}/aws4_request");
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0");
        let url = format!("{}{path}", self.endpoint);
        self.http.request(method, url).timeout(TIMEOUT).header("authorization", authorization)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> (HeaderMap, Value) {
        let response = request.send().await.expect("a response of AWS");
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("a whole response of AWS");
        assert!(status.is_success(), "{status} {text}");
        (headers, serde_json::from_str(&text).unwrap_or_default())
    }
}

/// The texts between `begin` and `end` in an XML document.
fn between<'a>(document: &'a str, begin: &str, end: &str) -> Vec<&'a str> {
    document.split(begin).skip(1).filter_map(|rest| rest.split(end).next()).collect()
}
