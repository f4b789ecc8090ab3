//! AWS for tests, behind the SDK's HTTP seam: a stack's outputs, a secret, and queues.

use std::fmt;
use std::sync::{Arc, Mutex};

use acs_broker_aws::{Credentials, SharedCredentialsProvider};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::queues::Queues;

/// Is an AWS with the outputs of a stack, a secret and queues.
#[derive(Clone, Default)]
pub(crate) struct FakeAws(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    outputs: Vec<(String, String)>,
    secret: String,
    messages: Vec<Stored>,
    table_status: String,
    receipts: u32,
    /// The next calls of this operation that fail.
    failing: Vec<&'static str>,
}

#[derive(Clone, Debug)]
struct Stored {
    queue: String,
    id: String,
    body: String,
    attributes: Value,
    system: Value,
    /// The last receipt that was given out; while it counts, the message is held.
    receipt: Option<String>,
}

impl FakeAws {
    pub(crate) fn with_outputs(outputs: &[(&str, &str)]) -> Self {
        let fake = Self::default();
        fake.0.lock().unwrap().outputs =
            outputs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        fake
    }

    pub(crate) fn set_secret(&self, secret: &str) {
        secret.clone_into(&mut self.0.lock().unwrap().secret);
    }

    pub(crate) fn set_table_status(&self, status: &str) {
        status.clone_into(&mut self.0.lock().unwrap().table_status);
    }

    /// Makes the next call of an operation fail.
    pub(crate) fn fail(&self, operation: &'static str) {
        self.0.lock().unwrap().failing.push(operation);
    }

    pub(crate) fn send(&self, queue: &str, body: &str, attributes: Value, system: Value) {
        let mut state = self.0.lock().unwrap();
        let id = format!("message-{}", state.messages.len());
        let (queue, body) = (queue.to_owned(), body.to_owned());
        state.messages.push(Stored { queue, id, body, attributes, system, receipt: None });
    }

    /// Returns the bodies that a queue would return now.
    pub(crate) fn visible(&self, queue: &str) -> Vec<String> {
        let state = self.0.lock().unwrap();
        let there = state.messages.iter().filter(|m| m.queue == queue && m.receipt.is_none());
        there.map(|message| message.body.clone()).collect()
    }

    /// Returns the attributes of the messages of a queue.
    pub(crate) fn carried(&self, queue: &str) -> Vec<(Value, Value)> {
        let state = self.0.lock().unwrap();
        let there = state.messages.iter().filter(|message| message.queue == queue);
        there.map(|message| (message.attributes.clone(), message.system.clone())).collect()
    }

    pub(crate) fn config(&self) -> SdkConfig {
        let connector = SharedHttpConnector::new(self.clone());
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build()
    }

    pub(crate) fn queues(&self) -> Queues {
        Queues {
            client: aws_sdk_sqs::Client::new(&self.config()),
            revoke: "https://sqs/revoke".to_owned(),
            delete: "https://sqs/delete".to_owned(),
            revoke_dead_letters: "https://sqs/revoke-dead".to_owned(),
            delete_dead_letters: "https://sqs/delete-dead".to_owned(),
            rule_dead_letters: "https://sqs/rule-dead".to_owned(),
        }
    }
}

impl HttpConnector for FakeAws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default();
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let response = self.0.lock().unwrap().respond(operation, body);
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl State {
    fn respond(&mut self, operation: &str, body: &[u8]) -> HttpResponse {
        if let Some(index) = self.failing.iter().position(|failing| *failing == operation) {
            self.failing.remove(index);
            let refusal = json!({"__type": "AccessDenied", "message": format!("not {operation}")});
            return response(403, refusal.to_string());
        }
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let document = match operation {
            "" => return self.describe_stacks(),
            "GetSecretValue" => json!({"SecretString": self.secret}),
            "GetQueueAttributes" => {
                let queue = request["QueueUrl"].as_str();
                let there = self.messages.iter().filter(|m| Some(m.queue.as_str()) == queue);
                let count = there.count().to_string();
                json!({"Attributes": {"ApproximateNumberOfMessages": count}})
            }
            "DescribeTable" => json!({"Table": {
                "TableStatus": self.table_status,
                "DeletionProtectionEnabled": true,
            }}),
            "DescribeContinuousBackups" => json!({"ContinuousBackupsDescription": {
                "ContinuousBackupsStatus": "ENABLED",
                "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"},
            }}),
            "DescribeTimeToLive" => {
                json!({"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED"}})
            }
            "ReceiveMessage" => self.receive(&request),
            "SendMessage" => self.enqueue(&request),
            "DeleteMessage" => {
                let receipt = request["ReceiptHandle"].as_str();
                self.messages.retain(|message| message.receipt.as_deref() != receipt);
                json!({})
            }
            "ChangeMessageVisibilityBatch" => self.release(&request),
            other => panic!("{other} is unknown"),
        };
        response(200, document.to_string())
    }

    fn describe_stacks(&self) -> HttpResponse {
        if self.outputs.is_empty() {
            let error = "<Error><Code>ValidationError</Code>\
                <Message>Stack with id acs does not exist</Message></Error>";
            return response(400, format!("<ErrorResponse>{error}</ErrorResponse>"));
        }
        let outputs = self.outputs.iter().map(|(key, value)| {
            let (key, value) = (
                format!("<OutputKey>{key}</OutputKey>"),
                format!("<OutputValue>{value}</OutputValue>"),
            );
            format!("<member>{key}{value}</member>")
        });
        let outputs: String = outputs.collect();
        let stack = format!("<StackName>acs</StackName><Outputs>{outputs}</Outputs>");
        let stacks = format!("<Stacks><member>{stack}</member></Stacks>");
        let result = format!("<DescribeStacksResult>{stacks}</DescribeStacksResult>");
        response(200, format!("<DescribeStacksResponse>{result}</DescribeStacksResponse>"))
    }

    fn receive(&mut self, request: &Value) -> Value {
        let mut given = Vec::new();
        let queue = request["QueueUrl"].as_str().unwrap();
        let there = self.messages.iter_mut();
        for message in there.filter(|m| m.queue == queue && m.receipt.is_none()).take(10) {
            self.receipts += 1;
            let receipt = format!("receipt-{}", self.receipts);
            given.push(json!({
                "MessageId": message.id, "ReceiptHandle": receipt, "Body": message.body,
                "Attributes": message.system, "MessageAttributes": message.attributes,
            }));
            message.receipt = Some(receipt);
        }
        json!({"Messages": given})
    }

    fn enqueue(&mut self, request: &Value) -> Value {
        let id = format!("message-{}", self.messages.len());
        let text = |name: &str| request[name].as_str().unwrap().to_owned();
        self.messages.push(Stored {
            queue: text("QueueUrl"),
            id: id.clone(),
            body: text("MessageBody"),
            attributes: request["MessageAttributes"].clone(),
            system: request["MessageSystemAttributes"].clone(),
            receipt: None,
        });
        json!({"MessageId": id})
    }

    fn release(&mut self, request: &Value) -> Value {
        for entry in request["Entries"].as_array().unwrap() {
            assert_eq!(entry["VisibilityTimeout"], 0);
            let receipt = entry["ReceiptHandle"].as_str();
            for message in &mut self.messages {
                if message.receipt.as_deref() == receipt {
                    message.receipt = None;
                }
            }
        }
        json!({"Successful": [], "Failed": []})
    }
}

fn response(status: u16, body: String) -> HttpResponse {
    let response = http::Response::builder().status(status).body(body.into()).unwrap();
    HttpResponse::try_from(response).unwrap()
}

impl fmt::Debug for FakeAws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeAws")
    }
}
