//! The gateway's routes, read from `infra/aws/openapi.yaml`, the contract the real one imports.
//!
//! An HTTP API decodes the path before it looks for a route, so `%2F` divides a path like `/`
//! does: a path parameter never holds a slash. (Reported by users of the service, not documented.)

use std::collections::BTreeMap;

use http::Method;
use serde::Deserialize;

/// The contract.
pub const OPENAPI: &str = include_str!("../../aws/openapi.yaml");

/// Every route of the gateway.
#[derive(Debug)]
pub struct Routes(Vec<Route>);

/// One operation of the contract.
#[derive(Debug)]
pub struct Route {
    method: Method,
    path: String,
    /// Which function answers: the operation's `x-function`.
    pub function: String,
    /// The scopes of which a caller needs one; empty: any session will do.
    pub scopes: Vec<String>,
}

/// A route with what the request's path put in place of its parameters.
#[derive(Debug)]
pub struct Matched<'r> {
    /// The route.
    pub route: &'r Route,
    /// The path parameters by name, decoded.
    pub parameters: BTreeMap<String, String>,
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
    pub fn read(openapi: &str) -> Result<Self, ContractError> {
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
    pub fn with_operator_scope(mut self, scope: &str) -> Self {
        for route in self.0.iter_mut().filter(|route| !route.scopes.is_empty()) {
            route.scopes = vec![scope.to_owned()];
        }
        self
    }

    /// The route of a request, by its method and its decoded path.
    #[must_use]
    pub fn find(&self, method: &Method, path: &str) -> Option<Matched<'_>> {
        self.0.iter().filter(|route| route.method == method).find_map(|route| {
            route.parameters(path).map(|parameters| Matched { route, parameters })
        })
    }
}

impl Route {
    /// `DELETE /v1/users/{subject}`
    #[must_use]
    pub fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// What stands in `path` for each parameter; none when it is another route's path.
    fn parameters(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let mut parameters = BTreeMap::new();
        let mut given = path.split('/');
        for expected in self.path.split('/') {
            let given = given.next()?;
            let name = expected.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            match name {
                Some(name) if !given.is_empty() => {
                    parameters.insert(name.to_owned(), given.to_owned());
                }
                None if expected == given => {}
                _ => return None,
            }
        }
        given.next().is_none().then_some(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(method: &Method, path: &str) -> Option<(String, String, BTreeMap<String, String>)> {
        let routes = Routes::read(OPENAPI).unwrap();
        let matched = routes.find(method, path)?;
        Some((matched.route.key(), matched.route.function.clone(), matched.parameters))
    }

    fn subject(value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([("subject".to_owned(), value.to_owned())])
    }

    #[test]
    fn each_call_of_the_contract_reaches_its_function() {
        for (method, path, key, function, parameters) in [
            (Method::POST, "/v1/token", "POST /v1/token", "issue", BTreeMap::new()),
            (Method::DELETE, "/v1/token", "DELETE /v1/token", "revoke", BTreeMap::new()),
            (Method::DELETE, "/v1/user", "DELETE /v1/user", "delete", BTreeMap::new()),
            (
                Method::DELETE,
                "/v1/users/auth0|日本 ü/token",
                "DELETE /v1/users/{subject}/token",
                "revoke",
                subject("auth0|日本 ü"),
            ),
            (
                Method::DELETE,
                "/v1/users/{subject}",
                "DELETE /v1/users/{subject}",
                "delete",
                subject("{subject}"),
            ),
        ] {
            let expected = (key.to_owned(), function.to_owned(), parameters);
            assert_eq!(find(&method, path), Some(expected), "{method} {path}");
        }
    }

    #[test]
    fn anything_else_finds_no_route() {
        for (method, path) in [
            (Method::GET, "/v1/token"),
            (Method::POST, "/v1/token/"),
            (Method::POST, "/v1"),
            (Method::POST, "//v1/token"),
            (Method::POST, "/V1/token"),
            (Method::DELETE, "/v1/users/"),
            (Method::DELETE, "/v1/users//token"),
        ] {
            assert_eq!(find(&method, path), None, "{method} {path}");
        }
    }

    #[test]
    fn a_subject_with_a_slash_cannot_be_named_in_a_path_as_on_the_real_gateway() {
        assert_eq!(find(&Method::DELETE, "/v1/users/a/b"), None);
        let (key, ..) = find(&Method::DELETE, "/v1/users/a/token").unwrap();
        assert_eq!(key, "DELETE /v1/users/{subject}/token");
    }

    #[test]
    fn only_the_operators_routes_need_a_scope() {
        let read = || Routes::read(OPENAPI).unwrap();
        for (routes, scope) in
            [(read(), "acs.admin"), (read().with_operator_scope("support"), "support")]
        {
            for route in &routes.0 {
                let expected: &[&str] =
                    if route.path.starts_with("/v1/users/") { &[scope] } else { &[] };
                assert_eq!(route.scopes, expected, "{}", route.key());
            }
        }
    }

    #[test]
    fn a_contract_that_leaves_an_operation_open_is_refused() {
        let contract = "paths: {/open: {get: {x-function: issue, security: []}}}";
        let refused = Routes::read(contract).unwrap_err();
        assert!(matches!(refused, ContractError::Open(route) if route == "GET /open"));
    }
}
