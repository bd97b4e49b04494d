//! Where the sources are, and what is built from them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Context, Result};
use crate::{cache, program, progress};

/// The target of the static binaries that go into images.
const MUSL: &str = "x86_64-unknown-linux-musl";

/// The folder of cargo's output, outside the checkout unless `CARGO_TARGET_DIR` says otherwise.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| cache::root().join("target"), PathBuf::from)
}

/// `cargo` in the root of the repository.
pub fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(crate::repository()).env("CARGO_TARGET_DIR", target());
    cargo
}

/// The static release binaries of the broker and the operator.
pub struct Binaries {
    /// `barnabas-broker`.
    pub broker: PathBuf,
    /// `barnabas-operator`.
    pub operator: PathBuf,
}

impl Binaries {
    /// Builds both, unless `BARNABAS_BROKER` and `BARNABAS_OPERATOR` name some.
    ///
    /// # Errors
    /// When the target cannot be installed or the build fails.
    pub fn build() -> Result<Self> {
        let given = |name: &str| std::env::var_os(name).map(PathBuf::from);
        if let (Some(broker), Some(operator)) =
            (given("BARNABAS_BROKER"), given("BARNABAS_OPERATOR"))
        {
            return Ok(Self { broker, operator });
        }
        crate::bed::packages::ensure(&[("musl-gcc", "musl-tools")])?;
        progress::step("build the broker and the operator, static", || {
            build(&["-p", "barnabas-broker", "-p", "barnabas-operator"])
        })?;
        Ok(Self { broker: binary("barnabas-broker"), operator: binary("barnabas-operator") })
    }
}

/// The static release binary of the broker: the one of `BARNABAS_BROKER`, or a built one.
///
/// # Errors
/// When the build fails.
pub fn broker() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("BARNABAS_BROKER") {
        return Ok(path.into());
    }
    crate::bed::packages::ensure(&[("musl-gcc", "musl-tools")])?;
    progress::step("build the broker, static", || build(&["-p", "barnabas-broker"]))?;
    Ok(binary("barnabas-broker"))
}

fn build(packages: &[&str]) -> Result<()> {
    if !target_is_installed()? {
        program::output(Command::new("rustup").args(["target", "add", MUSL]))
            .context("the target for static binaries")?;
    }
    let mut cargo = cargo();
    cargo.args(["build", "--quiet", "--release", "--locked", "--target", MUSL]).args(packages);
    program::run(&mut cargo)
}

fn target_is_installed() -> Result<bool> {
    let mut rustc = Command::new("rustc");
    rustc.current_dir(crate::repository()).args(["--print", "target-libdir", "--target", MUSL]);
    let folder = program::output(&mut rustc)?;
    Ok(Path::new(folder.trim()).exists())
}

fn binary(name: &str) -> PathBuf {
    target().join(MUSL).join("release").join(name)
}
