//! What a consumer wants: the metadata of its JoinGroup request (KIP-429, KIP-792, KIP-881).

use bytes::Bytes;

use crate::Message;

#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(versions = "0-3")]
pub struct ConsumerProtocolSubscription {
    pub topics: Vec<String>,
    #[field(default = None)]
    pub user_data: Option<Bytes>,
    #[field(versions = "1+", ignorable)]
    pub owned_partitions: Vec<TopicPartition>,
    #[field(versions = "2+", default = -1, ignorable)]
    pub generation_id: i32,
    #[field(versions = "3+", default = None, ignorable)]
    pub rack_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct TopicPartition {
    pub topic: String,
    pub partitions: Vec<i32>,
}
