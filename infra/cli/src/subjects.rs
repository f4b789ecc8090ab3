//! The subjects that a command is about, from the command line or a file.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use acs_broker_core::Subject;
use clap::Args;

use crate::error::CliError;
use crate::subject_file::SubjectFile;

/// Holds the options that name users.
#[derive(Debug, Args)]
pub(crate) struct SubjectsArgs {
    /// The users: the subject claims of their sign-ins, as they are
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    subjects: Vec<Subject>,

    /// Read the subjects from a CSV file, or one a line; - is standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// The file's column with the subjects, by its name in the first line; else the first column
    #[arg(long, value_name = "NAME", requires = "file", conflicts_with = "subjects")]
    column: Option<String>,
}

impl SubjectsArgs {
    /// Returns the subjects of the command line or those of the file, each once. `notice` gets
    /// what the operator should know about the file.
    pub(crate) fn read(&self, notice: impl FnOnce(&str)) -> Result<Vec<Subject>, CliError> {
        let mut subjects = match &self.file {
            Some(file) => self.read_file(file, notice)?,
            None => self.subjects.clone(),
        };
        let mut seen = HashSet::new();
        subjects.retain(|subject| seen.insert(subject.clone()));
        Ok(subjects)
    }

    fn read_file(&self, file: &Path, notice: impl FnOnce(&str)) -> Result<Vec<Subject>, CliError> {
        let text = read_text(file).map_err(|error| CliError::Input(file.to_owned(), error))?;
        let SubjectFile { subjects, columns } =
            SubjectFile::parse(&text, self.column.as_deref())
                .map_err(|error| CliError::SubjectFile(file.to_owned(), error))?;
        if columns > 1 && self.column.is_none() {
            let file = file.display();
            notice(&format!(
                "{file} has {columns} columns; the first has the subjects, unless --column names \
                 another."
            ));
        }
        Ok(subjects)
    }
}

fn read_text(file: &Path) -> io::Result<String> {
    if file != Path::new("-") {
        return fs::read_to_string(file);
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io::Write as _;

    use tempfile::NamedTempFile;

    use super::*;
    use crate::exit::Exit;
    use crate::testing;
    use acs_broker_config::error_chain;

    fn args(file: &Path) -> SubjectsArgs {
        SubjectsArgs { subjects: Vec::new(), file: Some(file.to_owned()), column: None }
    }

    fn file(text: &str) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    mod file {
        use super::*;

        /// Each user counts once, whatever an editor adds around them.
        #[test]
        fn names_each_user_once() {
            let file = file("\u{feff}alice\r\n\nbob\n\"alice\"\nbob");
            let subjects = args(file.path()).read(|_| panic!("one column")).unwrap();
            assert_eq!(subjects, testing::subjects(&["alice", "bob"]));
        }

        /// A file of several columns is read, and the operator learns which column counts.
        #[test]
        fn several_columns_are_noticed() {
            let file = file("id,name\nalice,Alice\n");
            let notice = RefCell::new(String::new());
            let note = |text: &str| text.clone_into(&mut notice.borrow_mut());
            let subjects = args(file.path()).read(note).unwrap();
            assert_eq!(subjects, testing::subjects(&["id", "alice"]));
            assert!(notice.borrow().contains("has 2 columns; the first"), "{notice:?}");
            let named = SubjectsArgs { column: Some("id".to_owned()), ..args(file.path()) };
            let subjects = named.read(|_| panic!("the column is named")).unwrap();
            assert_eq!(subjects, testing::subjects(&["alice"]));
        }

        /// A refused line is a mistake with the file's name and the line's number.
        #[test]
        fn invalid_line_is_a_usage_error() {
            let file = file("alice\n\nb\tob\n");
            let error = args(file.path()).read(|_| ()).unwrap_err();
            let text = error_chain(&error);
            let name = file.path().display().to_string();
            assert!(text.starts_with(&format!("{name}: line 3: subject: ")), "{text}");
            assert_eq!(error.exit(), Exit::Usage);
        }

        /// A file without a subject is a mistake; a file that does not exist is a failure.
        #[test]
        fn empty_or_missing_is_an_error() {
            let empty = args(file("\n\n").path()).read(|_| ()).unwrap_err();
            assert_eq!(empty.exit(), Exit::Usage);
            let missing = args(Path::new("/nowhere/users")).read(|_| ()).unwrap_err();
            assert_eq!(missing.exit(), Exit::Failed);
        }
    }
}
