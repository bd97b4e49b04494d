//! What is built or fetched once and kept outside the checkout, found by the hash of what it was
//! made from.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::failure::{Context, Result};

/// The root of the cache: `$XDG_CACHE_HOME/barnabas`, or `~/.cache/barnabas`.
pub fn root() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_else(|| "/root".into()));
    std::env::var_os("XDG_CACHE_HOME")
        .filter(|value| !value.is_empty())
        .map_or_else(|| home().join(".cache"), PathBuf::from)
        .join("barnabas")
}

/// The folder `NAME-HASH` of the cache. `make` fills it on the first call, in a folder beside it
/// that is renamed when it is complete, so that an interrupted build leaves nothing behind.
///
/// # Errors
/// When `make` fails or the folder cannot be written.
pub fn folder(
    name: &str,
    made_from: &[&[u8]],
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let complete = root().join(format!("{name}-{}", hash(made_from)));
    if complete.exists() {
        return Ok(complete);
    }
    let partial = root().join(format!(".{name}-{}", std::process::id()));
    if partial.exists() {
        fs::remove_dir_all(&partial)?;
    }
    fs::create_dir_all(&partial).context(partial.display())?;
    make(&partial).context(format!("preparing {name}"))?;
    match fs::rename(&partial, &complete) {
        // Another run may have been faster: its folder holds the same.
        Err(_) if complete.exists() => fs::remove_dir_all(&partial)?,
        renamed => renamed.context(complete.display())?,
    }
    Ok(complete)
}

/// Sixteen hexadecimal digits for this content.
pub fn hash(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
