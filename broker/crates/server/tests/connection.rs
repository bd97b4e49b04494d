//! What a peer notices of connections: order, limits, patience, shutdown.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use barnabas_server::net::{Limits, ListenerConfig, ListenerRole, SocketBuffers, TcpNetwork, bind};
use barnabas_server::node::{Identity, NodeParts};
use barnabas_server::peer::TcpDialer;
use barnabas_server::{Node, SystemClock};
use barnabas_wire::api::{ApiVersionsRequest, ApiVersionsResponse};
use barnabas_wire::{ApiKey, Decoder, ErrorCode, Message, ResponseHeader, encode_request};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

struct Server {
    node: Arc<Node>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
}

impl Server {
    fn start(limits: Limits) -> Self {
        let node = Arc::new(Node::new(NodeParts {
            identity: Identity { node_id: 1, cluster_id: "test".into() },
            clock: Arc::new(SystemClock::default()),
            limits,
            properties: Arc::new(BTreeMap::new()),
            dirs: Vec::new(),
            absent_dirs: Vec::new(),
            replica_lag_time_max_ms: 30_000,
            fetch_session_slots: 10,
            dialer: Arc::new(TcpDialer),
        }));
        let bound = bind(
            &TcpNetwork,
            ListenerConfig {
                name: "PLAINTEXT".into(),
                address: "127.0.0.1:0".parse().unwrap(),
                role: ListenerRole::Broker,
                buffers: SocketBuffers::default(),
            },
        )
        .unwrap();
        let address = bound.address();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(bound.listen().unwrap().run(Arc::clone(&node), stopped));
        Self { node, address, stop }
    }

    async fn connect(&self) -> Client {
        Client { stream: TcpStream::connect(self.address).await.unwrap() }
    }
}

struct Client {
    stream: TcpStream,
}

impl Client {
    async fn ask(&mut self, version: i16, correlation_id: i32) -> ApiVersionsResponse {
        self.stream.write_all(&request(version.min(4), correlation_id)).await.unwrap();
        self.answer(version, correlation_id).await
    }

    async fn answer(&mut self, version: i16, correlation_id: i32) -> ApiVersionsResponse {
        let frame = timeout(PATIENCE, self.frame()).await.expect("an answer in time").unwrap();
        let mut decoder = Decoder::new(frame);
        let header = ResponseHeader::decode(&mut decoder, ApiKey::ApiVersions, version).unwrap();
        assert_eq!(header.correlation_id, correlation_id);
        ApiVersionsResponse::decode(&mut decoder, version).unwrap()
    }

    async fn frame(&mut self) -> std::io::Result<Bytes> {
        let size = self.stream.read_i32().await?;
        let mut frame = vec![0; usize::try_from(size).unwrap()];
        self.stream.read_exact(&mut frame).await?;
        Ok(frame.into())
    }

    /// Whether the broker closes the connection without sending another byte.
    async fn is_closed(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_u8()).await;
        read.is_ok_and(|read| read.is_err())
    }
}

fn request(version: i16, correlation_id: i32) -> Bytes {
    let request = ApiVersionsRequest {
        client_software_name: "test".to_owned(),
        client_software_version: "1.0".to_owned(),
    };
    encode_request(version, correlation_id, Some("client"), &request).unwrap().bytes
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = Server::start(Limits { max_in_flight: 4, ..Limits::default() });
    let mut client = server.connect().await;
    let mut requests = Vec::new();
    for id in 0..200 {
        requests.extend_from_slice(&request(3, id));
    }
    // Cut at odd places: frames arrive in pieces and several at once.
    for piece in requests.chunks(37) {
        client.stream.write_all(piece).await.unwrap();
    }
    for id in 0..200 {
        let response = client.answer(3, id).await;
        assert_eq!(response.error_code, ErrorCode::NONE);
    }
}

#[tokio::test]
async fn produce_is_advertised_from_version_0() {
    let server = Server::start(Limits::default());
    let response = server.connect().await.ask(4, 1).await;
    let produce = response.api_keys.iter().find(|api| api.api_key == 0).unwrap();
    assert_eq!((produce.min_version, produce.max_version), (0, 13));
    let zero = |name| response.supported_features.iter().any(|f| f.name == name);
    assert!(zero("kraft.version") && zero("transaction.version"));
}

#[tokio::test]
async fn features_that_may_be_at_level_0_are_hidden_from_older_clients() {
    let server = Server::start(Limits::default());
    let response = server.connect().await.ask(3, 1).await;
    assert!(response.supported_features.iter().all(|feature| feature.min_version > 0));
}

#[tokio::test]
async fn bytes_behind_a_request_are_ignored() {
    let server = Server::start(Limits::default());
    let mut client = server.connect().await;
    let mut frame = request(4, 7).to_vec();
    frame.extend([1, 0, 0]);
    let size = i32::try_from(frame.len() - 4).unwrap();
    frame[..4].copy_from_slice(&size.to_be_bytes());
    client.stream.write_all(&frame).await.unwrap();
    assert_eq!(client.answer(4, 7).await.error_code, ErrorCode::NONE);
}

#[tokio::test]
async fn an_unknown_version_of_api_versions_is_answered_in_version_0() {
    let server = Server::start(Limits::default());
    let mut client = server.connect().await;
    let mut bytes = request(4, 9).to_vec();
    bytes[7] = 99;
    client.stream.write_all(&bytes).await.unwrap();
    let response = client.answer(0, 9).await;
    assert_eq!(response.error_code, ErrorCode::UNSUPPORTED_VERSION);
    assert_eq!(response.api_keys.len(), 1);
    assert_eq!(response.api_keys[0].max_version, 4);
    assert_eq!(client.ask(4, 10).await.error_code, ErrorCode::NONE);
}

#[tokio::test]
async fn frames_with_absurd_lengths_and_unknown_apis_close_the_connection() {
    let server = Server::start(Limits { max_frame_bytes: 1000, ..Limits::default() });
    let unknown_api = [0, 0, 0, 10, 0x7f, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff];
    let prefixes: [&[u8]; 4] = [&[0x7f, 255, 255, 255], &[255; 4], &[0, 0, 3, 233], &unknown_api];
    for prefix in prefixes {
        let mut client = server.connect().await;
        client.stream.write_all(prefix).await.unwrap();
        assert!(client.is_closed().await, "{prefix:?}");
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_of_an_address_are_closed() {
    let server = Server::start(Limits { max_connections_per_ip: 2, ..Limits::default() });
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    first.ask(3, 1).await;
    second.ask(3, 1).await;
    assert!(server.connect().await.is_closed().await);
    drop(first);
    // The place is free as soon as the broker has seen the end of the first connection.
    let wait = async {
        while server.node.admission.connections() > 1 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap();
    server.connect().await.ask(3, 2).await;
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let idle = Duration::from_millis(100);
    let server = Server::start(Limits { max_idle: idle, ..Limits::default() });
    let mut client = server.connect().await;
    client.ask(3, 1).await;
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_request_that_never_ends_closes_its_connection() {
    let stall = Duration::from_millis(100);
    let server = Server::start(Limits { max_stall: stall, ..Limits::default() });
    let mut client = server.connect().await;
    client.stream.write_all(&request(3, 1)[..9]).await.unwrap();
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn who_does_not_read_is_not_read_from() {
    let server = Server::start(Limits { max_unsent_bytes: 10_000, ..Limits::default() });
    let mut client = server.connect().await;
    let one = request(3, 7);
    let mut sent = 0;
    // Ends when nobody takes the requests any more: all buffers between us are full.
    while let Ok(written) =
        timeout(Duration::from_millis(500), client.stream.write(&one[sent % one.len()..])).await
    {
        sent += written.unwrap();
        assert!(sent < 100 << 20, "the broker reads on without being read from");
    }
    // The last request may be cut: what was sent whole is answered.
    for _ in 0..sent / one.len() {
        client.answer(3, 7).await;
    }
}

#[tokio::test]
async fn an_honest_client_goes_on_among_a_thousand_idle_ones() {
    let server = Server::start(Limits::default());
    let mut idle = Vec::new();
    for index in 0..1000 {
        let mut client = server.connect().await;
        if index % 2 == 0 {
            // Half of them announce 100 MiB and send nothing of it.
            client.stream.write_all(&[6, 0x40, 0, 0]).await.unwrap();
        }
        idle.push(client);
    }
    let mut client = server.connect().await;
    for id in 0..100 {
        assert_eq!(client.ask(3, id).await.error_code, ErrorCode::NONE);
    }
    assert_eq!(server.node.admission.connections(), 1001);
}

#[tokio::test]
async fn shutdown_answers_what_was_asked_and_closes() {
    let server = Server::start(Limits::default());
    let mut client = server.connect().await;
    client.ask(3, 1).await;
    server.stop.send(true).unwrap();
    assert!(client.is_closed().await);
    let refused = timeout(PATIENCE, async {
        while TcpStream::connect(server.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    refused.await.expect("the listener closes");
}
