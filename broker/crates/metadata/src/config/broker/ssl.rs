//! TLS.

use crate::config::define::{def, null, reason};
use crate::config::{ConfigDef, ConfigType, Validator};

pub(in crate::config) const DEFINITIONS: &[ConfigDef] = &[
    def(
        "ssl.allow.dn.changes",
        ConfigType::Boolean,
        "false",
        "Whether a new certificate may have another distinguished name.",
    )
    .low()
    .inert(reason::TLS),
    def(
        "ssl.allow.san.changes",
        ConfigType::Boolean,
        "false",
        "Whether a new certificate may have other alternative names.",
    )
    .low()
    .inert(reason::TLS),
    def("ssl.cipher.suites", ConfigType::List, "", "Cipher suites that are offered.")
        .per_broker()
        .inert(reason::TLS),
    def("ssl.client.auth", ConfigType::String, "none", "Whether clients must show a certificate.")
        .check(Validator::OneOf(&["required", "requested", "none"]))
        .per_broker()
        .default_only(reason::TLS),
    def(
        "ssl.enabled.protocols",
        ConfigType::List,
        "TLSv1.2,TLSv1.3",
        "TLS versions that are offered.",
    )
    .per_broker()
    .inert(reason::TLS),
    def(
        "ssl.endpoint.identification.algorithm",
        ConfigType::String,
        "https",
        "How host names are checked.",
    )
    .low()
    .per_broker()
    .inert(reason::TLS),
    null("ssl.engine.factory.class", ConfigType::Class, "Java class that makes TLS engines.")
        .low()
        .per_broker()
        .default_only(reason::JVM),
    null("ssl.key.password", ConfigType::Password, "Password of the private key.")
        .per_broker()
        .default_only(reason::TLS),
    def("ssl.keymanager.algorithm", ConfigType::String, "SunX509", "Java key manager algorithm.")
        .per_broker()
        .inert(reason::TLS),
    null("ssl.keystore.certificate.chain", ConfigType::Password, "Certificate chain, PEM.")
        .per_broker()
        .default_only(reason::TLS),
    null("ssl.keystore.key", ConfigType::Password, "Private key, PEM.")
        .per_broker()
        .default_only(reason::TLS),
    null("ssl.keystore.location", ConfigType::String, "File with key and certificate.")
        .per_broker()
        .default_only(reason::TLS),
    null("ssl.keystore.password", ConfigType::Password, "Password of that file.")
        .per_broker()
        .default_only(reason::TLS),
    def("ssl.keystore.type", ConfigType::String, "JKS", "Format of that file.")
        .per_broker()
        .inert(reason::TLS),
    def(
        "ssl.principal.mapping.rules",
        ConfigType::String,
        "DEFAULT",
        "Rules that turn distinguished names into user names.",
    )
    .low()
    .inert(reason::TLS),
    def("ssl.protocol", ConfigType::String, "TLSv1.3", "TLS version of the Java context.")
        .per_broker()
        .inert(reason::TLS),
    null("ssl.provider", ConfigType::String, "Java security provider.")
        .per_broker()
        .default_only(reason::JVM),
    null("ssl.secure.random.implementation", ConfigType::String, "Java random generator.")
        .low()
        .per_broker()
        .default_only(reason::JVM),
    def("ssl.trustmanager.algorithm", ConfigType::String, "PKIX", "Java trust manager algorithm.")
        .per_broker()
        .inert(reason::TLS),
    null("ssl.truststore.certificates", ConfigType::Password, "Trusted certificates, PEM.")
        .per_broker()
        .default_only(reason::TLS),
    null("ssl.truststore.location", ConfigType::String, "File with trusted certificates.")
        .per_broker()
        .default_only(reason::TLS),
    null("ssl.truststore.password", ConfigType::Password, "Password of that file.")
        .per_broker()
        .default_only(reason::TLS),
    def("ssl.truststore.type", ConfigType::String, "JKS", "Format of that file.")
        .per_broker()
        .inert(reason::TLS),
];
