//! Who may call the routes for the console.

use super::*;

/// A page elsewhere cannot delete a user or read the sessions.
#[tokio::test]
async fn of_other_pages_is_refused() {
    let world = World::start().await;
    let body = json!({"operation": "delete", "subject": "alice"}).to_string();
    let origin = [("origin", "http://localhost:3000")];
    let forged = world.send(Method::POST, "/dev/operate", &origin, body).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN, "{}", forged.text);
    let read = world.send(Method::GET, "/dev/users", &origin, String::new()).await;
    assert!(!read.headers.contains_key("access-control-allow-origin"));
    let rebound = [("host", "evil.example")];
    let read = world.send(Method::GET, "/dev/settings", &rebound, String::new()).await;
    assert_eq!(read.status, StatusCode::MISDIRECTED_REQUEST);
    let sign_in = json!({"subject": "alice"}).to_string();
    let app = world.send(Method::POST, "/dev/sign-in", &origin, sign_in).await;
    assert_eq!(app.headers["access-control-allow-origin"], "http://localhost:3000");
}

/// A page elsewhere cannot write a row, regenerate the key, or reset ACS by the parts' own ports.
#[tokio::test]
async fn of_other_pages_to_parts_is_refused() {
    let world = World::start().await;
    let ready = &world.stack.ready;
    let scan = ("x-amz-target", "DynamoDB_20120810.Scan");
    let (table, acs) =
        (ready.table.endpoint.clone(), format!("{}/_emulator/reset", ready.acs.http));
    let origin = ("origin", "http://evil.example");
    let localhost = ("host", "localhost:1");
    for (headers, expected) in [
        (vec![origin], StatusCode::FORBIDDEN),
        (vec![("sec-fetch-site", "cross-site")], StatusCode::FORBIDDEN),
        (vec![("host", "evil.example")], StatusCode::MISDIRECTED_REQUEST),
        (vec![localhost, origin], StatusCode::FORBIDDEN),
    ] {
        for url in [&table, &acs] {
            let headers: Vec<_> = headers.iter().copied().chain([scan]).collect();
            let refused = world.send_to(Method::POST, url, &headers, "{}".to_owned()).await;
            assert_eq!(refused.status, expected, "{url} {headers:?}: {}", refused.text);
            assert!(!refused.headers.contains_key("access-control-allow-origin"), "{url}");
        }
    }
    let preflight = [origin, ("access-control-request-method", "POST")];
    let refused = world.send_to(Method::OPTIONS, &table, &preflight, String::new()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    let program = world.send_to(Method::POST, &acs, &[localhost], String::new()).await;
    assert_eq!(program.status, StatusCode::NO_CONTENT, "{}", program.text);
    let program = world.send_to(Method::GET, &table, &[localhost], String::new()).await;
    assert_eq!(program.status, StatusCode::OK, "{}", program.text);
    assert!(!program.headers.contains_key("access-control-allow-origin"));
}
