//! Container images without Docker: a docker-archive written from a few static files.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde_json::json;
use sha2::{Digest, Sha256};
use tar::{Builder, Header};

use crate::failure::{Context, Result};

/// The image of every pod's sandbox.
pub const PAUSE: &str = "localhost/pause:1";

/// An image for looking around from inside the cluster.
pub const BUSYBOX: &str = "localhost/busybox:1";

/// A file of an image.
pub struct Entry {
    /// Where it is in the image, without a leading slash.
    pub path: String,
    /// Where it is on this machine.
    pub from: PathBuf,
}

/// What an image is made of.
pub struct Image {
    /// Name and tag.
    pub name: String,
    /// Its only layer.
    pub entries: Vec<Entry>,
    /// The entry point.
    pub entrypoint: Vec<String>,
    /// The user that processes run as.
    pub user: String,
}

impl Image {
    /// The image of one static binary, as the `Dockerfile` beside its sources makes it.
    pub fn of_binary(name: &str, binary: &Path, path: &str) -> Self {
        Self {
            name: name.to_owned(),
            entries: vec![Entry { path: path.to_owned(), from: binary.to_owned() }],
            entrypoint: vec![format!("/{path}")],
            user: "65532:65532".to_owned(),
        }
    }

    /// The sandbox of a pod: it only has to stay.
    pub fn pause() -> Self {
        let mut image = Self::busybox();
        image.name = PAUSE.to_owned();
        image.entrypoint = ["/bin/busybox", "sleep", "2147483647"].map(str::to_owned).into();
        image
    }

    /// Busybox with its applets reached as `/bin/busybox APPLET`.
    pub fn busybox() -> Self {
        let mut image = Self::of_binary(BUSYBOX, Path::new("/bin/busybox"), "bin/busybox");
        image.user = "0:0".to_owned();
        image
    }

    /// Writes the archive. The same content gives the same bytes.
    ///
    /// # Errors
    /// When a file cannot be read or the archive not written.
    pub fn write(&self, archive: &Path) -> Result<()> {
        let layer = self.layer()?;
        let layer_hash = hex(&Sha256::digest(&layer));
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {"Entrypoint": self.entrypoint, "User": self.user, "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{layer_hash}")]},
            "history": [{"created": "1970-01-01T00:00:00Z"}],
        })
        .to_string();
        let config_name = format!("{}.json", hex(&Sha256::digest(&config)));
        let layer_name = format!("{layer_hash}/layer.tar");
        let manifest = json!([{
            "Config": config_name,
            "RepoTags": [self.name],
            "Layers": [layer_name],
        }])
        .to_string();
        let file = File::create(archive).context(archive.display())?;
        let mut builder = Builder::new(file);
        append(&mut builder, &config_name, 0o644, config.as_bytes())?;
        append(&mut builder, &layer_name, 0o644, &layer)?;
        append(&mut builder, "manifest.json", 0o644, manifest.as_bytes())?;
        builder.into_inner()?;
        Ok(())
    }

    fn layer(&self) -> Result<Vec<u8>> {
        let mut builder = Builder::new(Vec::new());
        let mut folders: Vec<String> = vec!["tmp".to_owned()];
        for entry in &self.entries {
            if let Some((folder, _)) = entry.path.rsplit_once('/') {
                folders.push(folder.to_owned());
            }
        }
        folders.sort();
        folders.dedup();
        for folder in folders {
            let mode = if folder == "tmp" { 0o1777 } else { 0o755 };
            let mut header = header(mode, 0);
            header.set_entry_type(tar::EntryType::Directory);
            builder.append_data(&mut header, format!("{folder}/"), std::io::empty())?;
        }
        for entry in &self.entries {
            let content = std::fs::read(&entry.from).context(entry.from.display())?;
            append(&mut builder, &entry.path, 0o755, &content)?;
        }
        Ok(builder.into_inner()?)
    }
}

fn append<W: std::io::Write>(
    builder: &mut Builder<W>,
    path: &str,
    mode: u32,
    content: &[u8],
) -> Result<()> {
    let mut header = header(mode, content.len() as u64);
    builder.append_data(&mut header, path, content)?;
    Ok(())
}

fn header(mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
