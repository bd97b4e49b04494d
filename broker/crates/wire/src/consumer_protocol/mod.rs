//! The embedded protocol of consumers: what members of a classic group of protocol type `consumer`
//! put into JoinGroup and SyncGroup. The version precedes each message as an INT16.

pub mod assignment;
pub mod subscription;

pub use assignment::ConsumerProtocolAssignment;
pub use subscription::ConsumerProtocolSubscription;
