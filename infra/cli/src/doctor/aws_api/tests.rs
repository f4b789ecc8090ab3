//! Tests of the calls over a socket.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use acs_broker_aws::Credentials;
use aws_config::{BehaviorVersion, Region};
use serde_json::json;

use super::*;
use crate::testing::now;

/// Starts an AWS that responds to one request, and returns that request.
fn aws(status: &'static str, body: &'static str) -> (AwsApi, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut request = [0; 8192];
        let length = connection.read(&mut request).unwrap();
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
        connection.write_all(format!("{head}{body}").as_bytes()).unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .build();
    let http = identity_client::http_client(None).unwrap();
    (AwsApi::new(&config, http, now).unwrap(), server)
}

/// Each protocol has the request that its service reads, signed for that service and region.
#[tokio::test]
async fn requests_are_signed_for_their_service() {
    let (api, server) = aws("200 OK", r#"{"MetricAlarms":[]}"#);
    let found = api.call(Service::CloudWatch, "DescribeAlarms", &json!({})).await.unwrap();
    assert_eq!(found, json!({"MetricAlarms": []}));
    let request = server.join().unwrap();
    assert!(request.contains("x-amz-target: GraniteServiceVersion20100801.DescribeAlarms"));
    let scope = "Credential=AKIDEXAMPLE/20261123/eu-west-1/monitoring/aws4_request";
    assert!(request.contains(scope), "{request}");

    let (api, server) = aws("200 OK", r#"{"State":"Active"}"#);
    assert_eq!(api.function("issue").await.unwrap()["State"], "Active");
    let request = server.join().unwrap();
    assert!(request.starts_with("GET /2015-03-31/functions/issue/configuration "), "{request}");
    assert!(request.contains("/eu-west-1/lambda/aws4_request"), "{request}");

    let (api, server) = aws("200 OK", "<x/>");
    let member = ("ActionNames.member.1".to_owned(), "dynamodb:Scan".to_owned());
    assert_eq!(api.iam("SimulatePrincipalPolicy", &[member]).await.unwrap(), "<x/>");
    let request = server.join().unwrap();
    let body = "Action=SimulatePrincipalPolicy&Version=2010-05-08\
        &ActionNames.member.1=dynamodb%3AScan";
    assert!(request.ends_with(body), "{request}");
    assert!(request.contains("/us-east-1/iam/aws4_request"), "{request}");
}

/// A refusal has AWS's code and words, whatever the protocol.
#[tokio::test]
async fn refusals_have_awss_words() {
    let in_json = r#"{"__type":"com.amazon.coral#AccessDeniedException","message":"no"}"#;
    let in_xml = "<ErrorResponse><Error><Code>AccessDeniedException</Code>\
        <Message>no</Message></Error></ErrorResponse>";
    for body in [in_json, in_xml] {
        let (api, server) = aws("403 Forbidden", body);
        let refused = api.call(Service::EventBridge, "ListRules", &json!({})).await.unwrap_err();
        assert_eq!(refused.to_string(), "ListRules: AccessDeniedException: no");
        server.join().unwrap();
    }
    let (api, server) = aws("200 OK", "<html>");
    let unread = api.call(Service::EventBridge, "ListRules", &json!({})).await.unwrap_err();
    assert_eq!(unread.to_string(), "ListRules: the response is not JSON");
    server.join().unwrap();
}
