//! The documents match the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use acs_broker_harness::events::{Sample, samples};
use acs_broker_harness::tools;
use acs_broker_identity_events::ProviderEvent;
use serde_json::Value;

const DOCUMENTS: [&str; 2] = ["README.md", "CONTRIBUTING.md"];

/// Each setting that the code reads is described.
#[test]
fn settings_are_described() {
    let described = read("docs/reference/settings.md");
    let folder = tools::repository().join("shared/config/src");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).unwrap());
    let code: String = files
        .map(|text| text.split("#[cfg(test)]").next().unwrap_or_default().to_owned())
        .collect();
    let read_by_code: BTreeSet<_> = code.split('"').filter(|text| is_setting(text)).collect();
    assert!(read_by_code.contains("TABLE_NAME"), "{read_by_code:?}");
    assert!(read_by_code.contains("EVENT_ISSUER"), "{read_by_code:?}");
    for name in read_by_code {
        assert!(described.contains(&format!("`{name}`")), "{name} is not described");
    }
}

/// An operator finds each alarm and each problem code in the runbook, by the alarm's own link.
#[test]
fn runbook_has_each_alarm_and_code() {
    let runbook = read("docs/runbook.md");
    let headings: BTreeSet<_> =
        runbook.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let template = read("infra/aws/template.yaml");
    let mut alarms = BTreeSet::new();
    for line in template.lines() {
        if let Some(name) = line.strip_prefix("  ").and_then(|name| name.strip_suffix("Alarm:")) {
            let link = format!(" See docs/runbook.md#{}\n", name.to_lowercase());
            assert!(template.contains(&link), "{name} has no link");
            alarms.insert(name);
        }
    }
    assert!(alarms.len() > 15, "{alarms:?}");
    let contract: Value = serde_saphyr::from_str(&read("infra/aws/openapi.yaml")).unwrap();
    let codes = contract["components"]["schemas"]["ProblemCode"]["enum"].as_array().unwrap();
    for name in alarms.into_iter().chain(codes.iter().map(|code| code.as_str().unwrap())) {
        assert!(headings.contains(name), "{name} is not in the runbook");
    }
}

/// Each kind of event has a row in the documents and a sample.
#[test]
fn events_have_row_and_sample() {
    let page = read("docs/password-changes.md");
    let rows: Vec<_> = section(&page, "Events").lines().filter(|line| is_row(line)).collect();
    let events: Vec<_> = samples().iter().filter_map(Sample::event).collect();
    for (provider, kind, action) in acs_broker_identity_events::kinds() {
        let action_name = serde_json::to_value(action).unwrap();
        let action_cell = format!("| `{}` |", action_name.as_str().unwrap());
        let names = |row: &&&str| row.contains(&format!("`{kind}`")) && row.ends_with(&action_cell);
        assert_eq!(rows.iter().filter(names).count(), 1, "{kind} {action_cell}");
        let is_it = |event: &&ProviderEvent| {
            (event.provider, event.kind.as_str(), event.operation) == (provider, kind, action)
        };
        assert!(events.iter().any(|event| is_it(&event)), "{kind} has no sample");
    }
}

/// The template sets only settings that are described.
#[test]
fn template_sets_known_settings() {
    let template = read("infra/aws/template.yaml");
    let settings = read("docs/reference/settings.md");
    let variables: BTreeSet<_> = template
        .lines()
        .filter_map(|line| line.trim().split_once(": ").map(|(name, _)| name))
        .filter(|name| is_setting(name))
        .collect();
    assert!(variables.contains("TABLE_NAME"), "{variables:?}");
    for name in variables {
        assert!(settings.contains(&format!("| `{name}` |")), "{name} is no setting");
    }
}

/// Each make target that the documents name exists.
#[test]
fn named_make_targets_exist() {
    let makefile = read("Makefile");
    for document in DOCUMENTS {
        let text = read(document);
        let commands = text.lines().map(str::trim_start).chain(text.split('`'));
        let targets: BTreeSet<_> = commands
            .filter_map(|command| command.strip_prefix("make "))
            .filter_map(|rest| rest.split_whitespace().next())
            .collect();
        assert!(targets.contains("test"), "{document} names {targets:?}");
        for target in targets {
            assert!(makefile.contains(&format!("\n{target}:")), "{document}: make {target}");
        }
    }
}

/// Each path that a document names in backquotes exists.
#[test]
fn named_paths_exist() {
    let mut named = BTreeSet::new();
    for document in pages() {
        let text = read(&document);
        let quoted = text.split('`').skip(1).step_by(2);
        for path in quoted.filter(|quoted| is_path(quoted)) {
            let file = tools::repository().join(path.trim_end_matches("/*"));
            assert!(file.exists(), "{document}: {path}");
            named.insert(path.to_owned());
        }
    }
    assert!(named.contains("tests/e2e/secrets.rs"), "{named:?}");
}

/// The README's layout lists each folder of code, and no other.
#[test]
fn layout_matches_folders() {
    let readme = read("README.md");
    let mut parent = "";
    let mut described = BTreeSet::new();
    for line in section(&readme, "Layout").lines() {
        match line.split_once('/') {
            Some((child, _)) if child.starts_with("  ") => {
                described.insert(format!("{parent}/{}", child.trim()));
            }
            Some((folder, _)) => parent = folder,
            None => {}
        }
    }
    let folders = ["shared", "infra", "tests"].into_iter().flat_map(|parent| {
        let entries = fs::read_dir(tools::repository().join(parent)).unwrap().map(Result::unwrap);
        let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
        folders.map(move |entry| format!("{parent}/{}", entry.file_name().display()))
    });
    assert_eq!(described, folders.collect());
}

/// Each link of a document leads to a file, and to a heading of it.
#[test]
fn links_lead_to_headings() {
    for document in pages() {
        let text = read(&document);
        let folder = Path::new(&document).parent().unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.starts_with("http")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { document.clone() } else { joined(folder, file) };
            assert!(tools::repository().join(&target).exists(), "{document}: {link}");
            if !anchor.is_empty() {
                let headings = read(&target);
                let mut headings = headings.lines().filter_map(|line| line.strip_prefix('#'));
                assert!(headings.any(|text| anchor_of(text) == anchor), "{document}: {link}");
            }
        }
    }
}

/// Prose fits into 100 columns, so that a change of it can be read.
#[test]
fn prose_fits_into_100_columns() {
    for document in pages() {
        let mut is_code = false;
        for line in read(&document).lines() {
            is_code ^= line.trim_start().starts_with("```");
            let is_prose = !is_code && !line.starts_with('|') && !line.contains("](http");
            assert!(!is_prose || line.chars().count() <= 100, "{document}: {line}");
        }
    }
}

/// The page for clients shows the very refresher that the tests run, and the files beside it.
#[test]
fn shown_clients_are_the_files() {
    let page = read("docs/clients.md");
    let shown = |language: &str| {
        let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
        rest.split("```\n").next().unwrap().to_owned()
    };
    let source = read("tests/sdk/js/refresher.mjs");
    let (_, rest) = source.split_once("// The page begins\n").unwrap();
    let (refresher, _) = rest.split_once("// The page ends\n").unwrap();
    assert_eq!(shown("js"), refresher);
    assert_eq!(shown("swift"), read("docs/clients/CommunicationCredential.swift"));
    assert_eq!(shown("kotlin"), read("docs/clients/CommunicationCredential.kt"));
}

/// The documents at the top and in `docs`, from the repository's root.
fn pages() -> Vec<String> {
    let mut pages = Vec::new();
    for folder in ["", "docs", "docs/reference"] {
        for entry in fs::read_dir(tools::repository().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let is_page = Path::new(&name).extension().is_some_and(|extension| extension == "md");
            if is_page {
                pages.push(Path::new(folder).join(name).to_str().unwrap().to_owned());
            }
        }
    }
    assert!(pages.len() > 5, "{pages:?}");
    pages
}

/// The path of a link, from the repository's root.
fn joined(folder: &Path, link: &str) -> String {
    let mut parts: Vec<_> = folder.iter().collect();
    for part in Path::new(link) {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.iter().collect::<PathBuf>().to_str().unwrap().to_owned()
}

/// The anchor that GitHub gives a heading.
fn anchor_of(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
    kept.map(|char| if char == ' ' { '-' } else { char }).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(tools::repository().join(path)).unwrap()
}

fn is_path(text: &str) -> bool {
    ["functions/", "infra/", "shared/", "tests/"].iter().any(|folder| text.starts_with(folder))
}

/// The text below a heading, up to the next one of its rank.
fn section<'a>(document: &'a str, heading: &str) -> &'a str {
    let (_, rest) = document.split_once(&format!("\n## {heading}\n")).unwrap();
    rest.split("\n## ").next().unwrap()
}

/// A row of a table, and not the line under its head.
fn is_row(line: &str) -> bool {
    line.starts_with("| ") && !line.starts_with("| ---")
}

fn is_setting(text: &str) -> bool {
    text.contains('_') && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}
