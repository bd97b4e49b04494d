//! Small changes to valid inputs, for runs without a coverage-guided fuzzer.

use crate::Source;

/// Bytes that lengths, counts and signs like to trip over.
const EDGES: [u8; 8] = [0x00, 0x01, 0x02, 0x7f, 0x80, 0x81, 0xfe, 0xff];
/// Changes made to one input, at most.
const MAX_CHANGES: u64 = 6;
/// The largest input.
const MAX_LEN: usize = 64 * 1024;

/// Changes `input` in a few random places.
pub fn mutate(input: &mut Vec<u8>, source: &mut Source) {
    for _ in 0..=source.below(MAX_CHANGES) {
        change(input, source);
    }
    input.truncate(MAX_LEN);
}

fn change(input: &mut Vec<u8>, source: &mut Source) {
    if input.is_empty() {
        input.push(source.number() as u8);
        return;
    }
    let at = source.below(input.len() as u64) as usize;
    match source.below(8) {
        0 => input.truncate(at),
        1 => input[at] ^= 1 << source.below(8),
        2 | 3 => input[at] = edge(source),
        4 => overwrite(input, at, &(source.number() as u32 >> source.below(32)).to_be_bytes()),
        5 => overwrite(input, at, &[edge(source); 4]),
        6 => input.insert(at, edge(source)),
        _ => {
            let end = input.len().min(at + 1 + source.below(32) as usize);
            let piece = input[at..end].to_vec();
            input.splice(at..at, piece);
        }
    }
}

fn edge(source: &mut Source) -> u8 {
    EDGES[source.below(EDGES.len() as u64) as usize]
}

fn overwrite(input: &mut [u8], at: usize, bytes: &[u8]) {
    for (slot, byte) in input[at..].iter_mut().zip(bytes) {
        *slot = *byte;
    }
}
