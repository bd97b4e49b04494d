use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::*;

#[derive(Default)]
struct Node {
    health: Health,
}

impl HttpServer for Node {
    fn health(&self) -> &Health {
        &self.health
    }

    fn metrics(&self) -> String {
        "up 1\n".to_owned()
    }
}

async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sends");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answers");
    answer
}

#[tokio::test]
async fn probes_and_metrics_are_served_until_the_node_stops() {
    let node = Arc::new(Node::default());
    let (stop, stopped) = watch::channel(false);
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = serve(any, Arc::clone(&node) as Arc<dyn HttpServer>, stopped).await;
    let (address, served) = server.expect("binds");
    let served = tokio::spawn(served);

    assert!(get(address, "/livez").await.starts_with("HTTP/1.1 200"));
    node.health.set(BrokerState::Starting);
    let starting = get(address, "/readyz").await;
    assert!(starting.starts_with("HTTP/1.1 503"), "{starting}");
    assert!(starting.contains("loading logs"), "{starting}");
    node.health.set(BrokerState::Running);
    assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));
    node.health.set(BrokerState::ShuttingDown);
    assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 503"));
    let metrics = get(address, "/metrics").await;
    assert!(metrics.ends_with("up 1\n"), "{metrics}");
    assert!(metrics.contains("version=0.0.4"), "{metrics}");
    assert!(get(address, "/nothing").await.starts_with("HTTP/1.1 404"));

    stop.send(true).expect("listens");
    served.await.expect("ends");
    assert!(TcpStream::connect(address).await.is_err());
}
