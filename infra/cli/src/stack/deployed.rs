//! A stack on AWS, described by the outputs of its CloudFormation stack.

use std::collections::HashMap;

use acs_broker_config::tombstone_retention;
use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client as CloudFormation;
use aws_sdk_cloudformation::types::Stack as StackOutputs;
use aws_sdk_secretsmanager::Client as SecretsManager;

use super::description::{AcsSource, Description};
use super::error::StackError;
use crate::aws::response;
use crate::queues::Queues;

/// Reads the outputs of the CloudFormation stack.
pub(super) async fn describe(config: &SdkConfig, stack: &str) -> Result<Description, StackError> {
    let client = CloudFormation::new(config);
    let stacks = client.describe_stacks().stack_name(stack).send().await;
    let stacks = response("DescribeStacks", stacks)
        .map_err(|error| StackError::Undescribed(stack.to_owned(), error))?;
    let outputs = stacks.stacks().first().map(StackOutputs::outputs).unwrap_or_default();
    let outputs = outputs
        .iter()
        .filter_map(|output| Some((output.output_key()?, output.output_value()?)))
        .collect();
    let mut outputs = Outputs { values: outputs, missing: Vec::new() };
    let issuer = outputs.take("JwtIssuer");
    let tombstone_days = outputs.take("TombstoneDays");
    let table_name = outputs.take("TableName");
    let secret = outputs.take("SecretArn");
    let key_in_use = outputs.take("AcsKeyInUse");
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
    let retention = tombstone_retention(&tombstone_days);
    Ok(Description {
        issuer: issuer.map_err(|_| StackError::Wrong("JwtIssuer", "is not an issuer"))?,
        table_name,
        tombstone_retention: retention
            .map_err(|_| StackError::Wrong("TombstoneDays", "is not a number of days"))?,
        acs: AcsSource::Secret { client: SecretsManager::new(config), arn: secret, key_in_use },
        queues: Some(queues),
    })
}

/// Holds the outputs, and the names of the outputs that are missing.
struct Outputs<'a> {
    values: HashMap<&'a str, &'a str>,
    missing: Vec<&'static str>,
}

impl Outputs<'_> {
    /// Returns an output, or notes that it is missing.
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
    use std::time::Duration;

    use super::*;
    use crate::testing::aws::FakeAws;
    use acs_broker_config::error_chain;

    const OUTPUTS: [(&str, &str); 10] = [
        ("JwtIssuer", "https://idp.example"),
        ("TombstoneDays", "400"),
        ("TableName", "users"),
        ("SecretArn", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:acs"),
        ("AcsKeyInUse", "primary"),
        ("RevokeQueueUrl", "https://sqs/revoke"),
        ("DeleteQueueUrl", "https://sqs/delete"),
        ("RevokeDeadLettersUrl", "https://sqs/revoke-dead"),
        ("DeleteDeadLettersUrl", "https://sqs/delete-dead"),
        ("RuleDeadLettersUrl", "https://sqs/rule-dead"),
    ];

    async fn error_of(outputs: &[(&str, &str)]) -> String {
        let described = describe(&FakeAws::with_outputs(outputs).config(), "acs").await;
        described.map(|_| ()).map_err(|error| error_chain(&error)).unwrap_err()
    }

    mod outputs {
        use super::*;

        /// The outputs of the template describe a stack.
        #[tokio::test]
        async fn describe_a_stack() {
            let fake = FakeAws::with_outputs(&OUTPUTS);
            let described = describe(&fake.config(), "acs").await.unwrap();
            assert_eq!(described.issuer.as_str(), "https://idp.example");
            assert_eq!(described.table_name, "users");
            assert_eq!(described.tombstone_retention, Duration::from_hours(9600));
            assert_eq!(described.queues.unwrap().rule_dead_letters, "https://sqs/rule-dead");
        }

        /// One error names every output that is missing.
        #[tokio::test]
        async fn missing_ones_are_named_together() {
            let error = error_of(&OUTPUTS[2..9]).await;
            let rule = "the stack acs has no output JwtIssuer, TombstoneDays, RuleDeadLettersUrl";
            assert_eq!(error, rule);
        }

        /// An output that breaks its rule is named.
        #[tokio::test]
        async fn wrong_one_is_named() {
            let mut outputs = OUTPUTS;
            outputs[1].1 = "0";
            assert_eq!(error_of(&outputs).await, "TombstoneDays is not a number of days");
            outputs[0].1 = "an issuer";
            assert_eq!(error_of(&outputs).await, "JwtIssuer is not an issuer");
        }

        /// AWS's own message tells that a stack does not exist.
        #[tokio::test]
        async fn missing_stack_quotes_aws() {
            let error = error_of(&[]).await;
            let rule = "the stack acs cannot be described: \
                DescribeStacks: ValidationError: Stack with id acs does not exist";
            assert_eq!(error, rule);
        }
    }
}
