//! Writes the CustomResourceDefinitions to `manifests/crds/` and to the Helm chart.
//!
//! `crdgen` writes; `crdgen --check` says which files differ and exits 1.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::ResourceExt;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let check = std::env::args().any(|argument| argument == "--check");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut drifted = false;
    for crd in barnabas_crds::definitions() {
        for (path, text) in files(&root, &crd)? {
            if fs::read_to_string(&path).is_ok_and(|found| found == text) {
                continue;
            }
            if check {
                drifted = true;
                println!(
                    "{} differs: run `cargo run -p barnabas-crds --bin crdgen`",
                    path.display()
                );
            } else {
                fs::create_dir_all(path.parent().unwrap_or(&root))?;
                fs::write(&path, text)?;
                println!("wrote {}", path.display());
            }
        }
    }
    Ok(if drifted { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The files that hold a definition: plain, and as a template that Helm can leave out or keep.
fn files(
    root: &Path,
    crd: &CustomResourceDefinition,
) -> Result<[(PathBuf, String); 2], serde_yaml::Error> {
    let name = &crd.spec.names.plural;
    let yaml = serde_yaml::to_string(crd)?;
    debug_assert!(!crd.name_any().is_empty());
    Ok([
        (root.join(format!("manifests/crds/{name}.yaml")), yaml.clone()),
        (
            root.join(format!("charts/barnabas-operator/templates/crds/{name}.yaml")),
            template(&yaml),
        ),
    ])
}

fn template(yaml: &str) -> String {
    let annotated = yaml.replacen(
        "metadata:\n",
        "metadata:\n  annotations:\n    helm.sh/resource-policy: keep\n",
        1,
    );
    format!("{{{{- if .Values.crds.enabled }}}}\n{annotated}{{{{- end }}}}\n")
}
