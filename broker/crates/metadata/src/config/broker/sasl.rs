//! SASL.

use crate::config::define::{def, null, reason};
use crate::config::{ConfigDef, ConfigType, Validator};

pub(in crate::config) const DEFINITIONS: &[ConfigDef] = &[
    null(
        "sasl.client.callback.handler.class",
        ConfigType::Class,
        "Java class of client callbacks.",
    )
    .default_only(reason::JVM),
    def(
        "sasl.enabled.mechanisms",
        ConfigType::List,
        "GSSAPI",
        "SASL mechanisms that clients may use.",
    )
    .per_broker()
    .default_only(reason::SASL),
    null("sasl.jaas.config", ConfigType::Password, "JAAS login context.")
        .per_broker()
        .default_only(reason::SASL),
    def("sasl.kerberos.kinit.cmd", ConfigType::String, "/usr/bin/kinit", "Path of kinit.")
        .per_broker()
        .inert(reason::SASL),
    def(
        "sasl.kerberos.min.time.before.relogin",
        ConfigType::Long,
        "60000",
        "Shortest time between two logins, ms.",
    )
    .per_broker()
    .inert(reason::SASL),
    def(
        "sasl.kerberos.principal.to.local.rules",
        ConfigType::List,
        "DEFAULT",
        "Rules that shorten Kerberos principals.",
    )
    .per_broker()
    .inert(reason::SASL),
    null("sasl.kerberos.service.name", ConfigType::String, "Kerberos service name.")
        .per_broker()
        .inert(reason::SASL),
    def(
        "sasl.kerberos.ticket.renew.jitter",
        ConfigType::Double,
        "0.05",
        "Random part of the renewal time.",
    )
    .per_broker()
    .inert(reason::SASL),
    def(
        "sasl.kerberos.ticket.renew.window.factor",
        ConfigType::Double,
        "0.8",
        "Share of a ticket's life after which it is renewed.",
    )
    .per_broker()
    .inert(reason::SASL),
    null("sasl.login.callback.handler.class", ConfigType::Class, "Java class of login callbacks.")
        .default_only(reason::JVM),
    null("sasl.login.class", ConfigType::Class, "Java class of the login.")
        .default_only(reason::JVM),
    null(
        "sasl.login.connect.timeout.ms",
        ConfigType::Int,
        "Longest wait for a connection to the provider, ms.",
    )
    .low()
    .inert(reason::SASL),
    null(
        "sasl.login.read.timeout.ms",
        ConfigType::Int,
        "Longest wait for an answer of the provider, ms.",
    )
    .low()
    .inert(reason::SASL),
    def(
        "sasl.login.refresh.buffer.seconds",
        ConfigType::Short,
        "300",
        "Time before expiry that a credential is refreshed, s.",
    )
    .per_broker()
    .inert(reason::SASL),
    def(
        "sasl.login.refresh.min.period.seconds",
        ConfigType::Short,
        "60",
        "Shortest time between two refreshes, s.",
    )
    .per_broker()
    .inert(reason::SASL),
    def(
        "sasl.login.refresh.window.factor",
        ConfigType::Double,
        "0.8",
        "Share of a credential's life after which it is refreshed.",
    )
    .per_broker()
    .inert(reason::SASL),
    def(
        "sasl.login.refresh.window.jitter",
        ConfigType::Double,
        "0.05",
        "Random part of the refresh time.",
    )
    .per_broker()
    .inert(reason::SASL),
    def(
        "sasl.login.retry.backoff.max.ms",
        ConfigType::Long,
        "10000",
        "Longest pause between two tries to log in, ms.",
    )
    .low()
    .inert(reason::SASL),
    def(
        "sasl.login.retry.backoff.ms",
        ConfigType::Long,
        "100",
        "First pause between two tries to log in, ms.",
    )
    .low()
    .inert(reason::SASL),
    def(
        "sasl.mechanism.controller.protocol",
        ConfigType::String,
        "GSSAPI",
        "SASL mechanism to reach controllers.",
    )
    .high()
    .inert(reason::SASL),
    def(
        "sasl.mechanism.inter.broker.protocol",
        ConfigType::String,
        "GSSAPI",
        "SASL mechanism to reach brokers.",
    )
    .per_broker()
    .inert(reason::SASL),
    def(
        "sasl.oauthbearer.assertion.algorithm",
        ConfigType::String,
        "RS256",
        "Algorithm that signs assertions.",
    )
    .check(Validator::OneOfIgnoreCase(&["ES256", "RS256"]))
    .inert(reason::SASL),
    null("sasl.oauthbearer.assertion.claim.aud", ConfigType::String, "Audience of assertions.")
        .inert(reason::SASL),
    def(
        "sasl.oauthbearer.assertion.claim.exp.seconds",
        ConfigType::Int,
        "300",
        "Life of assertions, s.",
    )
    .between(0, 86_400)
    .low()
    .inert(reason::SASL),
    null("sasl.oauthbearer.assertion.claim.iss", ConfigType::String, "Issuer of assertions.")
        .inert(reason::SASL),
    def(
        "sasl.oauthbearer.assertion.claim.jti.include",
        ConfigType::Boolean,
        "false",
        "Whether assertions have an id.",
    )
    .inert(reason::SASL),
    def(
        "sasl.oauthbearer.assertion.claim.nbf.seconds",
        ConfigType::Int,
        "60",
        "How far assertions are valid in the past, s.",
    )
    .between(0, 3600)
    .low()
    .inert(reason::SASL),
    null("sasl.oauthbearer.assertion.claim.sub", ConfigType::String, "Subject of assertions.")
        .inert(reason::SASL),
    null("sasl.oauthbearer.assertion.file", ConfigType::String, "File with a ready assertion.")
        .inert(reason::SASL),
    null(
        "sasl.oauthbearer.assertion.private.key.file",
        ConfigType::String,
        "Key that signs assertions.",
    )
    .inert(reason::SASL),
    null(
        "sasl.oauthbearer.assertion.private.key.passphrase",
        ConfigType::Password,
        "Passphrase of that key.",
    )
    .inert(reason::SASL),
    null("sasl.oauthbearer.assertion.template.file", ConfigType::String, "Template of assertions.")
        .inert(reason::SASL),
    null("sasl.oauthbearer.client.credentials.client.id", ConfigType::String, "OAuth client id.")
        .inert(reason::SASL),
    null(
        "sasl.oauthbearer.client.credentials.client.secret",
        ConfigType::Password,
        "OAuth client secret.",
    )
    .inert(reason::SASL),
    def(
        "sasl.oauthbearer.clock.skew.seconds",
        ConfigType::Int,
        "30",
        "Clock difference that is tolerated, s.",
    )
    .low()
    .inert(reason::SASL),
    def(
        "sasl.oauthbearer.expected.audience",
        ConfigType::List,
        "",
        "Audiences that a token may name.",
    )
    .high()
    .inert(reason::SASL),
    null("sasl.oauthbearer.expected.issuer", ConfigType::String, "Issuer that a token must name.")
        .high()
        .inert(reason::SASL),
    def(
        "sasl.oauthbearer.jwks.endpoint.refresh.ms",
        ConfigType::Long,
        "3600000",
        "Time between two refreshes of the keys, ms.",
    )
    .low()
    .inert(reason::SASL),
    def(
        "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms",
        ConfigType::Long,
        "10000",
        "Longest pause after a failed refresh, ms.",
    )
    .low()
    .inert(reason::SASL),
    def(
        "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms",
        ConfigType::Long,
        "100",
        "First pause after a failed refresh, ms.",
    )
    .low()
    .inert(reason::SASL),
    null("sasl.oauthbearer.jwks.endpoint.url", ConfigType::String, "Where the keys are.")
        .inert(reason::SASL),
    def(
        "sasl.oauthbearer.jwt.retriever.class",
        ConfigType::Class,
        "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever",
        "Java class that gets tokens.",
    )
    .default_only(reason::JVM),
    def(
        "sasl.oauthbearer.jwt.validator.class",
        ConfigType::Class,
        "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator",
        "Java class that checks tokens.",
    )
    .default_only(reason::JVM),
    null("sasl.oauthbearer.scope", ConfigType::String, "OAuth scope.").inert(reason::SASL),
    def(
        "sasl.oauthbearer.scope.claim.name",
        ConfigType::String,
        "scope",
        "Claim that holds the scope.",
    )
    .low()
    .inert(reason::SASL),
    def(
        "sasl.oauthbearer.sub.claim.name",
        ConfigType::String,
        "sub",
        "Claim that holds the subject.",
    )
    .low()
    .inert(reason::SASL),
    null("sasl.oauthbearer.token.endpoint.url", ConfigType::String, "Where tokens are issued.")
        .inert(reason::SASL),
    null(
        "sasl.server.callback.handler.class",
        ConfigType::Class,
        "Java class of server callbacks.",
    )
    .default_only(reason::JVM),
    def(
        "sasl.server.max.receive.size",
        ConfigType::Int,
        "524288",
        "Largest message of an authentication, bytes.",
    )
    .inert(reason::SASL),
];
