//! One connection to a broker: requests and answers in turn.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::time::Duration;

use barnabas_wire::api::api_versions::ApiVersionsRequest;
use barnabas_wire::{Decoder, Message, Request, ResponseHeader, encode_request};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::select_ok;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{sleep, timeout};

use super::Error;

const CLIENT_ID: &str = "barnabas-operator";
/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long one address is waited for before the next is tried as well.
const NEXT_ADDRESS: Duration = Duration::from_millis(200);
/// How long an answer may take: longer than the time-out inside the requests.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Metadata and configs of 10,000 topics fit several times.
const ANSWER_BYTES_MAX: i32 = 64 * 1024 * 1024;
/// Read at a time: memory follows what has come, not what was announced.
const CHUNK: usize = 64 * 1024;

/// A connection whose broker's versions are known.
#[derive(Debug)]
pub struct Connection {
    address: String,
    stream: TcpStream,
    correlation: i32,
    versions: BTreeMap<i16, (i16, i16)>,
}

impl Connection {
    /// Connects to `host:port` and asks for the broker's versions. Of several addresses behind the
    /// name, `turn` says which is tried first.
    ///
    /// # Errors
    /// When the broker cannot be reached or does not speak the protocol.
    pub async fn open(address: &str, turn: usize) -> Result<Self, Error> {
        let stream = in_time(address, CONNECT_MAX, connect(address, turn)).await?;
        stream.set_nodelay(true).map_err(|source| io_error(address, source))?;
        let mut connection =
            Self { address: address.to_owned(), stream, correlation: 0, versions: BTreeMap::new() };
        connection.learn_versions().await?;
        Ok(connection)
    }

    /// Sends a request in the highest version that both sides speak and returns its answer.
    ///
    /// # Errors
    /// Any: the connection must not be used again after one.
    pub async fn send<R: Request>(&mut self, request: &R) -> Result<R::Response, Error> {
        let (low, high) = self.versions.get(&(R::KEY as i16)).copied().unwrap_or((0, -1));
        let version = high.min(R::VERSIONS.max);
        if version < low.max(R::VERSIONS.min) {
            return Err(Error::Unsupported(R::KEY));
        }
        self.send_version(request, version).await
    }

    async fn learn_versions(&mut self) -> Result<(), Error> {
        let request = ApiVersionsRequest {
            client_software_name: CLIENT_ID.to_owned(),
            client_software_version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let response = self.send_version(&request, 3).await?;
        response.error_code.ok().map_err(Error::Refused)?;
        self.versions = response
            .api_keys
            .iter()
            .map(|api| (api.api_key, (api.min_version, api.max_version)))
            .collect();
        Ok(())
    }

    async fn send_version<R: Request>(
        &mut self,
        request: &R,
        version: i16,
    ) -> Result<R::Response, Error> {
        self.correlation = self.correlation.wrapping_add(1);
        let frame = encode_request(version, self.correlation, Some(CLIENT_ID), request)?;
        let answer = exchange(&mut self.stream, &frame.bytes);
        let body = in_time(&self.address, ANSWER_MAX, answer).await?;
        let mut decoder = Decoder::new(body.ok_or(Error::TooLarge(ANSWER_BYTES_MAX))?);
        let header = ResponseHeader::decode(&mut decoder, R::KEY, version)?;
        if header.correlation_id != self.correlation {
            return Err(Error::Correlation);
        }
        Ok(R::Response::decode(&mut decoder, version)?)
    }
}

/// Connects to one of the addresses behind a name: the first that answers. Each is tried a moment
/// after the one before it, so that a broker whose node is gone holds nobody up.
async fn connect(address: &str, turn: usize) -> io::Result<TcpStream> {
    let mut found: Vec<_> = lookup_host(address).await?.collect();
    found.sort_unstable();
    let first = turn.checked_rem(found.len()).unwrap_or_default();
    found.rotate_left(first);
    let attempts = (0_u32..).zip(found).map(|(turn, address)| {
        async move {
            sleep(NEXT_ADDRESS * turn).await;
            TcpStream::connect(address).await
        }
        .boxed()
    });
    let attempts: Vec<_> = attempts.collect();
    if attempts.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    select_ok(attempts).await.map(|(stream, _)| stream)
}

/// `None` when the answer is larger than allowed.
async fn exchange(stream: &mut TcpStream, request: &[u8]) -> io::Result<Option<Bytes>> {
    stream.write_all(request).await?;
    let size = stream.read_i32().await?;
    let Some(size) = usize::try_from(size).ok().filter(|_| size <= ANSWER_BYTES_MAX) else {
        return Ok(None);
    };
    let mut body = Vec::with_capacity(size.min(CHUNK));
    let mut limited = stream.take(size as u64);
    while body.len() < size {
        body.reserve((size - body.len()).min(CHUNK));
        if limited.read_buf(&mut body).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Some(body.into()))
}

async fn in_time<T>(
    address: &str,
    limit: Duration,
    work: impl Future<Output = io::Result<T>>,
) -> Result<T, Error> {
    match timeout(limit, work).await {
        Ok(result) => result.map_err(|source| io_error(address, source)),
        Err(_) => Err(Error::TimedOut { address: address.to_owned(), seconds: limit.as_secs() }),
    }
}

fn io_error(address: &str, source: io::Error) -> Error {
    Error::Io { address: address.to_owned(), source }
}
