//! `make deploy` names everything that is wrong before it builds anything.

use acs_broker_harness::deployment::Deployment;
use acs_broker_harness::process::run;
use acs_broker_harness::tools;
use tokio::process::Command;

/// A deployment that would fail after minutes of building and twenty questions fails at once, with
/// a sentence for each mistake.
#[tokio::test]
async fn mistakes_are_named_before_build() {
    let deployed = Deployment::start().await;
    let (issuer, secret) = (deployed.output("JwtIssuer"), deployed.output("SecretArn"));
    let right = Look { region: "eu-west-1", key: "root", issuer, secret };
    assert_eq!(right.at(&deployed).await, (true, String::new()));

    let slash = format!("{issuer}/");
    let missing = secret.replace(":secret:acs-token-broker-", ":secret:somebody-elses-");
    for (look, sentence) in [
        (Look { key: "", ..right }, "there are no AWS credentials: run `aws sso login`"),
        (Look { region: "", ..right }, "there is no AWS region: set AWS_REGION"),
        (Look { region: "eu-north-1", ..right }, "the secret is in eu-west-1, and the stack"),
        (Look { secret: &missing, ..right }, "there is no secret arn:aws:secretsmanager:"),
        (Look { secret: "acs-token-broker", ..right }, "which is not the ARN of a secret"),
        (Look { issuer: &slash, ..right }, "every byte counts, a slash at the end too"),
        (Look { issuer: "http://127.0.0.1:1", ..right }, "cannot be read: [Errno"),
        (Look { issuer: "", ..right }, "JwtIssuer is not known: the issuer (iss)"),
    ] {
        let (is_right, text) = look.at(&deployed).await;
        assert!(!is_right && text.contains(sentence), "{sentence}: {text}");
    }
    let (_, text) = Look { key: "", issuer: &slash, ..right }.at(&deployed).await;
    assert!(text.contains("no AWS credentials") && text.contains("every byte"), "one only: {text}");
}

#[derive(Clone, Copy)]
struct Look<'a> {
    region: &'a str,
    key: &'a str,
    issuer: &'a str,
    secret: &'a str,
}

impl Look<'_> {
    /// Returns whether all is right, and what the look says of mistakes.
    async fn at(&self, deployed: &Deployment) -> (bool, String) {
        let mut command = Command::new(tools::repository().join("infra/aws/deploy"));
        command.arg("--check").arg("--parameter").arg(format!("JwtIssuer={}", self.issuer));
        command.arg("--parameter").arg(format!("SecretArn={}", self.secret));
        command.args(["--parameter", "JwtAudiences=acs-token-broker"]);
        // Nothing of the developer's own account.
        for name in ["AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_SESSION_TOKEN"] {
            command.env_remove(name);
        }
        command.env("AWS_CONFIG_FILE", "/nowhere").env("AWS_SHARED_CREDENTIALS_FILE", "/nowhere");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command.env("AWS_ENDPOINT_URL", deployed.endpoint());
        if !self.region.is_empty() {
            command.env("AWS_REGION", self.region);
        }
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            command.env_remove(name);
            if !self.key.is_empty() {
                command.env(name, self.key);
            }
        }
        let output = run(&mut command, "").await;
        let text = String::from_utf8_lossy(&output.stderr);
        let mistakes = text.lines().filter(|line| !line.starts_with("deploying into the account"));
        (output.status.success(), mistakes.collect::<Vec<_>>().join("\n"))
    }
}
