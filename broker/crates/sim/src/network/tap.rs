//! Reads along on connections to controllers: what they promise each other and their brokers.

use std::collections::BTreeMap;

use barnabas_wire::api::alter_partition::{
    AlterPartitionRequest, AlterPartitionResponse, RequestPartitionData, ResponsePartitionData,
};
use barnabas_wire::api::begin_quorum_epoch::BeginQuorumEpochRequest;
use barnabas_wire::api::vote::{VoteRequest, VoteResponse};
use barnabas_wire::{ApiKey, Decoder, ErrorCode, Message, RequestHeader, ResponseHeader, Uuid};
use bytes::{Buf, Bytes, BytesMut};

/// Length of a frame's length.
const PREFIX: usize = 4;

/// A voter of the metadata quorum: its id and its log directory.
pub type VoterKey = (i32, Uuid);

/// What was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A voter gave its vote, or asked for others' because it voted for itself.
    Voted {
        /// Who voted.
        voter: VoterKey,
        /// In which epoch.
        epoch: i32,
        /// For whom.
        candidate: VoterKey,
    },
    /// A controller says that it leads the quorum.
    Leads {
        /// In which epoch.
        epoch: i32,
        /// Which one.
        leader: i32,
    },
    /// The active controller accepted a change of an ISR.
    Altered {
        /// Id of the topic.
        topic: Uuid,
        /// What the leader asked for.
        wanted: RequestPartitionData,
        /// The answer.
        made: ResponsePartitionData,
    },
}

/// Reads along on one connection. Side 0 asks, side 1 answers.
#[derive(Debug, Default)]
pub(super) struct Tap {
    partial: [BytesMut; 2],
    /// Requests without an answer, by correlation id.
    asked: BTreeMap<i32, (i16, Question)>,
}

#[derive(Debug)]
enum Question {
    Vote(VoteRequest),
    Alter(AlterPartitionRequest),
}

impl Tap {
    /// A side sent these bytes.
    pub(super) fn sent(&mut self, side: usize, bytes: &[u8], heard: &mut Vec<Heard>) {
        self.partial[side].extend_from_slice(bytes);
        while let Some(frame) = next_frame(&mut self.partial[side]) {
            // What cannot be read is not for this ear: the other side will judge it.
            let _ = match side {
                0 => self.asks(frame, heard),
                _ => self.answers(frame, heard),
            };
        }
    }

    fn asks(&mut self, frame: Bytes, heard: &mut Vec<Heard>) -> Option<()> {
        let mut decoder = Decoder::new(frame);
        let header = RequestHeader::decode(&mut decoder).ok()?;
        let version = header.api_version;
        let question =
            match header.api_key {
                ApiKey::Vote => {
                    let request = VoteRequest::decode(&mut decoder, version).ok()?;
                    heard.extend(own_votes(&request));
                    Question::Vote(request)
                }
                ApiKey::BeginQuorumEpoch => {
                    let request = BeginQuorumEpochRequest::decode(&mut decoder, version).ok()?;
                    let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
                    heard.extend(partitions.map(|data| Heard::Leads {
                        epoch: data.leader_epoch,
                        leader: data.leader_id,
                    }));
                    return Some(());
                }
                ApiKey::AlterPartition => {
                    Question::Alter(AlterPartitionRequest::decode(&mut decoder, version).ok()?)
                }
                _ => return None,
            };
        self.asked.insert(header.correlation_id, (version, question));
        Some(())
    }

    fn answers(&mut self, frame: Bytes, heard: &mut Vec<Heard>) -> Option<()> {
        let correlation = i32::from_be_bytes(*frame.first_chunk()?);
        let (version, question) = self.asked.remove(&correlation)?;
        let mut decoder = Decoder::new(frame);
        match question {
            Question::Vote(request) => {
                ResponseHeader::decode(&mut decoder, ApiKey::Vote, version).ok()?;
                let response = VoteResponse::decode(&mut decoder, version).ok()?;
                heard.extend(votes(&request, &response));
            }
            Question::Alter(request) => {
                ResponseHeader::decode(&mut decoder, ApiKey::AlterPartition, version).ok()?;
                let response = AlterPartitionResponse::decode(&mut decoder, version).ok()?;
                heard.extend(changes(request, &response));
            }
        }
        Some(())
    }
}

fn next_frame(partial: &mut BytesMut) -> Option<Bytes> {
    let length = usize::try_from(i32::from_be_bytes(*partial.first_chunk()?)).ok()?;
    if partial.len() < PREFIX + length {
        return None;
    }
    partial.advance(PREFIX);
    Some(partial.split_to(length).freeze())
}

/// Who asks for votes has given itself its own.
fn own_votes(request: &VoteRequest) -> impl Iterator<Item = Heard> {
    let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
    partitions.filter(|data| !data.pre_vote).map(|data| {
        let candidate = (data.replica_id, data.replica_directory_id);
        Heard::Voted { voter: candidate, epoch: data.replica_epoch, candidate }
    })
}

fn votes(request: &VoteRequest, response: &VoteResponse) -> impl Iterator<Item = Heard> {
    let asked = request.topics.iter().flat_map(|topic| &topic.partitions);
    let answered = response.topics.iter().flat_map(|topic| &topic.partitions);
    let granted = asked.zip(answered).filter(|(asked, answered)| {
        !asked.pre_vote && answered.vote_granted && answered.error_code == ErrorCode::NONE
    });
    granted.map(|(asked, _)| Heard::Voted {
        voter: (request.voter_id, asked.voter_directory_id),
        epoch: asked.replica_epoch,
        candidate: (asked.replica_id, asked.replica_directory_id),
    })
}

fn changes(request: AlterPartitionRequest, response: &AlterPartitionResponse) -> Vec<Heard> {
    let mut heard = Vec::new();
    if response.error_code != ErrorCode::NONE {
        return heard;
    }
    for topic in request.topics {
        let answered = response.topics.iter().find(|answered| answered.topic_id == topic.topic_id);
        let answered = answered.map_or(&[][..], |answered| &answered.partitions);
        for wanted in topic.partitions {
            let made = answered.iter().find(|made| made.partition_index == wanted.partition_index);
            if let Some(made) = made.filter(|made| made.error_code == ErrorCode::NONE) {
                heard.push(Heard::Altered { topic: topic.topic_id, wanted, made: made.clone() });
            }
        }
    }
    heard
}

#[cfg(test)]
mod tests;
