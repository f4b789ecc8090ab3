//! Okta's event types from which no operation follows.
//!
//! They come from Okta's published event types (release 2026.08.1). Families that concern an
//! organization's set-up, its apps or its devices are listed by prefix. Event types that concern a
//! user's account, credentials or sessions are listed one by one, so that a new one is an error.
//! Left out on purpose, as Okta does not document whether an event of the parser's table comes
//! besides: `credential.revoke`, `scheduled_action.user_suspension.completed` and
//! `user.lifecycle.password_mass_expiry`.

use crate::skip::SkipReason;

/// Returns why an event of this type is skipped, or `None` if the type is not known.
pub(super) fn reason(kind: &str) -> Option<SkipReason> {
    let lists = [
        (LOCKOUTS, SkipReason::Lockout),
        (ONE_SESSION, SkipReason::OneSession),
        (REQUESTS, SkipReason::RequestOnly),
        (FAILURES, SkipReason::Failed),
        (IRRELEVANT, SkipReason::Irrelevant),
    ];
    if let Some((_, reason)) = lists.iter().find(|(list, _)| list.contains(&kind)) {
        return Some(*reason);
    }
    let is_irrelevant = IRRELEVANT_FAMILIES.iter().any(|prefix| kind.starts_with(prefix))
        && !UNDECIDED.contains(&kind);
    is_irrelevant.then_some(SkipReason::Irrelevant)
}

/// Failed sign-ins cause a lock. As it is not followed, nor is its end: that would lift a
/// suspension that has nothing to do with it.
const LOCKOUTS: &[&str] = &[
    "user.account.lock",
    "user.account.lock.limit",
    "user.account.unlock",
    "user.account.unlock_by_admin",
    "user.account.unlock_failure",
];

/// The end of one session or of one app's session.
const ONE_SESSION: &[&str] = &[
    "user.authentication.slo",
    "user.device_session.end",
    "user.session.end",
    "user.session.expire",
];

/// Requests and plans; the change itself is an event of its own.
const REQUESTS: &[&str] = &[
    "scheduled_action.user_suspension.canceled",
    "scheduled_action.user_suspension.scheduled",
    "scheduled_action.user_suspension.updated",
    "user.account.unlock_token",
    "user.authentication.universal_logout.scheduled",
];

/// Failures by their very name.
const FAILURES: &[&str] = &["user.account.use_token", "user.lifecycle.jit.error.read_only"];

/// Events about a user that change neither the password nor whether the user may sign in. Second
/// factors are not followed. A deletion is carried out at `user.lifecycle.delete.initiated`, before
/// its completion.
const IRRELEVANT: &[&str] = &[
    "account.user.classify",
    "credential.register",
    "user.account.access_support_user_app",
    "user.account.preference_update",
    "user.account.privilege.grant",
    "user.account.privilege.revoke",
    "user.account.report_suspicious_activity_by_enduser",
    "user.account.subscriptions.update",
    "user.account.update_primary_email",
    "user.account.update_profile",
    "user.account.update_secondary_email",
    "user.account.update_user_type",
    "user.authentication.auth",
    "user.authentication.auth_identifier_not_in_policy",
    "user.authentication.auth_unconfigured_identifier",
    "user.authentication.auth_via_AD_agent",
    "user.authentication.auth_via_IDP",
    "user.authentication.auth_via_LDAP_agent",
    "user.authentication.auth_via_inbound_SAML",
    "user.authentication.auth_via_inbound_delauth",
    "user.authentication.auth_via_iwa",
    "user.authentication.auth_via_mfa",
    "user.authentication.auth_via_radius",
    "user.authentication.auth_via_richclient",
    "user.authentication.auth_via_social",
    "user.authentication.authenticate",
    "user.authentication.dsso_via_non_priority_source",
    "user.authentication.sso",
    "user.authentication.verify",
    "user.behavior.profile.reset",
    "user.chrome.data.clear",
    "user.credential.enroll",
    "user.device_session.start",
    "user.identity_snapshot.attestation.create",
    "user.identity_verification",
    "user.identity_verification.start",
    "user.import.password",
    "user.internal.authentication.telemetry",
    "user.internal.risk.change",
    "user.internal.risk.detect",
    "user.internal.session_context_change",
    "user.lifecycle.create",
    "user.lifecycle.delete.completed",
    "user.mfa.attempt_bypass",
    "user.mfa.factor.activate",
    "user.mfa.factor.deactivate",
    "user.mfa.factor.reset_all",
    "user.mfa.factor.suspend",
    "user.mfa.factor.unsuspend",
    "user.mfa.factor.update",
    "user.mfa.okta_verify",
    "user.mfa.okta_verify.deny_push",
    "user.mfa.okta_verify.deny_push_upgrade_needed",
    "user.mfa.promote_enrollment",
    "user.privileged_account.privilege.grant",
    "user.privileged_account.privilege.revoke",
    "user.privileged_account.update_profile",
    "user.realm.update",
    "user.risk.change",
    "user.risk.detect",
    "user.session.access_admin_app",
    "user.session.context.change",
    "user.session.impersonation.end",
    "user.session.impersonation.extend",
    "user.session.impersonation.grant",
    "user.session.impersonation.initiate",
    "user.session.impersonation.revoke",
    "user.session.start",
];

/// Families about an organization's set-up, apps, devices and imports, each by its prefix.
const IRRELEVANT_FAMILIES: &[&str] = &[
    "access.",
    "account.aerial_template_condition.",
    "account.org.",
    "account.org_group.",
    "analytics.",
    "app.",
    "application.",
    "certification.",
    "core.",
    "device.",
    "directory.",
    "entitlement.",
    "event_hook.",
    "governance.",
    "group.",
    "iam.",
    "inline_hook.",
    "integration.",
    "master_application.",
    "mim.",
    "network_zone.",
    "oauth2.",
    "org.",
    "pam.",
    "personal.",
    "pki.",
    "plugin.",
    "policy.",
    "resource.",
    "resource_servers.",
    "security.",
    "self_service.",
    "support.",
    "system.",
    "task.",
    "workflows.",
    "workload_principal.",
    "zone.",
];

/// Members of those families that may be about a password or about whether a user may sign in. Okta
/// does not document whether a `user.…` event comes besides, so they stay errors.
const UNDECIDED: &[&str] = &[
    "app.oauth2.token.revoke.implicit.user",
    "security.breached_credential.detected",
    "security.internal.valid_password_sprayed.detected",
    "system.agent.ad.reset_user_password",
    "system.agent.ldap.change_user_password",
    "system.agent.ldap.reset_user_password",
    "system.agent.ldap.update_user_password",
    "system.import.user.delete",
    "system.import.user.suspend",
    "system.import.user.unsuspend",
    "system.import.user.unsuspend_after_confirm",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A family never covers an event type about a user, and each undecided type is of a family.
    #[test]
    fn families_leave_user_events_out() {
        let family =
            |kind: &str| IRRELEVANT_FAMILIES.iter().find(|prefix| kind.starts_with(**prefix));
        for prefix in ["user.", "credential.", "scheduled_action.", "account.user."] {
            assert_eq!(family(prefix), None);
        }
        for kind in UNDECIDED {
            assert!(family(kind).is_some() && reason(kind).is_none(), "{kind}");
        }
        assert_eq!(reason("application.lifecycle.update"), Some(SkipReason::Irrelevant));
        assert_eq!(reason("applications"), None);
    }
}
