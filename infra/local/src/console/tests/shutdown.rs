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
