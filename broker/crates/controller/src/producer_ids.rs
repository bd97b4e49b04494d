//! Blocks of producer ids (KIP-730).

use barnabas_bugs::{Bug, is_seeded};
use barnabas_metadata::record::ProducerIdsRecord;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::allocate_producer_ids::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse,
};

use crate::{Controller, Outcome};

/// Ids in a block.
const BLOCK_LEN: i32 = 1_000;

impl Controller {
    pub(crate) fn allocate_producer_ids(
        &mut self,
        request: &AllocateProducerIdsRequest,
    ) -> Outcome<AllocateProducerIdsResponse> {
        let refused = |error_code| {
            Outcome::new(
                Vec::new(),
                AllocateProducerIdsResponse { error_code, ..Default::default() },
            )
        };
        if let Err(error) = self.check_broker_epoch(request.broker_id, request.broker_epoch) {
            return refused(error.code);
        }
        let start = self.state.producer_ids.next_producer_id.max(0);
        let Some(next_producer_id) = start.checked_add(i64::from(BLOCK_LEN)) else {
            return refused(ErrorCode::UNKNOWN_SERVER_ERROR);
        };
        let next_producer_id =
            if is_seeded(Bug::ReuseProducerIds) { start } else { next_producer_id };
        let record = ProducerIdsRecord {
            broker_id: request.broker_id,
            broker_epoch: request.broker_epoch,
            next_producer_id,
        };
        let response = AllocateProducerIdsResponse {
            producer_id_start: start,
            producer_id_len: BLOCK_LEN,
            ..Default::default()
        };
        Outcome::new(vec![record.into()], response)
    }
}
