//! Tests of the secret of a stack.

use acs_broker_config::error_chain;

use super::*;
use crate::testing::aws::FakeAws;

mod secret {
    use super::*;

    /// The text of the secret is read as it is, and a failure names the call.
    #[tokio::test]
    async fn failure_names_the_call() {
        let fake = FakeAws::default();
        let client = SecretsManager::new(&fake.config());
        fake.set_secret("{}");
        assert_eq!(read_secret(&client, "acs").await.unwrap(), "{}");
        fake.fail("GetSecretValue");
        let error = error_chain(&read_secret(&client, "acs").await.unwrap_err());
        assert!(
            error.starts_with("the stack's secret cannot be read: GetSecretValue: AccessDenied")
        );
    }
}
