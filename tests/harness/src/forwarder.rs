//! A forwarder to a server, which a test can cut.

use std::net::Ipv4Addr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Forwards connections. Dropping it cuts all of them and refuses new ones.
#[derive(Debug)]
pub struct Forwarder {
    _forwarding: JoinSet<()>,
}

impl Forwarder {
    /// Forwards connections to `port` of this machine to the server of a URL such as
    /// `http://127.0.0.1:8081`.
    pub async fn start(port: u16, url: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.expect("a free port");
        let target = url.trim_start_matches("http://").to_owned();
        let mut forwarding = JoinSet::new();
        forwarding.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let target = target.clone();
                connections.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(target).await {
                        // An error here means that one of the two hung up, which ends it too.
                        let _ended = copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
        Self { _forwarding: forwarding }
    }
}
