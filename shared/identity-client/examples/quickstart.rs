//! The flow of Microsoft's quickstart for user access tokens
//! (<https://learn.microsoft.com/azure/communication-services/quickstarts/identity/access-tokens>):
//! create a user, issue a token, revoke the user's tokens, delete the user.
//!
//! ```sh
//! COMMUNICATION_SERVICES_CONNECTION_STRING='endpoint=https://…;accesskey=…' \
//!     cargo run -p identity-client --example quickstart
//! ```
//!
//! Against an emulator, `ACS_ALLOW_HTTP=1` accepts an `http` endpoint, and `ACS_EXTRA_CA_FILE` names
//! a PEM file with a certificate authority to trust.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this program talks to a person")]
#![expect(
    clippy::disallowed_methods,
    reason = "this program reads its settings and the clock itself"
)]

use std::{env, error::Error, fs, iter::successors, process::ExitCode, sync::Arc, time::Duration};

use identity_client::{
    ClientOptions, ConnectionString, Deadline, IdentityClient, Lifetime, ReqwestTransport, Scope,
    Timestamp, http_client,
};

const CONNECTION_STRING: &str = "COMMUNICATION_SERVICES_CONNECTION_STRING";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    println!("Azure Communication Services - User Access Tokens Quickstart");
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let first: &dyn Error = error.as_ref();
            let chain: Vec<String> =
                successors(Some(first), |&error| error.source()).map(ToString::to_string).collect();
            eprintln!("Error: {}", chain.join(": "));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let client = connect()?;
    let deadline = || Deadline::new(Timestamp::now(), Duration::from_secs(15));

    let user = client.create_user(&deadline()).await?;
    println!("\nCreated a user with ID: {user}");

    let scopes = [Scope::Voip];
    let issued = client.issue_token(&user, &scopes, Lifetime::DEFAULT, &deadline()).await?;
    println!("\nIssued a token with scope voip that expires at {}:", issued.token.expires_on());
    println!("{}", issued.token.secret());

    client.revoke_tokens(&user, &deadline()).await?;
    println!("\nRevoked all tokens of the user with ID: {user}");

    client.delete_user(&user, &deadline()).await?;
    println!("\nDeleted the user with ID: {user}");
    Ok(())
}

fn connect() -> Result<IdentityClient, Box<dyn Error>> {
    let text =
        env::var(CONNECTION_STRING).map_err(|_| format!("{CONNECTION_STRING} is not set"))?;
    let allow_http = env::var("ACS_ALLOW_HTTP").is_ok_and(|value| value == "1");
    let ConnectionString { endpoint, access_key } =
        if allow_http { ConnectionString::parse_insecure(&text)? } else { text.parse()? };
    let extra_roots = env::var_os("ACS_EXTRA_CA_FILE").map(fs::read).transpose()?;
    let transport = Arc::new(ReqwestTransport::new(http_client(extra_roots.as_deref())?));
    Ok(IdentityClient::new(endpoint, access_key, transport, ClientOptions::default()))
}
