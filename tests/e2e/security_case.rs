//! What the security pages cite exists: whoever renames or drops a test that shows something there
//! has to say what shows it now.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use acs_broker_harness::tools;

/// A file that a row cites, with the tests in it.
type Citation = (String, Vec<String>);

const VERIFICATION: &str = "docs/security-verification.md";

/// Each threat has a control that a test shows, and the test exists.
#[test]
fn threats_are_shown_by_tests() {
    let page = read("SECURITY.md");
    let (_, threats) = page.split_once("\n## Threats\n").unwrap();
    let threats: Vec<_> = rows(threats.split("\n## ").next().unwrap()).collect();
    assert!(threats.len() > 20, "{} threats", threats.len());
    for row in threats {
        let [threat, _, shown_by] = cells(row)[..] else { panic!("{row}") };
        let citations = citations(shown_by);
        assert!(!citations.is_empty(), "{threat}: nothing shows it");
        for (file, tests) in citations {
            assert!(!tests.is_empty(), "{threat}: {file} without a test");
            check(&file, &tests, threat);
        }
    }
}

/// Each row of the verification has an answer, and what it cites exists.
#[test]
fn verification_cites_what_exists() {
    for (_, row) in answers() {
        let [id, _, answer, why] = cells(&row)[..] else { panic!("{row}") };
        assert!(["met", "not applicable", "open"].contains(&answer), "{id}: {answer}");
        let citations = citations(why);
        let is_shown = !citations.is_empty() || why.contains("](");
        assert!(answer != "met" || is_shown, "{id} is met, and nothing shows it");
        for (file, tests) in citations {
            check(&file, &tests, id);
        }
    }
}

/// The summary counts the rows, and what is open is listed in one place.
#[test]
fn verification_summary_counts_rows() {
    let page = read(VERIFICATION);
    let mut counted: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    let mut open = BTreeSet::new();
    for (chapter, row) in answers() {
        let cells = cells(&row);
        let index = ["met", "not applicable", "open"].iter().position(|answer| *answer == cells[2]);
        counted.entry(chapter).or_default()[index.unwrap()] += ids(cells[0]);
        if cells[2] == "open" {
            open.insert(cells[0].to_owned());
        }
    }
    assert_eq!(counted.len(), 18, "seventeen chapters and the Top 10");
    let (_, summary) = page.split_once("\n## Summary\n").unwrap();
    let mut all = [0; 3];
    for row in rows(summary.split("\n## ").next().unwrap()) {
        let cells = cells(row);
        let counts: [usize; 3] =
            [1, 2, 3].map(|at: usize| cells[at].trim_matches('*').parse().unwrap());
        if cells[0] == "**ASVS**" {
            assert_eq!(counts, all, "the sum of the chapters");
            continue;
        }
        let chapter = cells[0].trim_start_matches('[').split(']').next().unwrap();
        assert_eq!(Some(&counts), counted.get(chapter), "{chapter}");
        for (sum, count) in all.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    let (_, listed) = page.split_once("\n## Open rows\n").unwrap();
    let listed: BTreeSet<_> =
        rows(listed.split("\n## ").next().unwrap()).map(|row| cells(row)[0].to_owned()).collect();
    assert_eq!(listed, open);
}

/// Returns each row with an answer, with its chapter.
fn answers() -> Vec<(String, String)> {
    let page = read(VERIFICATION);
    let chapters =
        page.split("\n## ").skip(1).filter(|text| text.starts_with('V') || text.starts_with("API"));
    let rows = chapters.flat_map(|text| {
        let (chapter, rest) = text.split_once('\n').unwrap();
        rows(rest).map(move |row| (chapter.to_owned(), row.to_owned()))
    });
    rows.collect()
}

/// Returns the rows of the tables in a text, without their heads.
fn rows(text: &str) -> impl Iterator<Item = &str> {
    let lines: Vec<_> = text.lines().collect();
    let is_head = |at: usize| lines.get(at + 1).is_some_and(|next| next.starts_with("| ---"));
    let rows: Vec<_> = (0..lines.len())
        .filter(|at| {
            lines[*at].starts_with("| ") && !lines[*at].starts_with("| ---") && !is_head(*at)
        })
        .map(|at| lines[at])
        .collect();
    rows.into_iter()
}

fn cells(row: &str) -> Vec<&str> {
    row.trim_matches('|').split(" | ").map(str::trim).collect()
}

/// Returns how many requirements a row names: `1.2.3`, or `1.2.3 to 1.2.7`.
fn ids(cell: &str) -> usize {
    let last = |id: &str| id.rsplit('.').next().unwrap().parse::<usize>().unwrap();
    cell.split_once(" to ").map_or(1, |(from, to)| last(to) - last(from) + 1)
}

/// Returns the files that a cell names in backquotes, each with the names that follow it.
fn citations(cell: &str) -> Vec<Citation> {
    let mut citations: Vec<Citation> = Vec::new();
    for quoted in cell.split('`').skip(1).step_by(2) {
        let folders = ["functions/", "infra/", "shared/", "tests/", ".github/", "docs/"];
        let is_file = folders.iter().any(|folder| quoted.starts_with(folder));
        let is_name = quoted.len() > 8
            && quoted.contains('_')
            && quoted
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if is_file {
            citations.push((quoted.to_owned(), Vec::new()));
        } else if let Some((file, tests)) = citations.last_mut().filter(|_| is_name)
            && Path::new(file).extension().is_some_and(|extension| extension == "rs")
        {
            tests.push(quoted.to_owned());
        }
    }
    citations
}

/// Fails unless the file exists and has these tests.
fn check(file: &str, tests: &[String], row: &str) {
    assert!(tools::repository().join(file).exists(), "{row}: there is no {file}");
    for test in tests {
        let head = format!("fn {test}(");
        let text = read(file);
        let before = text.split(&head).next().filter(|before| before.len() < text.len());
        let before = before.unwrap_or_else(|| panic!("{row}: {file} has no {test}"));
        let attributes = before.rsplit("\n\n").next().unwrap();
        assert!(attributes.contains("test"), "{row}: {test} in {file} is no test");
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(tools::repository().join(path)).unwrap()
}
