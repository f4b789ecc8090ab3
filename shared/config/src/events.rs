//! The sources of identity events.

use acs_broker_core::Issuer;
use acs_broker_identity_events::{Cognito, Okta, OktaSubject, Sources};

use crate::reader::Reader;
use crate::values::{parsed, text};

const ISSUER: &str = "EVENT_ISSUER";
const USER_POOL: &str = "COGNITO_USER_POOL_ID";
const ACCOUNT: &str = "COGNITO_ACCOUNT_ID";
const IGNORED_ROLES: &str = "COGNITO_IGNORED_ROLES";
const AUTH0: &str = "AUTH0_EVENT_SOURCE";
const OKTA: &str = "OKTA_EVENT_SOURCE";
const OKTA_SUBJECT: &str = "OKTA_SUBJECT";
const GENERIC: &str = "GENERIC_EVENT_SOURCE";

/// The settings that make a source.
const SOURCES: [&str; 4] = [USER_POOL, AUTH0, OKTA, GENERIC];
/// The settings that say more about a source.
const DETAILS: [&str; 3] = [ACCOUNT, IGNORED_ROLES, OKTA_SUBJECT];

/// Returns the sources whose events count; none without the issuer of the users they are about.
pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Sources> {
    if reader.text(ISSUER).is_none() {
        let is_set = |name: &&str| reader.text(name).is_some();
        let needs_issuer = SOURCES.iter().chain(&DETAILS).any(is_set);
        if needs_issuer {
            reader.refuse(ISSUER, "is missing");
        }
        return None;
    }
    if SOURCES.iter().all(|name| reader.text(name).is_none()) {
        reader.refuse(ISSUER, &format!("needs a source of events: one of {}", SOURCES.join(", ")));
        return None;
    }
    // Each is read before any is missed, so that all that is wrong is told at once.
    let issuer = reader.optional(ISSUER, parsed);
    let cognito = cognito(reader, issuer.as_ref());
    let auth0 = reader.optional(AUTH0, auth0_streams).unwrap_or_default();
    let okta = reader.optional(OKTA, |value| partner(value, "aws.partner/okta.com/"));
    let subject = reader.with_default(OKTA_SUBJECT, "id", okta_subject);
    let generic = reader.optional(GENERIC, own_source);
    let okta = okta.zip(subject).map(|(source, subject)| Okta { source, subject });
    Some(Sources { issuer: issuer?, cognito, auth0, okta, generic })
}

fn cognito(reader: &mut Reader<'_>, issuer: Option<&Issuer>) -> Option<Cognito> {
    let account = match reader.text(USER_POOL) {
        Some(_) => reader.required(ACCOUNT, account),
        None => reader.optional(ACCOUNT, account),
    };
    let ignored_roles = reader.optional(IGNORED_ROLES, roles).unwrap_or_default();
    let user_pool = reader.optional(USER_POOL, user_pool)?;
    let expected = issuer_of(&user_pool);
    if issuer.is_some_and(|issuer| is_public(issuer) && issuer.as_str() != expected) {
        reader.refuse(ISSUER, &format!("must be {expected}, the issuer of {USER_POOL}"));
    }
    Some(Cognito { user_pool, account: account?, ignored_roles })
}

/// Returns whether the gateway of an HTTP API would take the issuer. Any other belongs to a
/// development identity provider, which stands for Cognito too.
fn is_public(issuer: &Issuer) -> bool {
    issuer.as_str().starts_with("https://")
}

/// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html>
fn issuer_of(user_pool: &str) -> String {
    let region = user_pool.split('_').next().unwrap_or_default();
    let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://cognito-idp.{region}.amazonaws.com{suffix}/{user_pool}")
}

fn user_pool(value: &str) -> Result<String, String> {
    let is_right = value.split_once('_').is_some_and(|(region, id)| {
        let is_region =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !region.is_empty()
            && !id.is_empty()
            && region.bytes().all(is_region)
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    let rule = "must be the id of a user pool: its region, `_`, letters and digits";
    if is_right { text(value) } else { Err(rule.to_owned()) }
}

fn account(value: &str) -> Result<String, String> {
    let is_right = value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit());
    if is_right { text(value) } else { Err("must be an AWS account: 12 digits".to_owned()) }
}

fn roles(value: &str) -> Result<Vec<String>, String> {
    let roles: Vec<_> = value.split(',').map(|role| role.trim().to_owned()).collect();
    let is_role = |role: &String| role.starts_with("arn:") && role.contains(":role/");
    if roles.iter().all(is_role) {
        Ok(roles)
    } else {
        Err("must be ARNs of roles, with commas between them".to_owned())
    }
}

fn partner(value: &str, prefix: &str) -> Result<String, String> {
    if value.starts_with(prefix) { text(value) } else { Err(format!("must begin with {prefix}")) }
}

fn auth0_streams(value: &str) -> Result<Vec<String>, String> {
    let streams = value.split(',').map(str::trim);
    streams.map(|stream| partner(stream, "aws.partner/auth0.com/")).collect()
}

fn own_source(value: &str) -> Result<String, String> {
    if value.starts_with("aws.") {
        return Err(
            "must not begin with `aws.`, which only AWS and its partners may use".to_owned()
        );
    }
    text(value)
}

fn okta_subject(value: &str) -> Result<OktaSubject, String> {
    match value {
        "id" => Ok(OktaSubject::Id),
        "alternate_id" => Ok(OktaSubject::AlternateId),
        _ => Err("must be `id` or `alternate_id`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::read;

    const POOL: &str = "eu-west-1_EXAMPLE";
    const POOLS_ISSUER: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE";

    fn sources(settings: &[(&str, &str)]) -> Option<Sources> {
        read(settings).unwrap().event_sources
    }

    /// An event without a known issuer could be about other users.
    #[test]
    fn needs_an_issuer() {
        assert_eq!(sources(&[]), None);
        assert_eq!(sources(&[(ISSUER, ""), (USER_POOL, ""), (OKTA_SUBJECT, "")]), None);
    }

    /// Every source that is named counts, and no other.
    #[test]
    fn counts_only_named_sources() {
        let auth0 = "aws.partner/auth0.com/acme-1/auth0.logs";
        let okta = "aws.partner/okta.com/acme/prod";
        let heard = sources(&[(ISSUER, "https://acme.example/"), (AUTH0, auth0), (OKTA, okta)]);
        let okta = |subject| Some(Okta { source: okta.to_owned(), subject });
        let mut expected = Sources {
            issuer: "https://acme.example/".parse().unwrap(),
            cognito: None,
            auth0: vec![auth0.to_owned()],
            okta: okta(OktaSubject::Id),
            generic: None,
        };
        assert_eq!(heard.as_ref(), Some(&expected));

        let both = format!("{auth0}, aws.partner/auth0.com/acme-1/auth0.events");
        let heard = sources(&[(ISSUER, "https://acme.example/"), (AUTH0, &both)]).unwrap();
        assert_eq!(heard.auth0, both.split(", ").collect::<Vec<_>>());

        let own = "com.example.accounts";
        let heard = sources(&[
            (ISSUER, "https://acme.example/"),
            (OKTA, "aws.partner/okta.com/acme/prod"),
            (OKTA_SUBJECT, "alternate_id"),
            (GENERIC, own),
        ]);
        expected.auth0 = Vec::new();
        expected.okta = okta(OktaSubject::AlternateId);
        expected.generic = Some(own.to_owned());
        assert_eq!(heard, Some(expected));
    }

    /// A user pool counts for the users whom it signs in.
    #[test]
    fn user_pool_has_its_issuer() {
        let pool = [(ISSUER, POOLS_ISSUER), (USER_POOL, POOL), (ACCOUNT, "111122223333")];
        let roles = "arn:aws:iam::111122223333:role/one, arn:aws:iam::111122223333:role/x/two";
        let heard = sources(&[&pool[..], &[(IGNORED_ROLES, roles)]].concat()).unwrap();
        assert_eq!(heard.issuer.as_str(), POOLS_ISSUER);
        let cognito = heard.cognito.unwrap();
        assert_eq!((cognito.user_pool.as_str(), cognito.account.as_str()), (POOL, "111122223333"));
        let roles = ["arn:aws:iam::111122223333:role/one", "arn:aws:iam::111122223333:role/x/two"];
        assert_eq!(cognito.ignored_roles, roles);

        let china = "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_a1";
        let pool = [(ISSUER, china), (USER_POOL, "cn-north-1_a1"), (ACCOUNT, "111122223333")];
        assert!(sources(&pool).unwrap().cognito.is_some());
    }

    /// A development identity provider may stand for Cognito.
    #[test]
    fn development_provider_replaces_cognito() {
        let issuer = (ISSUER, "http://127.0.0.1:8080");
        let heard = sources(&[issuer, (USER_POOL, POOL), (ACCOUNT, "111122223333")]).unwrap();
        assert!(heard.cognito.is_some());
    }

    /// A source that could be about other users, or about none, stops the start.
    #[test]
    fn refuses_ambiguous_sources() {
        let issuer = (ISSUER, "https://acme.example/");
        let (pool, account) = ((USER_POOL, POOL), (ACCOUNT, "111122223333"));
        for (settings, said) in [
            (
                vec![issuer],
                "EVENT_ISSUER needs a source of events: one of COGNITO_USER_POOL_ID, AUTH0_EVENT_SOURCE, OKTA_EVENT_SOURCE, GENERIC_EVENT_SOURCE",
            ),
            (
                vec![issuer, account],
                "EVENT_ISSUER needs a source of events: one of COGNITO_USER_POOL_ID, AUTH0_EVENT_SOURCE, OKTA_EVENT_SOURCE, GENERIC_EVENT_SOURCE",
            ),
            (vec![pool], "EVENT_ISSUER is missing"),
            (vec![(IGNORED_ROLES, "arn:aws:iam::1:role/a")], "EVENT_ISSUER is missing"),
            (vec![(GENERIC, "com.example")], "EVENT_ISSUER is missing"),
            (
                vec![(ISSUER, "a b"), (GENERIC, "com.example")],
                "EVENT_ISSUER issuer: must be 1 to 512 bytes without white space or control characters",
            ),
            (
                vec![issuer, pool, account],
                "EVENT_ISSUER must be https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE, the issuer of COGNITO_USER_POOL_ID",
            ),
            (vec![(ISSUER, POOLS_ISSUER), pool], "COGNITO_ACCOUNT_ID is missing"),
            (
                vec![(ISSUER, POOLS_ISSUER), pool, (ACCOUNT, "11112222333x")],
                "COGNITO_ACCOUNT_ID must be an AWS account: 12 digits",
            ),
            (
                vec![issuer, (USER_POOL, "eu-west-1"), account],
                "COGNITO_USER_POOL_ID must be the id of a user pool: its region, `_`, letters and digits",
            ),
            (
                vec![issuer, (USER_POOL, "eu/west_x"), account],
                "COGNITO_USER_POOL_ID must be the id of a user pool: its region, `_`, letters and digits",
            ),
            (
                vec![(ISSUER, POOLS_ISSUER), pool, account, (IGNORED_ROLES, "admin")],
                "COGNITO_IGNORED_ROLES must be ARNs of roles, with commas between them",
            ),
            (
                vec![issuer, (AUTH0, "auth0.com/acme")],
                "AUTH0_EVENT_SOURCE must begin with aws.partner/auth0.com/",
            ),
            (
                vec![issuer, (OKTA, "aws.partner/auth0.com/acme")],
                "OKTA_EVENT_SOURCE must begin with aws.partner/okta.com/",
            ),
            (
                vec![issuer, (OKTA, "aws.partner/okta.com/a"), (OKTA_SUBJECT, "login")],
                "OKTA_SUBJECT must be `id` or `alternate_id`",
            ),
            (
                vec![issuer, (GENERIC, "aws.cognito-idp")],
                "GENERIC_EVENT_SOURCE must not begin with `aws.`, which only AWS and its partners may use",
            ),
        ] {
            assert_eq!(read(&settings).unwrap_err().to_string(), format!("settings: {said}"));
        }
    }
}
