//! The seam to access control (`org.apache.kafka.server.authorizer.Authorizer`).

use std::fmt::Debug;

use crate::net::ConnectionContext;

/// What is done to a resource (`AclOperation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Change it.
    Alter,
    /// Change its configuration.
    AlterConfigs,
    /// What only brokers do.
    ClusterAction,
    /// Make a new one.
    Create,
    /// Remove it.
    Delete,
    /// Look at it.
    Describe,
    /// Look at its configuration.
    DescribeConfigs,
    /// Produce idempotently.
    IdempotentWrite,
    /// Read it.
    Read,
    /// Write it.
    Write,
}

impl Operation {
    /// Every operation, by ascending [`Operation::code`].
    pub const ALL: [Self; 10] = [
        Self::Read,
        Self::Write,
        Self::Create,
        Self::Delete,
        Self::Alter,
        Self::Describe,
        Self::ClusterAction,
        Self::DescribeConfigs,
        Self::AlterConfigs,
        Self::IdempotentWrite,
    ];

    /// The number in requests and in the bit field of authorized operations.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Read => 3,
            Self::Write => 4,
            Self::Create => 5,
            Self::Delete => 6,
            Self::Alter => 7,
            Self::Describe => 8,
            Self::ClusterAction => 9,
            Self::DescribeConfigs => 10,
            Self::AlterConfigs => 11,
            Self::IdempotentWrite => 12,
        }
    }
}

/// What something is done to (`ResourcePattern` of type literal).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// The cluster as a whole.
    Cluster,
    /// A consumer, share or streams group.
    Group(&'a str),
    /// A topic.
    Topic(&'a str),
    /// A transactional id.
    TransactionalId(&'a str),
}

impl Resource<'_> {
    /// Operations that make sense for this kind of resource (`AclEntry.supportedOperations`).
    #[must_use]
    pub fn operations(self) -> &'static [Operation] {
        use Operation::{
            Alter, AlterConfigs, ClusterAction, Create, Delete, Describe, DescribeConfigs,
            IdempotentWrite, Read, Write,
        };
        match self {
            Self::Cluster => &[
                Create,
                Alter,
                Describe,
                ClusterAction,
                DescribeConfigs,
                AlterConfigs,
                IdempotentWrite,
            ],
            Self::Group(_) => &[Read, Delete, Describe, DescribeConfigs, AlterConfigs],
            Self::Topic(_) => {
                &[Read, Write, Create, Delete, Alter, Describe, DescribeConfigs, AlterConfigs]
            }
            Self::TransactionalId(_) => &[Write, Describe],
        }
    }
}

/// Decides who may do what. Handlers ask it for every resource that a request names.
pub trait Authorizer: Debug + Send + Sync {
    /// Whether the connection may do `operation` to `resource`.
    fn allows(
        &self,
        connection: &ConnectionContext,
        operation: Operation,
        resource: Resource<'_>,
    ) -> bool;
}

/// No access control: Kafka without `authorizer.class.name`.
#[derive(Clone, Copy, Debug)]
pub struct AllowAll;

impl Authorizer for AllowAll {
    fn allows(&self, _: &ConnectionContext, _: Operation, _: Resource<'_>) -> bool {
        true
    }
}
