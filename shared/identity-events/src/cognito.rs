//! Amazon Cognito, whose calls and pages `CloudTrail` records.
//!
//! The form and the names are those of the Amazon Cognito Developer Guide, "Amazon Cognito logging
//! in AWS `CloudTrail`" and "Example Amazon Cognito events".

use acs_broker_store_dynamodb::Subject;
use serde_json::Value;

use crate::envelope::{Envelope, subject};
use crate::event::Action::{self, Delete, Revoke, Suspend, Unsuspend};
use crate::finding::{Finding, row};
use crate::ignored::Reason;
use crate::sources::Cognito;
use crate::unusable::Unusable;

pub(crate) const SOURCE: &str = "aws.cognito-idp";

const DETAIL_TYPES: [&str; 2] = ["AWS API Call via CloudTrail", "AWS Service Event via CloudTrail"];

/// The names with `_POST` are pages. The classic hosted UI has `ConfirmForgotPassword_POST` (the code
/// of a forgotten password) and `ResetPassword_POST` (a new password). For managed login the guide
/// lists `forgotPassword_POST` alone, as the reset itself; whether asking for the code is recorded
/// under that name as well, it does not say.
pub(crate) const KINDS: &[(&str, Action)] = &[
    ("AdminDeleteUser", Delete),
    ("AdminDisableUser", Suspend),
    ("AdminEnableUser", Unsuspend),
    ("AdminResetUserPassword", Revoke),
    ("AdminSetUserPassword", Revoke),
    ("AdminUserGlobalSignOut", Revoke),
    ("ChangePassword", Revoke),
    ("ConfirmForgotPassword", Revoke),
    ("ConfirmForgotPassword_POST", Revoke),
    ("DeleteUser", Delete),
    ("GlobalSignOut", Revoke),
    ("ResetPassword_POST", Revoke),
    ("forgotPassword_POST", Revoke),
];

/// `ForgotPassword` and the classic page `ForgotPassword_POST` only ask for a code, without a
/// sign-in. `Logout` and `SAML2Logout_POST` end the session of one browser at Cognito,
/// `RevokeToken` what came of one refresh token.
const IGNORED: &[(&str, Reason)] = &[
    ("ForgotPassword", Reason::OnlyAsked),
    ("ForgotPassword_POST", Reason::OnlyAsked),
    ("Logout", Reason::OneSession),
    ("RevokeToken", Reason::OneSession),
    ("SAML2Logout_POST", Reason::OneSession),
];

pub(crate) fn read<'a>(cognito: &Cognito, envelope: &'a Envelope) -> Result<Finding<'a>, Unusable> {
    let detail_type = envelope.text("/detail-type")?;
    if !DETAIL_TYPES.contains(&detail_type) {
        return Ok(Finding::Ignored { kind: detail_type, reason: Reason::UnknownKind });
    }
    let kind = envelope.text("/detail/eventName")?;
    let Some((kind, action)) = row(KINDS, kind) else {
        let reason = row(IGNORED, kind).map_or(Reason::UnknownKind, |(_, reason)| reason);
        return Ok(Finding::Ignored { kind, reason });
    };
    if let Some(reason) = reason_to_ignore(cognito, envelope)? {
        return Ok(Finding::Ignored { kind, reason });
    }
    Ok(Finding::Change {
        kind,
        action,
        id: envelope.id("/detail/eventID")?,
        subject: user(envelope)?,
        occurred_at: envelope.time("/detail/eventTime")?,
    })
}

/// Asked before the user is: a call that failed, or that is another pool's, need not name one.
fn reason_to_ignore(cognito: &Cognito, envelope: &Envelope) -> Result<Option<Reason>, Unusable> {
    if !is_ours(cognito, envelope)? {
        return Ok(Some(Reason::OtherPool));
    }
    if !has_succeeded(envelope)? {
        return Ok(Some(Reason::Failed));
    }
    let is_own_role = is_by_ignored_role(cognito, envelope)?;
    Ok(is_own_role.then_some(Reason::OwnRole))
}

/// A call with the user's own token names no pool, and counts: its `sub` is no other pool's.
fn is_ours(cognito: &Cognito, envelope: &Envelope) -> Result<bool, Unusable> {
    let account = Some(envelope.text("/account")?);
    let recipient = envelope.optional_text("/detail/recipientAccountId")?.or(account);
    let ours = Some(cognito.account.as_str());
    let mut is_ours = account == ours && recipient == ours;
    for pointer in
        ["/detail/requestParameters/userPoolId", "/detail/additionalEventData/userPoolId"]
    {
        let pool = envelope.optional_text(pointer)?;
        is_ours &= pool.is_none_or(|pool| pool == cognito.user_pool);
    }
    Ok(is_ours)
}

/// An empty `errorCode` is none. A page succeeds with a page or with a redirection.
fn has_succeeded(envelope: &Envelope) -> Result<bool, Unusable> {
    if envelope.optional_text("/detail/errorCode")?.is_some_and(|code| !code.is_empty()) {
        return Ok(false);
    }
    if envelope.text("/detail/eventType")? != "AwsServiceEvent" {
        return Ok(true);
    }
    let status = envelope.number("/detail/additionalEventData/responseParameters/status")?;
    Ok(matches!(status, 200.0 | 302.0))
}

fn is_by_ignored_role(cognito: &Cognito, envelope: &Envelope) -> Result<bool, Unusable> {
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

/// Cognito's own word first. Where that is missing, what the browser has sent, which is a list as a
/// form may repeat a field, or the name in a call; either only in the form of a `sub`.
fn user(envelope: &Envelope) -> Result<Option<Subject>, Unusable> {
    let own = "/detail/additionalEventData/sub";
    if let Some(sub) = envelope.optional_text(own)?.filter(|text| is_told(text)) {
        return subject(own, sub).map(Some);
    }
    let sent = "/detail/additionalEventData/requestParameters/sub";
    if let [Value::String(sub)] = envelope.list(sent)?
        && is_uuid(sub)
    {
        return subject(sent, sub).map(Some);
    }
    let name = "/detail/requestParameters/username";
    let username = envelope.optional_text(name)?.filter(|text| is_uuid(text));
    username.map(|text| subject(name, text)).transpose()
}

/// `HIDDEN_DUE_TO_SECURITY_REASONS` stands for what the trail does not tell.
fn is_told(text: &str) -> bool {
    !text.is_empty() && !text.starts_with("HIDDEN_")
}

fn is_uuid(text: &str) -> bool {
    text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}
