//! UnregisterBroker: a broker that will not come back is forgotten.

use barnabas_metadata::record::UnregisterBrokerRecord;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::unregister_broker::{UnregisterBrokerRequest, UnregisterBrokerResponse};

use crate::partition::Departure;
use crate::{Controller, Outcome};

impl Controller {
    /// Its replicas stay assigned to it, but it is neither in sync nor eligible anywhere.
    pub(crate) fn unregister_broker(
        &mut self,
        request: &UnregisterBrokerRequest,
    ) -> Outcome<UnregisterBrokerResponse> {
        let broker_id = request.broker_id;
        let Some(broker) = self.state.cluster.broker(broker_id) else {
            let response = UnregisterBrokerResponse {
                error_code: ErrorCode::BROKER_ID_NOT_REGISTERED,
                error_message: Some(format!("broker {broker_id} is not registered")),
                ..UnregisterBrokerResponse::default()
            };
            return Outcome::new(Vec::new(), response);
        };
        let record = UnregisterBrokerRecord { broker_id, broker_epoch: broker.epoch };
        let mut records = self.departure(&self.state, broker_id, Departure::Unclean);
        records.push(record.into());
        self.sessions.forget(broker_id);
        Outcome::new(records, UnregisterBrokerResponse::default())
    }
}
