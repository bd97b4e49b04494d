//! Holds the tables of `docs/configuration.md` to the definitions.
//!
//! `UPDATE_DOCS=1 cargo test -p barnabas-metadata --test documentation` writes them anew.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use barnabas_metadata::config::{ConfigDef, Scope, Support, Validator, definitions};

const BEGIN: &str = "<!-- generated from the definitions: begin -->\n";
const END: &str = "<!-- generated from the definitions: end -->\n";

#[test]
fn the_page_has_the_tables_of_the_definitions() {
    let page = page();
    let text = std::fs::read_to_string(&page).expect("docs/configuration.md is readable");
    let (before, rest) = text.split_once(BEGIN).expect("the page marks where the tables begin");
    let (old, after) = rest.split_once(END).expect("the page marks where the tables end");
    let new = tables();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&page, format!("{before}{BEGIN}{new}{END}{after}")).expect("writable");
        return;
    }
    let first = old.lines().zip(new.lines()).find(|(old, new)| old != new);
    assert_eq!(first, None, "docs/configuration.md is out of date: run with UPDATE_DOCS=1");
    assert_eq!(old.lines().count(), new.lines().count(), "run with UPDATE_DOCS=1");
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/configuration.md")
}

fn tables() -> String {
    let mut text = String::new();
    let scopes = [("Topics", Scope::Topic), ("Brokers", Scope::Broker), ("Groups", Scope::Group)];
    for (title, scope) in scopes {
        let mut known: Vec<&ConfigDef> = definitions(scope).collect();
        known.sort_by_key(|definition| definition.name);
        let parts = [
            ("", known.iter().filter(|d| honoured(d)).copied().collect::<Vec<_>>()),
            (" without effect", known.iter().filter(|d| inert(d)).copied().collect()),
            (
                " that only take their default",
                known.iter().filter(|d| refused(d)).copied().collect(),
            ),
        ];
        for (suffix, definitions) in parts {
            if !definitions.is_empty() {
                table(&mut text, &format!("{title}{suffix}"), &definitions);
            }
        }
    }
    text
}

fn table(text: &mut String, title: &str, definitions: &[&ConfigDef]) {
    let _ = writeln!(text, "\n### {title}\n");
    let _ = writeln!(text, "| Name | Type | Default | Values | Change | Meaning |");
    let _ = writeln!(text, "| --- | --- | --- | --- | --- | --- |");
    for definition in definitions {
        let values = match definition.validator {
            Validator::Any => String::new(),
            validator => validator.to_string(),
        };
        let default = match (definition.default, definition.required) {
            (_, true) => "must be set".to_owned(),
            (None, false) => String::new(),
            (Some(""), false) => "empty".to_owned(),
            (Some(default), false) => format!("`{default}`"),
        };
        let _ = writeln!(
            text,
            "| `{}` | {} | {default} | {values} | {} | {}{} |",
            definition.name,
            definition.config_type,
            definition.update_mode.name(),
            definition.doc,
            reason(definition),
        );
    }
}

fn honoured(definition: &ConfigDef) -> bool {
    matches!(definition.support, Support::Full | Support::Except(..))
}

fn inert(definition: &ConfigDef) -> bool {
    matches!(definition.support, Support::Inert(_))
}

fn refused(definition: &ConfigDef) -> bool {
    matches!(definition.support, Support::DefaultOnly(_))
}

fn reason(definition: &ConfigDef) -> String {
    match definition.support {
        Support::Full => String::new(),
        Support::Inert(reason) | Support::DefaultOnly(reason) => format!(" *{reason}*"),
        Support::Except(values, reason) => format!(" *Not `{}`: {reason}*", values.join("`, `")),
    }
}
