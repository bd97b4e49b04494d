//! Topic names.

use std::sync::Arc;

use barnabas_metadata::image::TopicsImage;
use barnabas_wire::ErrorCode;

use crate::ApiError;

/// Longest name: with `-`, a partition number and a suffix it has to fit a directory's name.
const LEN_MAX: usize = 249;

/// Checks that a topic may have this name.
///
/// # Errors
/// `INVALID_TOPIC_EXCEPTION`, with what is wrong.
pub fn validate(name: &str) -> Result<(), ApiError> {
    let invalid = |reason: &str| {
        let message = format!("topic name {name:?} is invalid: {reason}");
        Err(ApiError::new(ErrorCode::INVALID_TOPIC_EXCEPTION, message))
    };
    if name.is_empty() {
        return invalid("it is empty");
    }
    if name == "." || name == ".." {
        return invalid("'.' and '..' are reserved");
    }
    if name.len() > LEN_MAX {
        return invalid("it has more than 249 characters");
    }
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if !name.bytes().all(legal) {
        return invalid("only letters, digits, '.', '_' and '-' of ASCII are allowed");
    }
    Ok(())
}

/// The names that differ from this one only by `.` and `_`: metrics could not tell them apart.
pub(super) fn collision(topics: &TopicsImage, name: &str) -> Option<Arc<str>> {
    if !name.contains(['.', '_']) {
        return None;
    }
    // Names sort by bytes; all that collide share what comes before the first of the two.
    let end = name.find(['.', '_']).unwrap_or(name.len());
    let prefix = &name[..end];
    topics
        .after(Some(prefix))
        .take_while(|topic| topic.name.starts_with(prefix))
        .find(|topic| collides(&topic.name, name))
        .map(|topic| Arc::clone(&topic.name))
}

/// Whether two different names are the same to metrics.
fn collides(one: &str, other: &str) -> bool {
    let normal = |byte: u8| if byte == b'.' { b'_' } else { byte };
    one != other
        && one.len() == other.len()
        && one.bytes().map(normal).eq(other.bytes().map(normal))
}
