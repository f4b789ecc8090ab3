//! The routes of `infra/aws/openapi.yaml`, and the names of their operations.

const OPERATIONS: [(&str, &str); 7] = [
    ("POST /v1/token", "issueToken"),
    ("DELETE /v1/token", "revokeOwnTokens"),
    ("DELETE /v1/user", "deleteSelf"),
    ("POST /v1/operator/revoke", "revokeUsers"),
    ("POST /v1/operator/suspend", "suspendUsers"),
    ("POST /v1/operator/unsuspend", "unsuspendUsers"),
    ("POST /v1/operator/delete", "deleteUsers"),
];

/// Returns the operation of a route, as logs and metrics name it.
pub(crate) fn operation(route: &str) -> &'static str {
    let known = OPERATIONS.iter().find(|(known, _)| *known == route);
    known.map_or("unknownRoute", |(_, operation)| operation)
}
