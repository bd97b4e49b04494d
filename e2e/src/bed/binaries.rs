//! Kubernetes itself, CoreDNS and helm: built from their Go modules once.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Context, Result};
use crate::{cache, program, progress};

const MAIN: &[u8] = include_bytes!("../../kubernetes/main.go");
const MODULE: &[u8] = include_bytes!("../../kubernetes/go.mod");
const SUMS: &[u8] = include_bytes!("../../kubernetes/go.sum");
const VERSION: &str = "v1.34.4";

/// What the multi-call binary is called as.
const NAMES: &[&str] = &[
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubectl",
    "coredns",
];

/// The folder that holds the programs, built if they are not in the cache.
///
/// # Errors
/// When Go is missing or the build fails.
pub fn folder() -> Result<PathBuf> {
    cache::folder("kubernetes", &[MAIN, MODULE, SUMS], build)
}

fn build(folder: &Path) -> Result<()> {
    let source = folder.join("source");
    fs::create_dir_all(&source)?;
    for (name, content) in [("main.go", MAIN), ("go.mod", MODULE), ("go.sum", SUMS)] {
        fs::write(source.join(name), content)?;
    }
    let version = "-X k8s.io/component-base/version";
    let kubernetes =
        format!("-s -w {version}.gitVersion={VERSION} {version}.gitMajor=1 {version}.gitMinor=34");
    progress::step(&format!("build Kubernetes {VERSION} (once, about 4 minutes)"), || {
        go_build(&source, &folder.join("kubernetes"), &kubernetes, ".")
    })?;
    progress::step("build helm (once)", || {
        go_build(&source, &folder.join("helm"), "-s -w", "helm.sh/helm/v3/cmd/helm")
    })?;
    for name in NAMES {
        symlink("kubernetes", folder.join(name)).context(*name)?;
    }
    Ok(())
}

fn go_build(source: &Path, target: &Path, link: &str, package: &str) -> Result<()> {
    let mut go = Command::new("go");
    go.current_dir(source)
        .env("CGO_ENABLED", "0")
        .args(["build", "-trimpath", "-tags", "providerless", "-ldflags", link, "-o"])
        .arg(target)
        .arg(package);
    program::output(&mut go).map(|_| ())
}
