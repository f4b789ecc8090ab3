//! The API and its description.

use std::collections::BTreeSet;

use super::*;
use crate::console::{api, routes};

/// A call that is not described, or a description of a call that is not there, misleads a script.
#[tokio::test]
async fn is_described_call_by_call() {
    let world = World::start().await;
    let elsewhere = ["/dev/settings", "/dev/sign-in"];
    let paths = routes::dev_routes().into_iter().map(|(path, _)| path).chain(elsewhere);
    let mut there = BTreeSet::new();
    for path in paths {
        let concrete =
            path.replace("{seq}", "1").replace("{id}", "acs-1").replace("{name}", "demo");
        let refused = world.send(Method::PATCH, &concrete, &[], String::new()).await;
        assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED, "{path}: {}", refused.text);
        let methods = refused.headers["allow"].to_str().unwrap().split(',');
        let methods = methods.filter(|method| *method != "HEAD");
        there.extend(methods.map(|method| (method.to_owned(), path.to_owned())));
    }
    let described = api::calls().into_iter().map(|(method, path, _)| (method, path));
    assert_eq!(described.collect::<BTreeSet<_>>(), there);
    let text = world.send(Method::GET, "/dev", &[], String::new()).await.text;
    assert!(there.iter().all(|(_, path)| text.contains(path.as_str())), "{text}");
    let yaml = world.send(Method::GET, "/dev/openapi.yaml", &[], String::new()).await;
    assert_eq!(yaml.headers["content-type"], "application/yaml");
}

/// A script reads the rule that it broke at the same place in each error.
#[tokio::test]
async fn errors_are_problem_details() {
    let world = World::start().await;
    let large = "x".repeat(2 * 1024 * 1024 + 1);
    for (method, path, body, status, word) in [
        (Method::GET, "/dev/users?limit=x", "", 400, "limit"),
        (Method::GET, "/dev/users?state=x", "", 400, "state: one of active, suspended"),
        (Method::GET, "/dev/user", "", 400, "subject"),
        (Method::GET, "/dev/timeline?kind=x", "", 400, "kind"),
        (Method::POST, "/dev/reset?seed=x", "", 400, "seed"),
        (Method::PUT, "/dev/quotas", "{}", 415, "Content-Type"),
        (Method::POST, "/dev/operate", large.as_str(), 413, "length limit"),
        (Method::POST, "/dev/sign-in", large.as_str(), 413, "length limit"),
    ] {
        let response = world.send(method, path, &[], body.to_owned()).await;
        assert_eq!(response.status, status, "{path}: {}", response.text);
        assert_eq!(response.headers["content-type"], "application/problem+json", "{path}");
        let detail = response.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(word), "{path}: {detail}");
    }
}
