//! The Debian packages of a node, installed by the bed itself when they are missing.

use std::process::Command;

use crate::failure::{Failure, Result};
use crate::{program, progress};

/// Programs that show that a package is there, with the package.
const NODE: &[(&str, &str)] = &[
    ("etcd", "etcd-server"),
    ("containerd", "containerd"),
    ("runc", "runc"),
    ("iptables", "iptables"),
    ("conntrack", "conntrack"),
    ("ip", "iproute2"),
    ("nsenter", "util-linux"),
    ("mount", "mount"),
    ("busybox", "busybox-static"),
];

/// The CNI plugins have no program on the path.
const CNI: (&str, &str) = ("/usr/lib/cni/bridge", "containernetworking-plugins");

/// Installs what a bed needs and this machine lacks.
///
/// # Errors
/// When something is missing and cannot be installed.
pub fn ensure_node() -> Result<()> {
    let mut missing = missing(NODE);
    if !std::path::Path::new(CNI.0).exists() {
        missing.push(CNI.1);
    }
    install(&missing)
}

/// Installs the packages of those programs that this machine lacks.
///
/// # Errors
/// When something is missing and cannot be installed.
pub fn ensure(programs: &[(&str, &'static str)]) -> Result<()> {
    install(&missing(programs))
}

fn missing(programs: &[(&str, &'static str)]) -> Vec<&'static str> {
    programs
        .iter()
        .filter(|(program, _)| !program::exists(program))
        .map(|(_, package)| *package)
        .collect()
}

fn install(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    if !program::exists("apt-get") {
        return Err(Failure::new(format!(
            "this machine lacks {}: install the packages of these names",
            packages.join(", ")
        )));
    }
    progress::step(&format!("install {}", packages.join(" ")), || {
        if apt_install(packages).is_ok() {
            return Ok(());
        }
        // The lists of packages may be missing or too old to name what the mirror has.
        program::output(&mut apt(&["update"]))?;
        apt_install(packages)
    })
}

fn apt_install(packages: &[&str]) -> Result<()> {
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(packages);
    program::output(&mut apt(&arguments)).map(|_| ())
}

fn apt(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    // A daemon that the package would start is not wanted: each bed starts its own.
    command
        .args(["-q", "-o", "DPkg::Lock::Timeout=300"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("RUNLEVEL", "1");
    command
}
