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
