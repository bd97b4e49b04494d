//! Which protocol (assignor) a group uses, and which topics it consumes.

use std::collections::{BTreeMap, BTreeSet};

use barnabas_wire::consumer_protocol::ConsumerProtocolSubscription;
use barnabas_wire::{Decoder, Message};
use bytes::Bytes;

use super::{Group, State};

/// The protocol type of consumers; only their metadata can be read here.
pub(super) const CONSUMER: &str = "consumer";

impl Group {
    /// Whether a member of that type with these protocols fits: all members know one of them.
    pub(super) fn supports<'a>(
        &self,
        protocol_type: &str,
        mut protocols: impl Iterator<Item = &'a str>,
    ) -> bool {
        if self.state == State::Empty || self.members.is_empty() {
            return !protocol_type.is_empty() && protocols.next().is_some();
        }
        self.protocol_type.as_deref() == Some(protocol_type)
            && protocols.any(|name| self.members.values().all(|member| member.supports(name)))
    }

    /// The protocol that most members prefer among those that all know; the first in the order of
    /// the first member when several have as many votes.
    pub(super) fn select_protocol(&self) -> Option<String> {
        let first = self.members.values().next()?;
        let candidates: Vec<&str> = first
            .protocols
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| self.members.values().all(|member| member.supports(name)))
            .collect();
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values() {
            let preferred = member
                .protocols
                .iter()
                .map(|(name, _)| name.as_str())
                .find(|name| candidates.contains(name));
            *votes.entry(preferred?).or_default() += 1;
        }
        let most = votes.values().max().copied()?;
        candidates.into_iter().find(|name| votes.get(name) == Some(&most)).map(ToOwned::to_owned)
    }

    /// The topics of all members, if this is a group of consumers and all can be read.
    pub(super) fn read_subscriptions(&self) -> Option<BTreeSet<String>> {
        if !self.is_consumer() {
            return None;
        }
        if self.members.is_empty() {
            return Some(BTreeSet::new());
        }
        let protocol = self.protocol.as_deref()?;
        let mut topics = BTreeSet::new();
        for member in self.members.values() {
            topics.extend(subscription(member.metadata(protocol)?.clone())?);
        }
        Some(topics)
    }
}

/// Reads the topics of a subscription; a newer version is read as the newest that is known.
fn subscription(metadata: Bytes) -> Option<Vec<String>> {
    let mut decoder = Decoder::new(metadata);
    let version = i16::from_be_bytes(decoder.array().ok()?);
    let version = version.min(ConsumerProtocolSubscription::VERSIONS.max);
    ConsumerProtocolSubscription::decode(&mut decoder, version).ok().map(|read| read.topics)
}
