//! `NoOpRecord`, key 20.

use barnabas_wire::Message;

/// Nothing: moves the high watermark of an idle metadata log (KIP-835).
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct NoOpRecord {}
