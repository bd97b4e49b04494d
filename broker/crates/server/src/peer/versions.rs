//! What a peer serves.

use std::collections::BTreeMap;

use barnabas_wire::api::{ApiVersionsRequest, ApiVersionsResponse};
use barnabas_wire::{
    ApiKey, Decoder, ErrorCode, Message, ResponseHeader, VersionRange, encode_request,
};
use bytes::Bytes;

use super::PeerError;

/// What this node calls itself.
const SOFTWARE: &str = "barnabas";

/// The versions that a peer told.
#[derive(Debug, Default)]
pub(super) struct Versions {
    served: BTreeMap<i16, VersionRange>,
}

/// What an answer to ApiVersions means.
#[derive(Debug)]
pub(super) enum Told {
    Versions(Versions),
    /// Ask again in this version.
    AskAgain(i16),
}

impl Versions {
    /// The highest version that both sides know.
    pub(super) fn common(&self, key: ApiKey, known: VersionRange) -> Option<i16> {
        let served = self.served.get(&(key as i16))?;
        let version = served.max.min(known.max);
        (version >= served.min && version >= known.min).then_some(version)
    }
}

/// The frame that asks.
pub(super) fn question(version: i16) -> Result<Bytes, PeerError> {
    let request = ApiVersionsRequest {
        client_software_name: SOFTWARE.to_owned(),
        client_software_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    Ok(encode_request(version, 0, Some(SOFTWARE), &request)?.bytes)
}

/// Reads the answer to a question in a version.
pub(super) fn told(frame: Bytes, version: i16) -> Result<Told, PeerError> {
    let mut body = Decoder::new(frame);
    ResponseHeader::decode(&mut body, ApiKey::ApiVersions, version)?;
    // A peer that does not know the version says so in version 0 (KIP-511).
    let code = ErrorCode(i16::from_be_bytes(body.clone().array()?));
    let version = if code == ErrorCode::UNSUPPORTED_VERSION { 0 } else { version };
    let response = ApiVersionsResponse::decode(&mut body, version)?;
    let range = |min, max| VersionRange { min, max };
    let served =
        response.api_keys.iter().map(|api| (api.api_key, range(api.min_version, api.max_version)));
    let versions = Versions { served: served.collect() };
    match code {
        ErrorCode::NONE => Ok(Told::Versions(versions)),
        ErrorCode::UNSUPPORTED_VERSION => {
            let known = ApiVersionsRequest::VERSIONS;
            Ok(Told::AskAgain(versions.common(ApiKey::ApiVersions, known).unwrap_or(0)))
        }
        code => Err(PeerError::Refused(code)),
    }
}
