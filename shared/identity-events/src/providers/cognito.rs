//! Amazon Cognito's calls and pages, as `CloudTrail` records them.
//!
//! The form and the names are those of the Amazon Cognito Developer Guide, "Amazon Cognito logging
//! in AWS `CloudTrail`" and "Example Amazon Cognito events". The `eventName` decides, whatever
//! label (`detail-type`) the envelope carries.

mod skips;

use acs_broker_core::{Issuer, Operation, RecordKey, Subject};
use serde_json::Value;

use crate::envelope::{Envelope, subject};
use crate::error::EventError;
use crate::event::{Parsed, ProviderEvent};
use crate::kind::lookup;
use crate::provider::Provider;
use crate::skip::{SkipReason, Skipped};
use crate::sources::Cognito;

pub(crate) const SOURCE: &str = "aws.cognito-idp";

/// The calls and pages from which an operation follows. Names with `_POST` are pages. The classic
/// hosted UI has `ConfirmForgotPassword_POST` (the code of a forgotten password) and
/// `ResetPassword_POST` (a new password). For managed login the guide lists `forgotPassword_POST`
/// alone, as the reset itself; it leaves open whether asking for the code is recorded under that
/// name as well.
pub(crate) const KINDS: &[(&str, Operation)] = &[
    ("AdminDeleteUser", Operation::Delete),
    ("AdminDisableUser", Operation::Suspend),
    ("AdminEnableUser", Operation::Unsuspend),
    ("AdminResetUserPassword", Operation::REVOKE),
    ("AdminSetUserPassword", Operation::REVOKE),
    ("AdminUserGlobalSignOut", Operation::REVOKE),
    ("ChangePassword", Operation::REVOKE),
    ("ConfirmForgotPassword", Operation::REVOKE),
    ("ConfirmForgotPassword_POST", Operation::REVOKE),
    ("DeleteUser", Operation::Delete),
    ("GlobalSignOut", Operation::REVOKE),
    ("ResetPassword_POST", Operation::REVOKE),
    ("forgotPassword_POST", Operation::REVOKE),
];

/// Parses the record of a call or of a page.
pub(crate) fn parse(
    cognito: &Cognito,
    issuer: &Issuer,
    envelope: &Envelope,
) -> Result<Parsed, EventError> {
    let skip = |kind, reason| Ok(Parsed::Skipped(Skipped::new(Provider::Cognito, kind, reason)));
    let kind = envelope.text("/detail/eventName")?;
    if let Some(reason) = skips::reason(kind) {
        return skip(kind, reason);
    }
    // A kind that is not known matters only where it is about this pool.
    if !is_own_pool(cognito, envelope)? {
        return skip(kind, SkipReason::OtherPool);
    }
    let known = lookup(KINDS, kind);
    let (kind, operation) =
        known.ok_or_else(|| EventError::unknown_kind(Provider::Cognito, kind))?;
    // A failed call need not name a user, so this comes before the user.
    if !has_succeeded(envelope)? {
        return skip(kind, SkipReason::Failed);
    }
    if is_by_ignored_role(cognito, envelope)? {
        return skip(kind, SkipReason::SelfInitiated);
    }
    let subject = user(envelope)?;
    let subject = subject.ok_or_else(|| EventError::without_user(Provider::Cognito, kind))?;
    Ok(Parsed::Event(ProviderEvent {
        id: envelope.id("/detail/eventID")?,
        provider: Provider::Cognito,
        kind: kind.to_owned(),
        user: RecordKey::user(issuer.clone(), subject),
        operation,
        occurred_at: envelope.time("/detail/eventTime")?,
    }))
}

/// Whether the event is about the configured pool. A call with the user's own token names no pool,
/// and counts: its `sub` is unique among all pools.
fn is_own_pool(cognito: &Cognito, envelope: &Envelope) -> Result<bool, EventError> {
    let account = Some(envelope.text("/account")?);
    let recipient = envelope.optional_text("/detail/recipientAccountId")?.or(account);
    let own = Some(cognito.account.as_str());
    let mut is_own = account == own && recipient == own;
    for pointer in
        ["/detail/requestParameters/userPoolId", "/detail/additionalEventData/userPoolId"]
    {
        let pool = envelope.optional_text(pointer)?;
        is_own &= pool.is_none_or(|pool| pool == cognito.user_pool);
    }
    Ok(is_own)
}

/// Whether the call or page succeeded. An empty `errorCode` counts as absent. A page succeeds with
/// a page or with a redirection.
fn has_succeeded(envelope: &Envelope) -> Result<bool, EventError> {
    if envelope.optional_text("/detail/errorCode")?.is_some_and(|code| !code.is_empty()) {
        return Ok(false);
    }
    if envelope.text("/detail/eventType")? != "AwsServiceEvent" {
        return Ok(true);
    }
    let status = envelope.number("/detail/additionalEventData/responseParameters/status")?;
    Ok(matches!(status, 200.0 | 302.0))
}

/// Whether the caller is a role whose calls follow from a revocation here. Without this check a
/// revocation that signs the user out at Cognito would come back as an event and revoke again.
fn is_by_ignored_role(cognito: &Cognito, envelope: &Envelope) -> Result<bool, EventError> {
    for pointer in
        ["/detail/userIdentity/sessionContext/sessionIssuer/arn", "/detail/userIdentity/arn"]
    {
        let arn = envelope.optional_text(pointer)?;
        if arn.is_some_and(|arn| cognito.ignored_roles.iter().any(|role| role == arn)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the user that Cognito itself names. Where that is missing, the user in what the browser
/// sent, a list as a form may repeat a field, or the name in a call; either only in the form of a
/// `sub`.
fn user(envelope: &Envelope) -> Result<Option<Subject>, EventError> {
    let own = "/detail/additionalEventData/sub";
    if let Some(sub) = envelope.optional_text(own)?.filter(|text| is_disclosed(text)) {
        return subject(own, sub).map(Some);
    }
    let sent = "/detail/additionalEventData/requestParameters/sub";
    // Two values could name two users.
    if let [Value::String(sub)] = envelope.list(sent)?
        && is_uuid(sub)
    {
        return subject(sent, sub).map(Some);
    }
    let name = "/detail/requestParameters/username";
    let username = envelope.optional_text(name)?.filter(|text| is_uuid(text));
    username.map(|text| subject(name, text)).transpose()
}

/// Whether the trail discloses a text: `HIDDEN_DUE_TO_SECURITY_REASONS` stands for one that it
/// does not.
fn is_disclosed(text: &str) -> bool {
    !text.is_empty() && !text.starts_with("HIDDEN_")
}

fn is_uuid(text: &str) -> bool {
    text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kind from which an operation follows is not skipped by its name.
    #[test]
    fn operation_kinds_are_not_skipped() {
        assert!(KINDS.iter().all(|(kind, _)| skips::reason(kind).is_none()));
    }
}
