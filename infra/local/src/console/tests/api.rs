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
