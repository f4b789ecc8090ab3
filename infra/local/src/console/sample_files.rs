//! The texts of the sample events, embedded by name.

macro_rules! embedded {
    ($($name:literal,)*) => {
        &[$(($name, include_str!(concat!("../../../aws/events/identity/", $name, ".json")))),*]
    };
}

/// Every sample: its name and its text.
pub(crate) const ALL: &[(&str, &str)] = embedded![
    "auth0-blocked-after-failed-sign-ins",
    "auth0-email-changed",
    "auth0-failed-change-password",
    "auth0-failed-user-deletion",
    "auth0-password-change-requested",
    "auth0-password-changed-by-a-machine",
    "auth0-password-changed-other-detail-type",
    "auth0-password-changed-without-user",
    "auth0-password-changed",
    "auth0-signed-in",
    "auth0-stream-profile-updated-untold-blocked",
    "auth0-stream-profile-updated",
    "auth0-stream-test-user-deleted",
    "auth0-stream-user-blocked",
    "auth0-stream-user-created",
    "auth0-stream-user-deleted-without-user",
    "auth0-stream-user-deleted",
    "auth0-stream-user-unblocked-untold-before",
    "auth0-stream-user-unblocked",
    "auth0-universal-logout",
    "auth0-user-deleted",
    "cognito-admin-delete-user",
    "cognito-admin-disable-user",
    "cognito-admin-enable-user",
    "cognito-admin-reset-user-password",
    "cognito-admin-set-user-password",
    "cognito-admin-user-global-sign-out",
    "cognito-change-password-other-detail-type",
    "cognito-change-password-without-user",
    "cognito-change-password",
    "cognito-confirm-forgot-password",
    "cognito-delete-user-pool",
    "cognito-delete-user",
    "cognito-failed-change-password",
    "cognito-forgot-password-requested",
    "cognito-from-the-future-change-password",
    "cognito-global-sign-out",
    "cognito-hosted-confirm-forgot-password",
    "cognito-hosted-failed-reset-password",
    "cognito-hosted-forgot-password-requested",
    "cognito-hosted-logout",
    "cognito-hosted-reset-password-without-user",
    "cognito-hosted-reset-password",
    "cognito-managed-login-forgot-password",
    "cognito-other-account-change-password",
    "cognito-other-pool-admin-set-user-password",
    "cognito-own-role-admin-user-global-sign-out",
    "cognito-revoke-token",
    "cognito-sign-up",
    "generic-from-the-future",
    "generic-further-member",
    "generic-misspelt-kind",
    "generic-password-changed",
    "generic-sessions-revoked",
    "generic-subject-missing",
    "generic-user-deleted",
    "generic-user-suspended",
    "generic-user-unsuspended",
    "okta-account-lock",
    "okta-account-unlock",
    "okta-activate",
    "okta-deactivate",
    "okta-delete-initiated",
    "okta-expire-password",
    "okta-failed-update-password",
    "okta-password-mass-expiry",
    "okta-reactivate",
    "okta-reset-password-of-two-users",
    "okta-reset-password-without-user",
    "okta-reset-password",
    "okta-session-clear",
    "okta-session-end",
    "okta-session-start",
    "okta-suspend",
    "okta-universal-logout",
    "okta-unsuspend",
    "okta-update-password-other-detail-type",
    "okta-update-password",
    "unknown-source",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    mod sample_files {
        use super::*;

        /// A sample that is added to the folder can be sent from the page too.
        #[test]
        fn are_all_embedded() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../aws/events/identity");
            let files: BTreeSet<_> = fs::read_dir(folder)
                .unwrap()
                .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
                .collect();
            let embedded = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
            assert_eq!(files, embedded);
        }
    }
}
