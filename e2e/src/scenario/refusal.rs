//! Bad manifests are refused with a message that says what to do: nearly all at apply, the rest in
//! the status within seconds.

use std::fs;

use crate::failure::{Context, Result};
use crate::scenario::stage::Stage;
use crate::{ensure, repository};

/// The share of bad manifests that the API server itself has to refuse.
const AT_APPLY_MIN: f64 = 0.95;

/// Each file of the corpus starts with the part of the message that it expects. A file with two
/// documents is an update: the first is accepted, the second refused.
pub fn run(stage: &Stage<'_>) -> Result<()> {
    let mut files: Vec<_> = fs::read_dir(repository().join("crds/tests/bad"))?
        .collect::<std::io::Result<Vec<_>>>()?
        .into_iter()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    ensure!(files.len() >= 60, "the corpus has only {} manifests", files.len());
    let mut accepted = Vec::new();
    let mut unclear = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file)?;
        let (first, rest) = text.split_once('\n').context("an empty manifest")?;
        let expected = first.strip_prefix("# refused: ").context("no expected message")?;
        let name = file.display().to_string();
        let documents: Vec<&str> = rest.split("\n---\n").collect();
        if let [before, _] = documents.as_slice() {
            stage.apply(before).context(&name)?;
        }
        let bad = documents.last().context("no document")?;
        match stage.apply(bad) {
            Ok(()) => accepted.push(name),
            Err(error) if !error.to_string().contains(expected) => {
                unclear.push(format!("{name}: {error}"));
            }
            Err(_) => {}
        }
        if documents.len() > 1 {
            // The next update begins with an object of its own, perhaps of the same name.
            stage.kubectl(&["delete", "kafkaclusters,kafkatopics", "--all", "--timeout=60s"])?;
        }
    }
    stage.say(&format!("{} of {} refused at apply", files.len() - accepted.len(), files.len()));
    ensure!(unclear.is_empty(), "refused with another message:\n{}", unclear.join("\n"));
    #[expect(clippy::cast_precision_loss, reason = "hundreds")]
    let share = (files.len() - accepted.len()) as f64 / files.len() as f64;
    ensure!(share >= AT_APPLY_MIN, "accepted:\n{}", accepted.join("\n"));
    Ok(())
}
