//! The budgets and the architecture of the repository (ARCHITECTURE.md, "Budgets"), checked on the
//! files that git tracks: sizes, dependency direction, the strict lints of the pure crates.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "all of it is a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use syn::spanned::Spanned;
use syn::visit::Visit;

const FILE_LINES_MAX: usize = 800;
const FILE_LINES_MEDIAN_MAX: usize = 180;
const FUNCTION_LINES_MAX: usize = 70;
const COLUMNS_MAX: usize = 100;

/// Each crate with the workspace crates that it may depend on, directly.
/// Arrows point down only: wire → records → cores → server → broker.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("barnabas-bugs", &[]),
    ("barnabas-wire-derive", &[]),
    ("barnabas-wire", &["wire-derive"]),
    ("barnabas-records", &["wire"]),
    ("barnabas-storage", &["wire", "records", "bugs"]),
    ("barnabas-metadata", &["wire", "records"]),
    ("barnabas-quorum", &["wire", "records", "bugs"]),
    ("barnabas-replication", &["wire", "records", "bugs"]),
    ("barnabas-groups", &["wire", "records"]),
    ("barnabas-controller", &["wire", "records", "metadata", "bugs"]),
    (
        "barnabas-server",
        &[
            "wire",
            "records",
            "storage",
            "metadata",
            "quorum",
            "replication",
            "groups",
            "controller",
            "bugs",
        ],
    ),
    (
        "barnabas-broker",
        &["wire", "records", "storage", "metadata", "quorum", "controller", "server"],
    ),
    ("barnabas-fuzz", &["wire", "records", "storage", "metadata", "quorum", "groups", "server"]),
    (
        "barnabas-sim",
        &["wire", "records", "storage", "metadata", "quorum", "server", "broker", "bugs"],
    ),
    ("barnabas-crds", &[]),
    ("barnabas-operator", &["wire", "crds"]),
    ("barnabas-e2e", &["wire", "records", "crds"]),
];

const PURE: &[&str] =
    &["wire", "records", "quorum", "metadata", "controller", "replication", "groups"];

#[test]
fn source_files_are_short() {
    let mut sizes = Vec::new();
    let mut over = Vec::new();
    for file in rust_files() {
        let lines = read(&file).lines().count();
        sizes.push(lines);
        if lines > FILE_LINES_MAX {
            over.push(format!("{}: {lines} lines", file.display()));
        }
    }
    sizes.sort_unstable();
    let median = sizes[sizes.len() / 2];
    assert!(over.is_empty(), "files over {FILE_LINES_MAX} lines:\n{}", over.join("\n"));
    assert!(median <= FILE_LINES_MEDIAN_MAX, "median file has {median} lines");
}

#[test]
fn lines_fit_the_page() {
    let mut over = Vec::new();
    for file in rust_files() {
        for (number, line) in read(&file).lines().enumerate() {
            let columns = line.chars().count();
            if columns > COLUMNS_MAX && !unbreakable(line) {
                over.push(format!("{}:{}: {columns} columns", file.display(), number + 1));
            }
        }
    }
    assert!(over.is_empty(), "lines over {COLUMNS_MAX} columns:\n{}", over.join("\n"));
}

/// A single long word (an address, a string of hexadecimal digits) cannot be folded.
fn unbreakable(line: &str) -> bool {
    line.split_whitespace().any(|word| word.chars().count() > COLUMNS_MAX / 2)
}

#[test]
fn functions_are_short() {
    let mut over = Vec::new();
    for file in rust_files() {
        let syntax = syn::parse_file(&read(&file))
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut visitor = LongFunctions { file: &file, over: &mut over };
        visitor.visit_file(&syntax);
    }
    assert!(over.is_empty(), "functions over {FUNCTION_LINES_MAX} lines:\n{}", over.join("\n"));
}

struct LongFunctions<'a> {
    file: &'a Path,
    over: &'a mut Vec<String>,
}

impl LongFunctions<'_> {
    fn check(&mut self, name: &syn::Ident, block: &syn::Block) {
        let span = block.span();
        let lines = span.end().line - span.start().line + 1;
        if lines > FUNCTION_LINES_MAX {
            self.over.push(format!("{}: {name} has {lines} lines", self.file.display()));
        }
    }
}

impl<'ast> Visit<'ast> for LongFunctions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.check(&function.sig.ident, &function.block);
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.check(&function.sig.ident, &function.block);
        syn::visit::visit_impl_item_fn(self, function);
    }
}

#[test]
fn dependencies_point_down() {
    let allowed: BTreeMap<&str, BTreeSet<String>> = MAY_DEPEND_ON
        .iter()
        .map(|(name, below)| (*name, below.iter().map(|b| format!("barnabas-{b}")).collect()))
        .collect();
    for package in workspace_packages() {
        let name = package["name"].as_str().unwrap();
        let below = allowed.get(name).unwrap_or_else(|| {
            panic!("{name} is not listed in MAY_DEPEND_ON: say where it stands")
        });
        for dependency in package["dependencies"].as_array().unwrap() {
            let on = dependency["name"].as_str().unwrap();
            let for_tests = dependency["kind"].as_str() == Some("dev");
            if on.starts_with("barnabas-") && !for_tests {
                assert!(below.contains(on), "{name} must not depend on {on}");
            }
        }
    }
}

#[test]
fn pure_crates_have_no_runtime() {
    for package in workspace_packages() {
        let name = package["name"].as_str().unwrap().trim_start_matches("barnabas-");
        if !PURE.contains(&name) {
            continue;
        }
        for dependency in package["dependencies"].as_array().unwrap() {
            let on = dependency["name"].as_str().unwrap();
            let shell = ["tokio", "mio", "warp", "rustix", "socket2", "tracing"].contains(&on);
            assert!(!shell, "the pure crate {name} must not depend on {on}");
        }
    }
}

#[test]
fn pure_crates_have_the_strict_lints() {
    let reference = read(Path::new("broker/crates/quorum/clippy.toml"));
    for method in ["Instant::now", "SystemTime::now", "thread::spawn", "fs::File"] {
        assert!(reference.contains(method), "the strict lints do not ban {method}");
    }
    for name in PURE {
        let path = format!("broker/crates/{name}/clippy.toml");
        assert_eq!(read(Path::new(&path)), reference, "{path} differs from quorum's");
    }
}

#[test]
fn every_crate_takes_the_workspace_lints() {
    for package in workspace_packages() {
        let manifest = fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{} does not take the lints of the workspace",
            package["name"]
        );
    }
}

#[test]
fn nothing_is_left_unfinished() {
    let marks = ["TO".to_owned() + "DO", "FIX".to_owned() + "ME", "for ".to_owned() + "now"];
    let mut found = Vec::new();
    for file in rust_files() {
        for (number, line) in read(&file).lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                found.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "unfinished work:\n{}", found.join("\n"));
}

fn rust_files() -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"])
        .current_dir(root())
        .output()
        .expect("git lists the tracked files");
    assert!(output.status.success(), "git ls-files failed");
    let listed = String::from_utf8(output.stdout).unwrap();
    let files: Vec<PathBuf> =
        listed.lines().map(PathBuf::from).filter(|file| root().join(file).exists()).collect();
    assert!(!files.is_empty(), "git lists no Rust file");
    files
}

fn workspace_packages() -> Vec<serde_json::Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo describes the workspace");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn read(file: &Path) -> String {
    fs::read_to_string(root().join(file))
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Of the cargo that runs the tests: checkouts share cargo's output.
fn root() -> PathBuf {
    let folder = std::env::var("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
    Path::new(&folder).parent().unwrap().to_path_buf()
}

#[test]
fn links_of_the_documentation_lead_somewhere() {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "*.md"])
        .current_dir(root())
        .output()
        .expect("git lists the tracked files");
    let listed = String::from_utf8(output.stdout).unwrap();
    let mut broken = Vec::new();
    for file in listed.lines() {
        let folder = Path::new(file).parent().unwrap();
        for target in read(Path::new(file)).split("](").skip(1) {
            let target = target.split([')', '#']).next().unwrap();
            let local = !target.is_empty() && !target.contains("://");
            if local && !root().join(folder).join(target).exists() {
                broken.push(format!("{file}: {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}
