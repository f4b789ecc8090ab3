//! The documents say what the code does.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::BTreeSet;
use std::fs;

use acs_broker_harness::events::{Sample, samples};
use acs_broker_harness::tools;
use acs_broker_identity_events::IdentityEvent;
use serde_json::Value;

const DOCUMENTS: [&str; 2] = ["README.md", "CONTRIBUTING.md"];

#[test]
fn every_setting_is_in_the_readme_as_the_code_documents_it() {
    let readme = read("README.md");
    let described = section(&readme, "Settings");
    let source = read("shared/lambda/src/settings.rs");
    let (code, _tests) = source.split_once("#[cfg(test)]").unwrap();
    let documented: Vec<_> =
        code.lines().filter_map(|line| line.strip_prefix("/// ")).filter(|l| is_row(l)).collect();

    let in_readme: Vec<_> = described.lines().filter(|line| is_row(line)).collect();
    assert_eq!(in_readme, documented);

    let folder = tools::repository().join("shared/lambda/src/settings");
    let files = fs::read_dir(folder).unwrap().map(|file| fs::read_to_string(file.unwrap().path()));
    let code = files.map(Result::unwrap).fold(code.to_owned(), |code, file| code + &file);
    let read_by_code: BTreeSet<_> = code.split('"').filter(|text| is_setting(text)).collect();
    assert!(read_by_code.contains("TABLE_NAME"), "{read_by_code:?}");
    assert!(read_by_code.contains("EVENT_ISSUER"), "{read_by_code:?}");
    for name in read_by_code {
        assert!(described.contains(&format!("`{name}`")), "{name} is not described");
    }
}

#[test]
fn the_readme_tells_clients_what_to_do_about_every_error_code() {
    let readme = read("README.md");
    let rows = section(&readme, "Errors").lines().filter(|line| is_row(line)).skip(1);
    let described: BTreeSet<(String, String)> = rows
        .map(|row| {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            (cells[1].to_owned(), cells[2].trim_matches('`').to_owned())
        })
        .collect();

    let contract: Value = serde_saphyr::from_str(&read("infra/aws/openapi.yaml")).unwrap();
    let codes = contract["components"]["schemas"]["ProblemCode"]["enum"].as_array().unwrap();
    let codes: BTreeSet<_> = codes.iter().map(|code| code.as_str().unwrap()).collect();
    assert_eq!(described.iter().map(|(_, code)| code.as_str()).collect::<BTreeSet<_>>(), codes);
    assert_eq!(described, answers(&contract, &codes));
}

#[test]
fn every_event_has_a_line_in_the_readme_and_a_sample() {
    let readme = read("README.md");
    let rows: Vec<_> = section(&readme, "Password changes").lines().filter(|l| is_row(l)).collect();
    let events: Vec<_> = samples().iter().filter_map(Sample::event).collect();
    for (provider, kind, action) in acs_broker_identity_events::kinds() {
        let action_name = serde_json::to_value(action).unwrap();
        let action_cell = format!("| `{}` |", action_name.as_str().unwrap());
        let names = |row: &&&str| row.contains(&format!("`{kind}`")) && row.ends_with(&action_cell);
        assert_eq!(rows.iter().filter(names).count(), 1, "{kind} {action_cell}");
        let is_it = |event: &&IdentityEvent| {
            (event.provider, event.kind.as_str(), event.action) == (provider, kind, action)
        };
        assert!(events.iter().any(|event| is_it(&event)), "{kind} has no sample");
    }
}

#[test]
fn the_template_sets_only_settings_that_there_are() {
    let readme = read("README.md");
    let template = read("infra/aws/template.yaml");
    let settings = section(&readme, "Settings");
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

#[test]
fn every_make_target_in_the_documents_exists() {
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

#[test]
fn every_path_that_the_documents_name_exists() {
    for (document, named) in [
        ("ARCHITECTURE.md", "tests/e2e/secrets.rs"),
        ("CONTRIBUTING.md", "shared/store-dynamodb/tests/contract"),
        ("SECURITY.md", "tests/e2e/secrets.rs"),
    ] {
        let text = read(document);
        let quoted = text.split('`').skip(1).step_by(2);
        let paths: BTreeSet<_> = quoted.filter(|quoted| is_path(quoted)).collect();
        assert!(paths.contains(named), "{document} names {paths:?}");
        for path in paths {
            let file = tools::repository().join(path.trim_end_matches("/*"));
            assert!(file.exists(), "{document}: {path}");
        }
    }
}

#[test]
fn the_layout_in_the_readme_names_every_folder_that_there_is() {
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

#[test]
fn every_link_to_a_file_leads_somewhere() {
    for document in DOCUMENTS {
        let text = read(document);
        let links: Vec<_> =
            text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        assert!(!links.is_empty(), "{document}");
        for link in links.into_iter().filter(|link| !link.starts_with("http")) {
            let file = link.split('#').next().unwrap();
            assert!(tools::repository().join(file).exists(), "{document}: {link}");
        }
    }
}

#[test]
fn the_readme_shows_the_refresher_that_is_tested() {
    let source = read("tests/sdk/js/refresher.mjs");
    let (_, rest) = source.split_once("// README begins\n").unwrap();
    let (shown, _) = rest.split_once("// README ends\n").unwrap();
    let readme = read("README.md");
    let (_, rest) = readme.split_once("```js\n").unwrap();
    let (block, _) = rest.split_once("```\n").unwrap();
    assert_eq!(block, shown);
}

/// Each status that an operation answers with, and the codes its description names.
fn answers(contract: &Value, codes: &BTreeSet<&str>) -> BTreeSet<(String, String)> {
    let mut answers = BTreeSet::new();
    let paths = contract["paths"].as_object().unwrap().values();
    for operation in paths.flat_map(|path| path.as_object().unwrap().values()) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let Some(reference) = response["$ref"].as_str() else { continue };
            let response = contract.pointer(reference.trim_start_matches('#')).unwrap();
            let named = response["description"].as_str().unwrap().split('`');
            let named = named.filter(|text| codes.contains(text));
            answers.extend(named.map(|code| (status.clone(), code.to_owned())));
        }
    }
    answers
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
