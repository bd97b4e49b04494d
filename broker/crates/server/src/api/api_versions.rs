//! ApiVersions: what this listener serves, and the cluster's features (KIP-35, KIP-511, KIP-584).

use std::sync::Arc;

use barnabas_metadata::feature::{FEATURES, KRAFT_VERSION, METADATA_VERSION, MetadataVersion};
use barnabas_wire::api::api_versions::{
    ApiVersion, ApiVersionsRequest, ApiVersionsResponse, FinalizedFeatureKey, SupportedFeatureKey,
};
use barnabas_wire::{ApiKey, ErrorCode};

use super::{ROUTES, RequestContext};
use crate::node::Node;

/// The lowest Produce version to advertise, although 0 to 2 are refused: librdkafka takes a
/// higher one for a sign that the broker knows no compression (KAFKA-18659).
const PRODUCE_MIN_ADVERTISED: i16 = 0;
/// From this version on, clients can read features that may be at level 0 (KAFKA-17011).
const ZERO_LEVELS_SINCE: i16 = 4;
/// Highest level of `kraft.version`; the quorum knows which is in force.
const KRAFT_VERSION_MAX: i16 = 1;

/// Longest client software name or version, in bytes; both end up in logs and metrics.
const MAX_SOFTWARE_LEN: usize = 255;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: ApiVersionsRequest,
) -> ApiVersionsResponse {
    if ctx.version >= 3
        && !(is_software(&request.client_software_name)
            && is_software(&request.client_software_version))
    {
        return ApiVersionsResponse {
            error_code: ErrorCode::INVALID_REQUEST,
            ..ApiVersionsResponse::default()
        };
    }
    let image = node.image.load();
    let kraft_version = node.controller.get().map_or(0, |link| link.quorum_state().kraft_version);
    let kraft = (kraft_version > 0).then_some((KRAFT_VERSION, kraft_version));
    let zero_levels = ctx.version >= ZERO_LEVELS_SINCE;
    let finalized_features = image
        .features
        .iter()
        .chain(kraft)
        .map(|(name, level)| FinalizedFeatureKey {
            name: name.to_owned(),
            max_version_level: level,
            min_version_level: level,
        })
        .collect();
    ApiVersionsResponse {
        error_code: ErrorCode::NONE,
        api_keys: api_keys(ctx),
        throttle_time_ms: 0,
        supported_features: supported_features(zero_levels),
        finalized_features_epoch: image.provenance.offset,
        finalized_features,
        zk_migration_ready: false,
    }
}

/// The answer to a version that is not known: in version 0, which every client reads, so that it
/// can try again with one of the listed ones (KIP-511).
pub(super) fn unsupported(_: &Arc<Node>, ctx: &RequestContext) -> ApiVersionsResponse {
    let mut api_keys = api_keys(ctx);
    api_keys.retain(|api| api.api_key == ApiKey::ApiVersions as i16);
    ApiVersionsResponse {
        error_code: ErrorCode::UNSUPPORTED_VERSION,
        api_keys,
        ..ApiVersionsResponse::default()
    }
}

fn api_keys(ctx: &RequestContext) -> Vec<ApiVersion> {
    ROUTES
        .iter()
        .filter(|route| route.is_served_on(ctx.connection.role))
        .map(|route| {
            let versions = route.versions();
            let is_produce = route.key() == ApiKey::Produce;
            ApiVersion {
                api_key: route.key() as i16,
                min_version: if is_produce { PRODUCE_MIN_ADVERTISED } else { versions.min },
                max_version: versions.max,
            }
        })
        .collect()
}

fn supported_features(zero_levels: bool) -> Vec<SupportedFeatureKey> {
    let metadata = (
        METADATA_VERSION,
        MetadataVersion::OLDEST.level(),
        MetadataVersion::LATEST_PRODUCTION.level(),
    );
    let kraft = (KRAFT_VERSION, 0, KRAFT_VERSION_MAX);
    FEATURES
        .iter()
        .map(|feature| (feature.name, feature.min_level, feature.max_level))
        .chain([kraft, metadata])
        .filter(|(_, min, _)| zero_levels || *min > 0)
        .map(|(name, min_version, max_version)| SupportedFeatureKey {
            name: name.to_owned(),
            min_version,
            max_version,
        })
        .collect()
}

/// KIP-511: letters, digits, `.` and `-`, neither of the last two at an end.
fn is_software(text: &str) -> bool {
    let alphanumeric = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= MAX_SOFTWARE_LEN
        && alphanumeric(bytes.first())
        && alphanumeric(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(byte))
}
