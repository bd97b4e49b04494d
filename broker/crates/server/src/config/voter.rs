//! `controller.quorum.voters` and `controller.quorum.bootstrap.servers`.

use super::error::SettingsError;
use super::settings::Settings;

/// A static voter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voter {
    /// Node id.
    pub id: i32,
    /// Host.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// Parses `controller.quorum.voters`: `id@host:port`, each id once.
///
/// # Errors
/// [`SettingsError::Invalid`].
pub fn parse_voters(settings: &Settings) -> Result<Vec<Voter>, SettingsError> {
    let name = "controller.quorum.voters";
    let mut voters: Vec<Voter> = Vec::new();
    for text in settings.list(name)? {
        let voter = voter(&text).ok_or_else(|| {
            SettingsError::invalid(name, format!("{text}: expected id@host:port"))
        })?;
        if voters.iter().any(|known| known.id == voter.id) {
            let reason = format!("{} is given twice: each voter has an id of its own", voter.id);
            return Err(SettingsError::invalid(name, reason));
        }
        voters.push(voter);
    }
    Ok(voters)
}

/// Parses `host:port` addresses of `controller.quorum.bootstrap.servers`.
pub(super) fn parse_servers(settings: &Settings) -> Result<Vec<(String, u16)>, SettingsError> {
    let name = "controller.quorum.bootstrap.servers";
    let servers = settings.list(name)?;
    let parsed = servers.iter().map(|text| {
        address(text)
            .ok_or_else(|| SettingsError::invalid(name, format!("{text}: expected host:port")))
    });
    parsed.collect()
}

fn voter(text: &str) -> Option<Voter> {
    let (id, rest) = text.split_once('@')?;
    let id = id.trim().parse().ok().filter(|id| *id >= 0)?;
    let (host, port) = address(rest)?;
    Some(Voter { id, host, port })
}

fn address(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.trim().rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    let port = port.parse().ok()?;
    (!host.is_empty()).then(|| (host.to_owned(), port))
}
