//! The gateway's routes, read from `infra/aws/openapi.yaml`, the contract the real one imports.
//!
//! No route has a parameter: `path.rs` shows what a gateway does to a name in a path.

use std::collections::BTreeMap;

use http::Method;
use serde::Deserialize;

/// The contract.
pub(crate) const OPENAPI: &str = include_str!("../../../aws/openapi.yaml");

/// Every route of the gateway.
#[derive(Debug)]
pub(crate) struct Routes(Vec<Route>);

/// One operation of the contract.
#[derive(Debug)]
pub(crate) struct Route {
    method: Method,
    path: String,
    /// The function that responds: the operation's `x-function`.
    pub function: String,
    /// The scopes of which a caller needs one; empty: any session will do.
    pub scopes: Vec<String>,
}

/// The contract cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// No OpenAPI document of the form the gateway uses.
    #[error("openapi.yaml cannot be read")]
    Malformed(#[source] Box<serde_saphyr::Error>),
    /// Every operation must be behind the JWT authorizer.
    #[error("openapi.yaml: {0} has no security requirement")]
    Open(String),
}

#[derive(Deserialize)]
struct Contract {
    #[serde(default)]
    security: Vec<Requirement>,
    paths: BTreeMap<String, PathItem>,
}

/// Scopes by security scheme.
type Requirement = BTreeMap<String, Vec<String>>;

#[derive(Deserialize)]
struct PathItem {
    get: Option<Operation>,
    put: Option<Operation>,
    post: Option<Operation>,
    patch: Option<Operation>,
    delete: Option<Operation>,
}

#[derive(Deserialize)]
struct Operation {
    #[serde(rename = "x-function")]
    function: String,
    security: Option<Vec<Requirement>>,
}

impl Routes {
    /// Reads an OpenAPI document whose operations name their function in `x-function`.
    ///
    /// # Errors
    /// [`ContractError`] when the document is malformed or leaves an operation open to anyone.
    pub(crate) fn read(openapi: &str) -> Result<Self, ContractError> {
        let contract: Contract = serde_saphyr::from_str(openapi)
            .map_err(|source| ContractError::Malformed(Box::new(source)))?;
        let mut routes = Vec::new();
        for (path, item) in contract.paths {
            let operations = [
                (Method::GET, item.get),
                (Method::PUT, item.put),
                (Method::POST, item.post),
                (Method::PATCH, item.patch),
                (Method::DELETE, item.delete),
            ];
            for (method, operation) in operations {
                let Some(operation) = operation else { continue };
                let security = operation.security.as_ref().unwrap_or(&contract.security);
                if security.is_empty() {
                    return Err(ContractError::Open(format!("{method} {path}")));
                }
                let scopes = security.iter().flat_map(BTreeMap::values).flatten().cloned();
                routes.push(Route {
                    scopes: scopes.collect(),
                    method,
                    path: path.clone(),
                    function: operation.function,
                });
            }
        }
        Ok(Self(routes))
    }

    /// Asks for another scope wherever the contract asks for one, as `OPERATOR_SCOPE` says.
    #[must_use]
    pub(crate) fn with_operator_scope(mut self, scope: &str) -> Self {
        for route in self.0.iter_mut().filter(|route| !route.scopes.is_empty()) {
            route.scopes = vec![scope.to_owned()];
        }
        self
    }

    /// Returns why a request has no route.
    #[must_use]
    pub(crate) fn why_none(&self, method: &Method, path: &str) -> String {
        let of_path = self.0.iter().filter(|route| route.path == path);
        let methods = of_path.map(|route| route.method.as_str()).collect::<Vec<_>>().join(", ");
        if methods.is_empty() {
            "the contract has no such path".to_owned()
        } else {
            format!("the contract has no {method} here, only {methods}")
        }
    }

    /// Returns the route of a request, by its method and its routed path.
    #[must_use]
    pub(crate) fn find(&self, method: &Method, path: &str) -> Option<&Route> {
        self.0.iter().find(|route| route.method == method && route.path == path)
    }
}

impl Route {
    /// Returns the route's key: `POST /v1/token`.
    #[must_use]
    pub(crate) fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

#[cfg(test)]
mod tests {
    mod route {
        use super::super::*;

        fn find(method: &Method, path: &str) -> Option<(String, String)> {
            let routes = Routes::read(OPENAPI).unwrap();
            let route = routes.find(method, path)?;
            Some((route.key(), route.function.clone()))
        }

        /// Each call of the contract reaches its function.
        #[test]
        fn reaches_its_function() {
            for (method, path, key, function) in [
                (Method::POST, "/v1/token", "POST /v1/token", "issue"),
                (Method::DELETE, "/v1/token", "DELETE /v1/token", "revoke"),
                (Method::DELETE, "/v1/user", "DELETE /v1/user", "delete"),
                (Method::POST, "/v1/operator/revoke", "POST /v1/operator/revoke", "revoke"),
                (Method::POST, "/v1/operator/delete", "POST /v1/operator/delete", "delete"),
            ] {
                let expected = (key.to_owned(), function.to_owned());
                assert_eq!(find(&method, path), Some(expected), "{method} {path}");
            }
        }

        /// A path that only resembles a route's must not reach its function.
        #[test]
        fn is_found_by_exact_path() {
            for (method, path) in [
                (Method::GET, "/v1/token"),
                (Method::POST, "/v1/token/"),
                (Method::POST, "/v1"),
                (Method::POST, "//v1/token"),
                (Method::POST, "/V1/token"),
                (Method::DELETE, "/v1/users/alice"),
                (Method::DELETE, "/v1/users/alice/token"),
            ] {
                assert_eq!(find(&method, path), None, "{method} {path}");
            }
        }

        /// Only the operators' routes need a scope, and the deployment names it.
        #[test]
        fn of_operators_needs_a_scope() {
            let read = || Routes::read(OPENAPI).unwrap();
            for (routes, scope) in
                [(read(), "acs.admin"), (read().with_operator_scope("support"), "support")]
            {
                for route in &routes.0 {
                    let expected: &[&str] =
                        if route.path.starts_with("/v1/operator/") { &[scope] } else { &[] };
                    assert_eq!(route.scopes, expected, "{}", route.key());
                }
            }
        }

        /// A contract that leaves an operation open to anyone is refused.
        #[test]
        fn must_have_an_authorizer() {
            let contract = "paths: {/open: {get: {x-function: issue, security: []}}}";
            let refused = Routes::read(contract).unwrap_err();
            assert!(matches!(refused, ContractError::Open(route) if route == "GET /open"));
        }
    }
}
