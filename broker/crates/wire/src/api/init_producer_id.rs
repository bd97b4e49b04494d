//! InitProducerId (key 22): hands out producer ids and epochs (KIP-98, KIP-360, KIP-939).

use crate::{ApiKey, ErrorCode, Message, Request};

#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0-6", flexible = "2+")]
pub struct InitProducerIdRequest {
    pub transactional_id: Option<String>,
    pub transaction_timeout_ms: i32,
    #[field(versions = "3+", default = -1)]
    pub producer_id: i64,
    #[field(versions = "3+", default = -1)]
    pub producer_epoch: i16,
    #[field(versions = "6+")]
    pub enable_2pc: bool,
    #[field(versions = "6+")]
    pub keep_prepared_txn: bool,
}

impl Request for InitProducerIdRequest {
    const KEY: ApiKey = ApiKey::InitProducerId;
    type Response = InitProducerIdResponse;
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0-6", flexible = "2+")]
pub struct InitProducerIdResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(default = -1)]
    pub producer_id: i64,
    pub producer_epoch: i16,
    #[field(versions = "6+", default = -1)]
    pub ongoing_txn_producer_id: i64,
    #[field(versions = "6+", default = -1)]
    pub ongoing_txn_producer_epoch: i16,
}
