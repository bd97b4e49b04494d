//! A peer as it shows itself to one that asks it.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use barnabas_wire::api::api_versions::ApiVersion;
use barnabas_wire::api::fetch::{FetchableTopicResponse, PartitionData};
use barnabas_wire::api::{ApiVersionsResponse, FetchRequest, FetchResponse, VoteRequest};
use barnabas_wire::{ApiKey, Decoder, ErrorCode, Message, Records, RequestHeader, encode_response};
use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::{Dialer, PeerAddress, PeerError, PeerStream, Peers};

const LIMIT: Duration = Duration::from_secs(5);

/// Hands out prepared streams, then refuses.
#[derive(Debug, Default)]
struct Prepared(Mutex<VecDeque<DuplexStream>>, Mutex<usize>);

impl Dialer for Prepared {
    fn dial(&self, _: &str, _: u16) -> BoxFuture<'_, io::Result<Box<dyn PeerStream>>> {
        *self.1.lock().unwrap() += 1;
        let stream = self.0.lock().unwrap().pop_front();
        Box::pin(async move {
            let stream = stream.ok_or(io::ErrorKind::ConnectionRefused)?;
            Ok(Box::new(stream) as Box<dyn PeerStream>)
        })
    }
}

/// The other side of a connection.
struct Other(DuplexStream);

impl Other {
    async fn request(&mut self) -> (RequestHeader, Decoder) {
        let size = self.0.read_i32().await.unwrap();
        let mut frame = vec![0; usize::try_from(size).unwrap()];
        self.0.read_exact(&mut frame).await.unwrap();
        let mut decoder = Decoder::new(frame.into());
        (RequestHeader::decode(&mut decoder).unwrap(), decoder)
    }

    async fn answer(&mut self, header: &RequestHeader, version: i16, response: &impl Message) {
        let frame = encode_response(header.api_key, version, header.correlation_id, response);
        self.0.write_all(&frame.unwrap().bytes).await.unwrap();
    }

    async fn negotiate(&mut self, fetch_max: i16) {
        let (header, _) = self.request().await;
        assert_eq!(header.api_key, ApiKey::ApiVersions);
        let api = ApiVersion { api_key: 1, min_version: 4, max_version: fetch_max };
        let response =
            ApiVersionsResponse { api_keys: vec![api], ..ApiVersionsResponse::default() };
        self.answer(&header, header.api_version, &response).await;
    }
}

fn peers(connections: usize) -> (Peers, Arc<Prepared>, Vec<Other>) {
    let dialer = Arc::new(Prepared::default());
    let mut others = Vec::new();
    for _ in 0..connections {
        let (near, far) = tokio::io::duplex(1 << 16);
        dialer.0.lock().unwrap().push_back(near);
        others.push(Other(far));
    }
    (Peers::new(Arc::clone(&dialer) as _, "test".to_owned()), dialer, others)
}

fn address() -> PeerAddress {
    PeerAddress { id: 1, host: "peer".to_owned(), port: 9 }
}

fn fetched(records: &'static [u8]) -> FetchResponse {
    let records = Some(Records::Inline(Bytes::from_static(records)));
    let partitions = vec![PartitionData { records, ..PartitionData::default() }];
    let topic = FetchableTopicResponse { partitions, ..FetchableTopicResponse::default() };
    FetchResponse { responses: vec![topic], ..FetchResponse::default() }
}

#[tokio::test(start_paused = true)]
async fn requests_share_a_connection_and_the_peer_s_versions() {
    let (peers, dialer, mut others) = peers(1);
    let to = address();
    let serve = async {
        let other = &mut others[0];
        other.negotiate(12).await;
        // Both are asked before either is answered.
        let (first, _) = other.request().await;
        let (second, _) = other.request().await;
        assert_eq!((first.api_version, second.api_version), (12, 12));
        other.answer(&first, 12, &fetched(b"first")).await;
        other.answer(&second, 12, &fetched(b"second")).await;
    };
    let call = || peers.call(&to, FetchRequest::default(), LIMIT);
    let (first, second, ()) = tokio::join!(call(), call(), serve);
    let records = |response: FetchResponse| response.responses[0].partitions[0].records.clone();
    assert_eq!(records(first.unwrap()).unwrap().bytes().unwrap(), &b"first"[..]);
    assert_eq!(records(second.unwrap()).unwrap().bytes().unwrap(), &b"second"[..]);
    let vote = peers.call(&to, VoteRequest::default(), LIMIT).await;
    assert_eq!(vote, Err(PeerError::Unsupported(ApiKey::Vote)));
    assert_eq!(*dialer.1.lock().unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_fails_what_waits_and_is_opened_again() {
    let (peers, _, mut others) = peers(2);
    let to = address();
    let serve = async {
        let mut other = others.remove(0);
        other.negotiate(18).await;
        other.request().await;
        drop(other);
    };
    let start = tokio::time::Instant::now();
    let (broken, ()) = tokio::join!(peers.call(&to, FetchRequest::default(), LIMIT), serve);
    assert_eq!(broken, Err(PeerError::Disconnected));
    assert_eq!(start.elapsed(), Duration::ZERO);
    let serve = async {
        let other = &mut others[0];
        other.negotiate(18).await;
        let (header, _) = other.request().await;
        other.answer(&header, 18, &fetched(b"")).await;
    };
    let (again, ()) = tokio::join!(peers.call(&to, FetchRequest::default(), LIMIT), serve);
    assert!(again.is_ok(), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_connection_is_reported_at_once_and_not_tried_all_the_time() {
    let (peers, dialer, _) = peers(0);
    let to = address();
    for _ in 0..10 {
        let refused = peers.call(&to, FetchRequest::default(), LIMIT).await.unwrap_err();
        assert!(refused.is_refusal(), "{refused:?}");
    }
    assert_eq!(*dialer.1.lock().unwrap(), 1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let _ = peers.call(&to, FetchRequest::default(), LIMIT).await;
    assert_eq!(*dialer.1.lock().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_given_up_with_its_connection() {
    let (peers, dialer, mut others) = peers(2);
    let to = address();
    let silent = async {
        others[0].negotiate(18).await;
        others[0].request().await;
    };
    let (late, ()) = tokio::join!(peers.call(&to, FetchRequest::default(), LIMIT), silent);
    assert!(matches!(late, Err(PeerError::Timeout(_) | PeerError::Disconnected)), "{late:?}");
    let serve = async {
        let other = &mut others[1];
        other.negotiate(18).await;
        let (header, _) = other.request().await;
        other.answer(&header, 18, &fetched(b"")).await;
    };
    let (again, ()) = tokio::join!(peers.call(&to, FetchRequest::default(), LIMIT), serve);
    assert!(again.is_ok(), "{again:?}");
    assert_eq!(*dialer.1.lock().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_old_peer_is_asked_again_in_a_version_that_it_knows() {
    let (peers, _, mut others) = peers(1);
    let to = address();
    let serve = async {
        let other = &mut others[0];
        let (header, _) = other.request().await;
        let api = ApiVersion { api_key: 18, min_version: 0, max_version: 2 };
        let response = ApiVersionsResponse {
            error_code: ErrorCode::UNSUPPORTED_VERSION,
            api_keys: vec![api],
            ..ApiVersionsResponse::default()
        };
        other.answer(&header, 0, &response).await;
        other.negotiate(11).await;
        let (header, _) = other.request().await;
        assert_eq!(header.api_version, 11);
        other.answer(&header, 11, &fetched(b"")).await;
    };
    let (answer, ()) = tokio::join!(peers.call(&to, FetchRequest::default(), LIMIT), serve);
    assert!(answer.is_ok(), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_answer_ends_the_connection() {
    let (peers, _, mut others) = peers(1);
    let to = address();
    let serve = async {
        let other = &mut others[0];
        other.negotiate(18).await;
        let (mut header, _) = other.request().await;
        header.correlation_id += 1;
        other.answer(&header, 18, &fetched(b"")).await;
    };
    let (answer, ()) = tokio::join!(peers.call(&to, FetchRequest::default(), LIMIT), serve);
    assert_eq!(answer, Err(PeerError::Correlation));
}
