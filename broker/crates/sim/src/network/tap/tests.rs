use barnabas_wire::api::vote::{
    RequestPartitionData as Wanted, RequestTopicData, ResponsePartitionData as Given,
    ResponseTopicData,
};
use barnabas_wire::{Frame, encode_request, encode_response};

use super::*;

const VERSION: i16 = 2;
const CANDIDATE: VoterKey = (1, Uuid([1; 16]));
const VOTER: VoterKey = (2, Uuid([2; 16]));

fn request(pre_vote: bool) -> VoteRequest {
    let wanted = Wanted {
        replica_epoch: 7,
        replica_id: CANDIDATE.0,
        replica_directory_id: CANDIDATE.1,
        voter_directory_id: VOTER.1,
        pre_vote,
        ..Wanted::default()
    };
    let topic = RequestTopicData { partitions: vec![wanted], ..RequestTopicData::default() };
    VoteRequest { voter_id: VOTER.0, topics: vec![topic], ..VoteRequest::default() }
}

fn response(vote_granted: bool) -> VoteResponse {
    let given = Given { leader_epoch: 7, vote_granted, ..Given::default() };
    let topic = ResponseTopicData { partitions: vec![given], ..ResponseTopicData::default() };
    VoteResponse { topics: vec![topic], ..VoteResponse::default() }
}

/// What is heard of a request and its answer, byte for byte.
fn hear(request: &VoteRequest, response: &VoteResponse) -> Vec<Heard> {
    let (mut tap, mut heard) = (Tap::default(), Vec::new());
    let asked = encode_request(VERSION, 5, Some("test"), request).unwrap();
    let answered = encode_response(ApiKey::Vote, VERSION, 5, response).unwrap();
    for (side, Frame { bytes, .. }) in [(0, asked), (1, answered)] {
        for byte in &bytes {
            tap.sent(side, &[*byte], &mut heard);
        }
    }
    heard
}

#[test]
fn a_vote_is_heard_however_the_bytes_are_cut() {
    let own = Heard::Voted { voter: CANDIDATE, epoch: 7, candidate: CANDIDATE };
    let given = Heard::Voted { voter: VOTER, epoch: 7, candidate: CANDIDATE };
    assert_eq!(hear(&request(false), &response(true)), [own.clone(), given]);
    assert_eq!(hear(&request(false), &response(false)), [own]);
}

#[test]
fn a_pre_vote_is_no_vote() {
    assert_eq!(hear(&request(true), &response(true)), []);
}
