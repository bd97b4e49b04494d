//! The rack of a broker whose place somebody else knows: whoever placed it writes the rack into a
//! file. In Kubernetes a pod may not ask which node it runs on; the operator writes the node's zone
//! on the pod, which shows as a file.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long the start waits for a rack. A broker without one serves; one that waits does not.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// What the file holds when there is no rack.
const NONE: &str = "-";

/// The rack that the first file with text names, as soon as there is one.
pub(crate) async fn wait(files: &[PathBuf]) -> Option<String> {
    if files.is_empty() {
        return None;
    }
    let give_up = Instant::now() + WAIT_MAX;
    loop {
        if let Some(rack) = written(files) {
            return (rack != NONE).then_some(rack);
        }
        if Instant::now() >= give_up {
            tracing::warn!(?files, "nobody wrote the rack, starting without one");
            return None;
        }
        sleep(LOOK_EVERY).await;
    }
}

fn written(files: &[PathBuf]) -> Option<String> {
    let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    texts.map(|text| text.trim().to_owned()).find(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A file for each text, in a folder that goes with the first value.
    fn files(contents: &[&str]) -> (TempDir, Vec<PathBuf>) {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |(index, text): (usize, &&str)| {
            let file = dir.path().join(index.to_string());
            fs::write(&file, text).expect("a file");
            file
        };
        let files = contents.iter().enumerate().map(write).collect();
        (dir, files)
    }

    async fn rack_of(contents: &[&str]) -> Option<String> {
        let (_dir, files) = files(contents);
        wait(&files).await
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_file_with_text_counts() {
        assert_eq!(rack_of(&["", "zone-b\n"]).await.as_deref(), Some("zone-b"));
        assert_eq!(rack_of(&["zone-a", "zone-b"]).await.as_deref(), Some("zone-a"));
        assert_eq!(rack_of(&["-"]).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_rack_that_comes_late_is_waited_for() {
        let (_dir, files) = files(&[""]);
        let late = files[0].clone();
        tokio::spawn(async move {
            sleep(WAIT_MAX / 2).await;
            fs::write(late, "zone-c").expect("a file");
        });
        assert_eq!(wait(&files).await.as_deref(), Some("zone-c"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_rack_that_never_comes_keeps_no_broker_away() {
        let before = Instant::now();
        assert_eq!(rack_of(&[""]).await, None);
        assert!(before.elapsed() >= WAIT_MAX);
        assert_eq!(wait(&[]).await, None);
    }
}
