//! The end of a stack with an open page.

use super::*;

/// Ctrl-C ends the stack at once, though a page has the timeline open.
#[tokio::test]
async fn ends_open_streams() {
    let world = World::start().await;
    world.sign_in("alice").await;
    let url = format!("{}/dev/timeline/stream", world.stack.ready.gateway);
    let mut stream = world.http.get(url).send().await.unwrap();
    let first = stream.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b"id: "), "{first:?}");
    let begun = tokio::time::Instant::now();
    world.stack.shut_down().await.unwrap();
    assert!(begun.elapsed().as_secs() < 4);
    while let Ok(Some(_)) = stream.chunk().await {}
}

/// A revocation that was acknowledged while the stack ended is in the file that it leaves.
#[tokio::test]
async fn exports_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.ndjson");
    let world = World::start_with(&["--export-on-exit", file.to_str().unwrap()]).await;
    let session = world.sign_in("alice").await;
    world.token(&session).await;
    let effect = json!({"delayMs": 500});
    let fault = json!({"part": "table", "operation": "PutItem", "effect": effect, "times": 1});
    world.send(Method::POST, "/dev/faults", &[], fault.to_string()).await;
    let url = format!("{}/v1/token", world.stack.ready.gateway);
    let request = world.http.delete(url).bearer_auth(session);
    let revocation = tokio::spawn(async move { request.send().await.unwrap().status() });
    // The fault is over as soon as the write waits.
    while world.get("/dev/faults").await != json!({"faults": []}) {
        tokio::task::yield_now().await;
    }
    world.stack.shut_down().await.unwrap();
    assert_eq!(revocation.await.unwrap(), StatusCode::NO_CONTENT);
    let exported = std::fs::read_to_string(&file).unwrap();
    let has_cutoff = exported.contains("sign_in_not_before") || exported.contains("sessions_valid");
    assert!(has_cutoff, "{exported}");
}
