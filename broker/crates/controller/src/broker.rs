//! Brokers: registration, heartbeats, fencing.

mod heartbeat;
mod registration;
mod session;
mod unreachable;
mod unregister;

#[cfg(test)]
mod tests;

pub(crate) use session::Sessions;

use barnabas_metadata::image::Image;
use barnabas_metadata::record::{BrokerRegistrationChangeRecord, MetadataRecord};
use barnabas_wire::ErrorCode;

use crate::partition::Departure;
use crate::{ApiError, Controller};

impl Controller {
    /// A request of a broker counts only from its registered process.
    pub(crate) fn check_broker_epoch(&self, broker: i32, epoch: i64) -> Result<(), ApiError> {
        match self.state.cluster.broker(broker) {
            Some(registration) if registration.epoch == epoch => Ok(()),
            Some(registration) => Err(ApiError::new(
                ErrorCode::STALE_BROKER_EPOCH,
                format!(
                    "broker {broker} is registered with epoch {}, the request has {epoch}",
                    registration.epoch
                ),
            )),
            None => Err(ApiError::new(
                ErrorCode::STALE_BROKER_EPOCH,
                format!("broker {broker} is not registered"),
            )),
        }
    }

    /// Fences a broker: it leads nothing and is in no ISR until it comes back. That it is fenced
    /// is the last record: with it everything else is done.
    pub(crate) fn fence_records(
        &self,
        image: &Image,
        broker: i32,
        epoch: i64,
    ) -> Vec<MetadataRecord> {
        let record =
            BrokerRegistrationChangeRecord { fenced: 1, ..registration_change(broker, epoch) };
        let mut records = self.departure(image, broker, Departure::Clean);
        records.push(record.into());
        records
    }
}

fn registration_change(broker_id: i32, broker_epoch: i64) -> BrokerRegistrationChangeRecord {
    BrokerRegistrationChangeRecord { broker_id, broker_epoch, ..Default::default() }
}
