//! What a consumer gets: the assignment in its SyncGroup response.

use bytes::Bytes;

use crate::Message;

#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0-3")]
pub struct ConsumerProtocolAssignment {
    pub assigned_partitions: Vec<TopicPartition>,
    #[field(default = None)]
    pub user_data: Option<Bytes>,
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct TopicPartition {
    pub topic: String,
    pub partitions: Vec<i32>,
}
