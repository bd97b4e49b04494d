//! The flexible encoding of control records. They are few and older than any release that could
//! negotiate their versions, so each has exactly the one that is written.

use barnabas_wire::Uuid;
use bytes::{BufMut, Bytes, BytesMut};

use super::{ControlError, ControlRecord, ControlType, LeaderChange, SnapshotHeader};
use crate::{Endpoint, NodeId, ReplicaKey, Voter, VoterSet};

pub(super) fn encode(record: &ControlRecord) -> Bytes {
    let mut out = BytesMut::new();
    out.put_i16(0);
    match record {
        ControlRecord::LeaderChange(change) => {
            out.put_i32(change.leader.0);
            for ids in [&change.voters, &change.granting] {
                put_length(&mut out, ids.len());
                for id in ids {
                    out.put_i32(id.0);
                    put_no_tags(&mut out);
                }
            }
        }
        ControlRecord::SnapshotHeader(header) => {
            out.put_i64(header.last_contained_log_timestamp_ms);
        }
        ControlRecord::SnapshotFooter => {}
        ControlRecord::KraftVersion(version) => out.put_i16(*version),
        ControlRecord::Voters(voters) => {
            put_length(&mut out, voters.len());
            for voter in voters.iter() {
                put_voter(&mut out, voter);
            }
        }
    }
    put_no_tags(&mut out);
    out.freeze()
}

pub(super) fn decode(kind: ControlType, value: &[u8]) -> Result<ControlRecord, ControlError> {
    let mut input = Input(value);
    let version = input.i16()?;
    let leader_change_v1 = kind == ControlType::LeaderChange && version == 1;
    if version != 0 && !leader_change_v1 {
        return Err(ControlError::UnsupportedVersion { kind: kind.code(), version });
    }
    let record = match kind {
        ControlType::LeaderChange => {
            let leader = NodeId(input.i32()?);
            let voters = input.node_ids(leader_change_v1)?;
            let granting = input.node_ids(leader_change_v1)?;
            ControlRecord::LeaderChange(LeaderChange { leader, voters, granting })
        }
        ControlType::SnapshotHeader => {
            let last_contained_log_timestamp_ms = input.i64()?;
            ControlRecord::SnapshotHeader(SnapshotHeader { last_contained_log_timestamp_ms })
        }
        ControlType::SnapshotFooter => ControlRecord::SnapshotFooter,
        ControlType::KraftVersion => ControlRecord::KraftVersion(input.i16()?),
        ControlType::Voters => ControlRecord::Voters(VoterSet::new(input.voters()?)),
    };
    input.tags()?;
    Ok(record)
}

fn put_voter(out: &mut BytesMut, voter: &Voter) {
    out.put_i32(voter.key.id.0);
    out.put_slice(&voter.key.directory.unwrap_or_default().0);
    put_length(out, voter.endpoints.len());
    for endpoint in &voter.endpoints {
        put_text(out, &endpoint.listener);
        put_text(out, &endpoint.host);
        out.put_u16(endpoint.port);
        put_no_tags(out);
    }
    out.put_i16(voter.kraft_version_min);
    out.put_i16(voter.kraft_version_max);
    put_no_tags(out);
    put_no_tags(out);
}

fn put_text(out: &mut BytesMut, text: &str) {
    put_length(out, text.len());
    out.put_slice(text.as_bytes());
}

/// A compact length: one more, as an unsigned varint.
fn put_length(out: &mut BytesMut, length: usize) {
    let mut rest = length as u64 + 1;
    while rest >= 0x80 {
        out.put_u8((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.put_u8(rest as u8);
}

fn put_no_tags(out: &mut BytesMut) {
    out.put_u8(0);
}

/// Bytes not read yet.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], ControlError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(ControlError::Truncated)?;
        self.0 = rest;
        Ok(*head)
    }

    fn slice(&mut self, length: usize) -> Result<&'a [u8], ControlError> {
        let (head, rest) = self.0.split_at_checked(length).ok_or(ControlError::Truncated)?;
        self.0 = rest;
        Ok(head)
    }

    fn i16(&mut self) -> Result<i16, ControlError> {
        self.take().map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> Result<i32, ControlError> {
        self.take().map(i32::from_be_bytes)
    }

    fn i64(&mut self) -> Result<i64, ControlError> {
        self.take().map(i64::from_be_bytes)
    }

    fn uvarint(&mut self) -> Result<usize, ControlError> {
        let mut value = 0_u64;
        for shift in (0..35).step_by(7) {
            let [byte] = self.take()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return usize::try_from(value).map_err(|_| ControlError::Malformed);
            }
        }
        Err(ControlError::Malformed)
    }

    /// A compact length, never more than the bytes that remain.
    fn length(&mut self) -> Result<usize, ControlError> {
        let length = self.uvarint()?.checked_sub(1).ok_or(ControlError::Malformed)?;
        if length > self.0.len() { Err(ControlError::Truncated) } else { Ok(length) }
    }

    fn text(&mut self) -> Result<String, ControlError> {
        let length = self.length()?;
        let bytes = self.slice(length)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| ControlError::Malformed)
    }

    fn tags(&mut self) -> Result<(), ControlError> {
        for _ in 0..self.uvarint()? {
            self.uvarint()?;
            let length = self.uvarint()?;
            self.slice(length)?;
        }
        Ok(())
    }

    fn node_ids(&mut self, with_directory: bool) -> Result<Vec<NodeId>, ControlError> {
        let count = self.length()?;
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(NodeId(self.i32()?));
            if with_directory {
                self.take::<16>()?;
            }
            self.tags()?;
        }
        Ok(ids)
    }

    fn voters(&mut self) -> Result<Vec<Voter>, ControlError> {
        let count = self.length()?;
        let mut voters = Vec::new();
        for _ in 0..count {
            let id = NodeId(self.i32()?);
            let directory = Uuid(self.take()?);
            let key =
                ReplicaKey { id, directory: (directory != Uuid::default()).then_some(directory) };
            let endpoints = self.endpoints()?;
            let kraft_version_min = self.i16()?;
            let kraft_version_max = self.i16()?;
            self.tags()?;
            self.tags()?;
            voters.push(Voter { key, endpoints, kraft_version_min, kraft_version_max });
        }
        Ok(voters)
    }

    fn endpoints(&mut self) -> Result<Vec<Endpoint>, ControlError> {
        let count = self.length()?;
        let mut endpoints = Vec::new();
        for _ in 0..count {
            let listener = self.text()?;
            let host = self.text()?;
            let port = self.take().map(u16::from_be_bytes)?;
            self.tags()?;
            endpoints.push(Endpoint { listener, host, port });
        }
        Ok(endpoints)
    }
}
