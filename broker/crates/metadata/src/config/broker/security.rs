//! Authorization, policies and tokens.

use crate::config::define::{def, null, reason};
use crate::config::{ConfigDef, ConfigType};

pub(in crate::config) const DEFINITIONS: &[ConfigDef] = &[
    def(
        "allow.everyone.if.no.acl.found",
        ConfigType::Boolean,
        "false",
        "Whether a resource without ACLs is open to everyone.",
    )
    .internal()
    .default_only(reason::ACL),
    null(
        "alter.config.policy.class.name",
        ConfigType::Class,
        "Java class that vets config changes.",
    )
    .low()
    .default_only(reason::JVM),
    def("authorizer.class.name", ConfigType::String, "", "Authorizer; empty allows everyone.")
        .low()
        .default_only(reason::ACL),
    null("create.topic.policy.class.name", ConfigType::Class, "Java class that vets new topics.")
        .low()
        .default_only(reason::JVM),
    def(
        "delegation.token.expiry.check.interval.ms",
        ConfigType::Long,
        "3600000",
        "Time between two looks for expired tokens, ms.",
    )
    .at_least(1)
    .low()
    .inert(reason::TOKEN),
    def(
        "delegation.token.expiry.time.ms",
        ConfigType::Long,
        "86400000",
        "Time after which a token must be renewed, ms.",
    )
    .at_least(1)
    .inert(reason::TOKEN),
    def(
        "delegation.token.max.lifetime.ms",
        ConfigType::Long,
        "604800000",
        "Longest life of a token, ms.",
    )
    .at_least(1)
    .inert(reason::TOKEN),
    null("delegation.token.secret.key", ConfigType::Password, "Secret that signs tokens.")
        .default_only(reason::TOKEN),
    def(
        "principal.builder.class",
        ConfigType::Class,
        "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder",
        "Java class that builds principals.",
    )
    .per_broker()
    .default_only(reason::JVM),
    null("security.providers", ConfigType::String, "Java security providers.")
        .low()
        .default_only(reason::JVM),
    def(
        "super.users",
        ConfigType::String,
        "",
        "Principals that may do everything, separated by semicolons.",
    )
    .internal()
    .default_only(reason::ACL),
];
