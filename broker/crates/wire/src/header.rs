//! Request and response headers.

use crate::{ApiKey, DecodeError, Decoder, EncodeError, Encoder, Nullable, Value, Version};

const PLAIN: Version = Version { number: 1, flexible: false };

/// What precedes every request: header version 1, or 2 when the request's version is flexible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHeader {
    /// The API.
    pub api_key: ApiKey,
    /// The version of the request, and of the response to it. Not checked: a client may ask for
    /// any, and ApiVersions must answer even then.
    pub api_version: i16,
    /// Chosen by the client, returned in the response.
    pub correlation_id: i32,
    /// The client's name for itself.
    pub client_id: Option<String>,
}

impl RequestHeader {
    /// Reads a header.
    ///
    /// # Errors
    /// No API has the key, or the bytes are not a header.
    pub fn decode(decoder: &mut Decoder) -> Result<Self, DecodeError> {
        let key = i16::read(decoder, PLAIN)?;
        let api_key = ApiKey::try_from(key).map_err(|error| DecodeError::ApiKey(error.0))?;
        let api_version = i16::read(decoder, PLAIN)?;
        let correlation_id = i32::read(decoder, PLAIN)?;
        // Of the old, non-compact form in header version 2, too (KIP-482).
        let client_id = String::read_nullable(decoder, PLAIN)?;
        if api_key.is_flexible(api_version) {
            decoder.skip_tags()?;
        }
        Ok(Self { api_key, api_version, correlation_id, client_id })
    }

    /// Appends the header.
    ///
    /// # Errors
    /// [`EncodeError::Length`]: the client id is too long.
    pub fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        (self.api_key as i16).write(encoder, PLAIN)?;
        self.api_version.write(encoder, PLAIN)?;
        self.correlation_id.write(encoder, PLAIN)?;
        String::write_nullable(self.client_id.as_ref(), encoder, PLAIN)?;
        if self.api_key.is_flexible(self.api_version) {
            encoder.put_uvarint(0);
        }
        Ok(())
    }
}

/// What precedes every response: header version 0, or 1 when the response's version is flexible.
/// The response of ApiVersions always has version 0, so that a client can read it before it knows
/// what the broker speaks (KIP-511).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseHeader {
    /// That of the request.
    pub correlation_id: i32,
}

impl ResponseHeader {
    /// Reads the header of a response.
    ///
    /// # Errors
    /// The bytes are not one.
    pub fn decode(decoder: &mut Decoder, key: ApiKey, version: i16) -> Result<Self, DecodeError> {
        let correlation_id = i32::read(decoder, PLAIN)?;
        if has_tags(key, version) {
            decoder.skip_tags()?;
        }
        Ok(Self { correlation_id })
    }

    /// Appends the header of a response.
    pub fn encode(self, encoder: &mut Encoder, key: ApiKey, version: i16) {
        encoder.put(&self.correlation_id.to_be_bytes());
        if has_tags(key, version) {
            encoder.put_uvarint(0);
        }
    }
}

fn has_tags(key: ApiKey, version: i16) -> bool {
    key != ApiKey::ApiVersions && key.is_flexible(version)
}
