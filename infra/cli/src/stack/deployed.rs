//! A stack on AWS, described by the outputs of its CloudFormation stack.

use std::collections::HashMap;
use std::time::Duration;

use acs_broker_store_dynamodb::dynamo::SharedCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudformation::Client as CloudFormation;
use aws_sdk_cloudformation::types::Stack as StackOutputs;
use aws_sdk_secretsmanager::Client as SecretsManager;

use super::{Acs, Description, StackError, days};
use crate::aws::answered;
use crate::queues::Queues;

/// An operator may be on another continent, where a function never is.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// What every AWS client works with: the credentials, region and endpoints of the environment and
/// the profile, as the AWS command line finds them.
pub(super) async fn config(
    region: Option<&str>,
    profile: Option<&str>,
    http: reqwest::Client,
) -> Result<SdkConfig, StackError> {
    let http = acs_broker_aws::shared(http);
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http.clone())
        .retry_config(RetryConfig::standard())
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build())
        // Bodies arrive whole, so there is no stream to watch.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    let config = loader.load().await;
    let Some(region) = config.region().cloned() else { return Err(StackError::NoRegion) };
    let Some(profile) = profile else { return Ok(config) };
    // The SDK by itself would prefer credentials in the environment, and they may be of another
    // account; the AWS command line takes the profile that was named.
    let surroundings =
        ProviderConfig::without_region().with_region(Some(region)).with_http_client(http);
    let credentials =
        ProfileFileCredentialsProvider::builder().configure(&surroundings).profile_name(profile);
    let credentials = SharedCredentialsProvider::new(credentials.build());
    Ok(config.into_builder().credentials_provider(credentials).build())
}

/// Reads the outputs of the CloudFormation stack.
pub(super) async fn describe(config: &SdkConfig, stack: &str) -> Result<Description, StackError> {
    let client = CloudFormation::new(config);
    let answer = client.describe_stacks().stack_name(stack).send().await;
    let answer = answered("DescribeStacks", answer)
        .map_err(|error| StackError::Undescribed(stack.to_owned(), error))?;
    let outputs = answer.stacks().first().map(StackOutputs::outputs).unwrap_or_default();
    let outputs = outputs
        .iter()
        .filter_map(|output| Some((output.output_key()?, output.output_value()?)))
        .collect();
    let mut outputs = Outputs { values: outputs, missing: Vec::new() };
    let issuer = outputs.take("JwtIssuer");
    let tombstone_days = outputs.take("TombstoneDays");
    let table_name = outputs.take("TableName");
    let secret = outputs.take("SecretArn");
    let queues = Queues {
        client: aws_sdk_sqs::Client::new(config),
        revoke: outputs.take("RevokeQueueUrl"),
        delete: outputs.take("DeleteQueueUrl"),
        revoke_dead_letters: outputs.take("RevokeDeadLettersUrl"),
        delete_dead_letters: outputs.take("DeleteDeadLettersUrl"),
        rule_dead_letters: outputs.take("RuleDeadLettersUrl"),
    };
    if !outputs.missing.is_empty() {
        return Err(StackError::NoOutput { stack: stack.to_owned(), outputs: outputs.missing });
    }
    let issuer = issuer.parse();
    let retention = days(&tombstone_days);
    Ok(Description {
        issuer: issuer.map_err(|_| StackError::Wrong("JwtIssuer", "is not an issuer"))?,
        table_name,
        tombstone_retention: retention
            .ok_or(StackError::Wrong("TombstoneDays", "is not a number of days"))?,
        acs: Acs::Secret(SecretsManager::new(config), secret),
        queues: Some(queues),
    })
}

/// The outputs, and which of those that were asked for are not there.
struct Outputs<'a> {
    values: HashMap<&'a str, &'a str>,
    missing: Vec<&'static str>,
}

impl Outputs<'_> {
    fn take(&mut self, name: &'static str) -> String {
        if let Some(value) = self.values.get(name) {
            return (*value).to_owned();
        }
        self.missing.push(name);
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::super::acs;
    use super::*;
    use crate::failure::chain;
    use crate::testing::aws::FakeAws;

    const OUTPUTS: [(&str, &str); 9] = [
        ("JwtIssuer", "https://idp.example"),
        ("TombstoneDays", "400"),
        ("TableName", "users"),
        ("SecretArn", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:acs"),
        ("RevokeQueueUrl", "https://sqs/revoke"),
        ("DeleteQueueUrl", "https://sqs/delete"),
        ("RevokeDeadLettersUrl", "https://sqs/revoke-dead"),
        ("DeleteDeadLettersUrl", "https://sqs/delete-dead"),
        ("RuleDeadLettersUrl", "https://sqs/rule-dead"),
    ];

    async fn said(outputs: &[(&str, &str)]) -> String {
        let described = describe(&FakeAws::with_outputs(outputs).config(), "acs").await;
        described.map(|_| ()).map_err(|error| chain(&error)).unwrap_err()
    }

    #[tokio::test]
    async fn a_stack_is_described_by_its_outputs() {
        let fake = FakeAws::with_outputs(&OUTPUTS);
        let described = describe(&fake.config(), "acs").await.unwrap();
        assert_eq!(described.issuer.as_str(), "https://idp.example");
        assert_eq!(described.table_name, "users");
        assert_eq!(described.tombstone_retention, Duration::from_hours(9600));
        assert_eq!(described.queues.unwrap().rule_dead_letters, "https://sqs/rule-dead");
    }

    #[tokio::test]
    async fn outputs_that_are_not_there_are_named_all_at_once() {
        let error = said(&OUTPUTS[2..8]).await;
        let rule = "the stack acs has no output JwtIssuer, TombstoneDays, RuleDeadLettersUrl";
        assert_eq!(error, rule);
    }

    #[tokio::test]
    async fn an_output_that_breaks_its_rule_is_named() {
        let mut outputs = OUTPUTS;
        outputs[1].1 = "0";
        assert_eq!(said(&outputs).await, "TombstoneDays is not a number of days");
        outputs[0].1 = "an issuer";
        assert_eq!(said(&outputs).await, "JwtIssuer is not an issuer");
    }

    #[tokio::test]
    async fn a_stack_that_is_not_there_is_told_in_awss_own_words() {
        let error = said(&[]).await;
        let rule = "the stack acs cannot be described: \
            DescribeStacks: ValidationError: Stack with id acs does not exist";
        assert_eq!(error, rule);
    }

    #[tokio::test]
    async fn the_way_to_acs_is_in_the_secret_and_an_error_does_not_show_it() {
        let fake = FakeAws::with_outputs(&OUTPUTS);
        let client = SecretsManager::new(&fake.config());
        fake.set_secret(
            r#"{"ACS_CONNECTION_STRING": "endpoint=https://a.example/;accesskey=c2VjcmV0",
                "USER_HASH_KEY": "0123456789abcdef"}"#,
        );
        let access = acs::read_secret(&client, "acs").await.unwrap();
        assert_eq!(access.endpoint.to_string(), "https://a.example");
        for secret in ["endpoint=https://a.example/;accesskey=c2VjcmV0", r#"["c2VjcmV0"]"#] {
            fake.set_secret(secret);
            let error = chain(&acs::read_secret(&client, "acs").await.unwrap_err());
            let rule =
                "there is no way to ACS: the secret is no JSON object whose members are texts";
            assert_eq!(error, rule);
        }
        fake.fail("GetSecretValue");
        let error = chain(&acs::read_secret(&client, "acs").await.unwrap_err());
        assert!(
            error.starts_with("the stack's secret cannot be read: GetSecretValue: AccessDenied")
        );
    }
}
