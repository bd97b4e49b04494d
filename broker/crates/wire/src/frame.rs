//! Frames: a size of 4 bytes, a header and a message.

use bytes::Bytes;

use crate::{ApiKey, Cut, EncodeError, Encoder, Message, Request, RequestHeader, ResponseHeader};

/// Most messages without records fit.
const CAPACITY: usize = 256;

/// An encoded frame, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The bytes in memory, the leading size included.
    pub bytes: Bytes,
    /// The places where bytes from elsewhere belong, by ascending position.
    pub cuts: Vec<Cut>,
}

/// A piece of a frame, in the order of sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Bytes in memory.
    Bytes(Bytes),
    /// The number of bytes to take from the next external source.
    External(usize),
}

impl Frame {
    /// Bytes that the frame takes on the wire.
    pub fn len(&self) -> usize {
        self.cuts.iter().fold(self.bytes.len(), |total, cut| total.saturating_add(cut.length))
    }

    /// Whether the frame has no bytes, which one that was encoded never is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pieces of the frame; empty ones are left out, cuts of length zero are kept so that they
    /// stay in step with the sources.
    pub fn parts(&self) -> impl Iterator<Item = Part> {
        let ends = self.cuts.iter().map(|cut| cut.position).chain([self.bytes.len()]);
        let mut start = 0;
        ends.enumerate().flat_map(move |(index, end)| {
            let bytes = self.bytes.slice(start..end);
            start = end;
            let external = self.cuts.get(index).map(|cut| Part::External(cut.length));
            let bytes = (!bytes.is_empty()).then_some(Part::Bytes(bytes));
            bytes.into_iter().chain(external)
        })
    }
}

/// Encodes a request with its header.
///
/// # Errors
/// The version cannot carry the request, or the frame is over 2 GiB.
pub fn encode_request<R: Request>(
    version: i16,
    correlation_id: i32,
    client_id: Option<&str>,
    request: &R,
) -> Result<Frame, EncodeError> {
    let mut encoder = start();
    let client_id = client_id.map(str::to_owned);
    RequestHeader { api_key: R::KEY, api_version: version, correlation_id, client_id }
        .encode(&mut encoder)?;
    request.encode(&mut encoder, version)?;
    finish(encoder)
}

/// Encodes the response to a request of API `key` in `version`, with its header.
///
/// # Errors
/// The version cannot carry the response, or the frame is over 2 GiB.
pub fn encode_response<M: Message>(
    key: ApiKey,
    version: i16,
    correlation_id: i32,
    response: &M,
) -> Result<Frame, EncodeError> {
    let mut encoder = start();
    ResponseHeader { correlation_id }.encode(&mut encoder, key, version);
    response.encode(&mut encoder, version)?;
    finish(encoder)
}

fn start() -> Encoder {
    let mut encoder = Encoder::with_capacity(CAPACITY);
    encoder.put(&[0; 4]);
    encoder
}

fn finish(mut encoder: Encoder) -> Result<Frame, EncodeError> {
    let size = encoder.total_len() - 4;
    let size = i32::try_from(size).map_err(|_| EncodeError::Length(size))?;
    encoder.patch_i32(0, size);
    let (bytes, cuts) = encoder.into_parts();
    Ok(Frame { bytes, cuts })
}
