//! Envelope (key 58): a broker hands a client's request on to the controller, with the client's
//! principal and address (KIP-590).

use bytes::Bytes;

use crate::{ApiKey, ErrorCode, Message, Request};

#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct EnvelopeRequest {
    pub request_data: Bytes,
    pub request_principal: Option<Bytes>,
    pub client_host_address: Bytes,
}

impl Request for EnvelopeRequest {
    const KEY: ApiKey = ApiKey::Envelope;
    type Response = EnvelopeResponse;
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct EnvelopeResponse {
    #[field(default = None)]
    pub response_data: Option<Bytes>,
    pub error_code: ErrorCode,
}
