//! Transactions.

use crate::config::define::{def, reason};
use crate::config::{ConfigDef, ConfigType};

pub(in crate::config) const DEFINITIONS: &[ConfigDef] = &[
    def(
        "add.partitions.to.txn.retry.backoff.max.ms",
        ConfigType::Int,
        "100",
        "Longest time that the broker retries to verify a transaction, ms.",
    )
    .at_least(0)
    .high()
    .default_only(reason::TXN),
    def(
        "add.partitions.to.txn.retry.backoff.ms",
        ConfigType::Int,
        "20",
        "Pause between two tries to verify a transaction, ms.",
    )
    .at_least(1)
    .high()
    .default_only(reason::TXN),
    def(
        "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        ConfigType::Int,
        "10000",
        "Time between two looks for transactions that timed out, ms.",
    )
    .at_least(1)
    .low()
    .default_only(reason::TXN),
    def(
        "transaction.max.timeout.ms",
        ConfigType::Int,
        "900000",
        "Longest timeout that a transaction may ask for, ms.",
    )
    .at_least(1)
    .high()
    .default_only(reason::TXN),
    def(
        "transaction.partition.verification.enable",
        ConfigType::Boolean,
        "true",
        "Whether a partition's leader asks the coordinator about a transaction first.",
    )
    .low()
    .cluster_wide()
    .default_only(reason::TXN),
    def(
        "transaction.remove.expired.transaction.cleanup.interval.ms",
        ConfigType::Int,
        "3600000",
        "Time between two looks for expired transactional ids, ms.",
    )
    .at_least(1)
    .low()
    .default_only(reason::TXN),
    def(
        "transaction.state.log.load.buffer.size",
        ConfigType::Int,
        "5242880",
        "Bytes read at once when transactions are loaded.",
    )
    .at_least(1)
    .high()
    .inert(reason::TXN),
    def(
        "transaction.state.log.min.isr",
        ConfigType::Int,
        "2",
        "`min.insync.replicas` of `__transaction_state`.",
    )
    .at_least(1)
    .high()
    .inert(reason::TXN),
    def(
        "transaction.state.log.num.partitions",
        ConfigType::Int,
        "50",
        "Partitions of `__transaction_state`.",
    )
    .at_least(1)
    .high()
    .inert(reason::TXN),
    def(
        "transaction.state.log.replication.factor",
        ConfigType::Short,
        "3",
        "Replicas of `__transaction_state`.",
    )
    .at_least(1)
    .high()
    .inert(reason::TXN),
    def(
        "transaction.state.log.segment.bytes",
        ConfigType::Int,
        "104857600",
        "Segment size of `__transaction_state`, bytes.",
    )
    .at_least(1)
    .high()
    .inert(reason::TXN),
    def(
        "transaction.two.phase.commit.enable",
        ConfigType::Boolean,
        "false",
        "Whether transactions may be prepared and completed later.",
    )
    .low()
    .default_only(reason::TXN),
    def(
        "transactional.id.expiration.ms",
        ConfigType::Int,
        "604800000",
        "Silence after which a transactional id is forgotten, ms.",
    )
    .at_least(1)
    .high()
    .default_only(reason::TXN),
];
