//! Why a group request is refused, and Kafka's code for it.

use barnabas_wire::ErrorCode;

/// A refused group request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// This broker has no room for another group.
    #[error("too many groups")]
    CoordinatorNotAvailable,
    /// Another client took over the group instance id.
    #[error("the group instance id belongs to another member now")]
    FencedInstanceId,
    /// There is no such group.
    #[error("no such group")]
    GroupIdNotFound,
    /// `group.max.size` is reached.
    #[error("the group is full")]
    GroupMaxSizeReached,
    /// The topic's offsets are in use.
    #[error("the group is subscribed to the topic")]
    GroupSubscribedToTopic,
    /// The member is of another generation.
    #[error("not the generation of the group")]
    IllegalGeneration,
    /// The member supports no protocol that all others do.
    #[error("no protocol in common with the group")]
    InconsistentGroupProtocol,
    /// Empty where a name is needed.
    #[error("not a group id")]
    InvalidGroupId,
    /// Not a value that the protocol allows.
    #[error("invalid request")]
    InvalidRequest,
    /// Outside of `group.min.session.timeout.ms` and `group.max.session.timeout.ms`.
    #[error("session timeout out of bounds")]
    InvalidSessionTimeout,
    /// The member has to join again with the id that comes with this error.
    #[error("join again with this member id")]
    MemberIdRequired,
    /// The group's metadata does not fit in a record.
    #[error("the metadata of the group is too large")]
    MetadataTooLarge,
    /// The group still has members.
    #[error("the group has members")]
    NonEmptyGroup,
    /// Another broker is the coordinator now.
    #[error("not the coordinator of the group")]
    NotCoordinator,
    /// `offset.metadata.max.bytes` is exceeded.
    #[error("the metadata of the offset is too large")]
    OffsetMetadataTooLarge,
    /// The member has to join again.
    #[error("the group is rebalancing")]
    RebalanceInProgress,
    /// The coordinator does not know the member.
    #[error("no such member")]
    UnknownMemberId,
}

impl GroupError {
    /// Kafka's error code.
    #[must_use]
    pub fn code(self) -> ErrorCode {
        match self {
            Self::CoordinatorNotAvailable => ErrorCode::COORDINATOR_NOT_AVAILABLE,
            Self::FencedInstanceId => ErrorCode::FENCED_INSTANCE_ID,
            Self::GroupIdNotFound => ErrorCode::GROUP_ID_NOT_FOUND,
            Self::GroupMaxSizeReached => ErrorCode::GROUP_MAX_SIZE_REACHED,
            Self::GroupSubscribedToTopic => ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC,
            Self::IllegalGeneration => ErrorCode::ILLEGAL_GENERATION,
            Self::InconsistentGroupProtocol => ErrorCode::INCONSISTENT_GROUP_PROTOCOL,
            Self::InvalidGroupId => ErrorCode::INVALID_GROUP_ID,
            Self::InvalidRequest => ErrorCode::INVALID_REQUEST,
            Self::InvalidSessionTimeout => ErrorCode::INVALID_SESSION_TIMEOUT,
            Self::MemberIdRequired => ErrorCode::MEMBER_ID_REQUIRED,
            Self::MetadataTooLarge => ErrorCode::UNKNOWN_SERVER_ERROR,
            Self::NonEmptyGroup => ErrorCode::NON_EMPTY_GROUP,
            Self::NotCoordinator => ErrorCode::NOT_COORDINATOR,
            Self::OffsetMetadataTooLarge => ErrorCode::OFFSET_METADATA_TOO_LARGE,
            Self::RebalanceInProgress => ErrorCode::REBALANCE_IN_PROGRESS,
            Self::UnknownMemberId => ErrorCode::UNKNOWN_MEMBER_ID,
        }
    }
}
