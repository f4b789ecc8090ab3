//! Tests of files of subjects.

use super::*;
use acs_broker_config::error_chain;

fn parse(text: &str, column: Option<&str>) -> Result<Vec<String>, String> {
    let file = SubjectFile::parse(text, column).map_err(|error| error_chain(&error))?;
    Ok(file.subjects.iter().map(|subject| subject.as_str().to_owned()).collect())
}

mod lines {
    use super::*;

    /// Byte order mark, line ends of three systems and empty lines do not count.
    #[test]
    fn ignore_what_editors_add() {
        for text in [
            "alice\nbob\n",
            "\u{feff}alice\r\n\r\n \t\r\nbob\r\n\r\n",
            "alice\rbob",
            "\n\nalice\n\"bob\"",
        ] {
            assert_eq!(parse(text, None).unwrap(), ["alice", "bob"], "{text:?}");
        }
    }

    /// The line that is refused is named by its number in the file.
    #[test]
    fn invalid_one_is_named_by_number() {
        for (text, line, rule) in [
            ("alice\n\nb\tob\n", 3, "subject: must be 1 to 255 characters"),
            ("\r\n\r\n\"\"\r\n", 3, "subject: must be 1 to 255 characters"),
            ("id,name\n,alice\n", 2, "subject: must be 1 to 255 characters"),
            ("alice\n\"bo\nb\"\n", 2, "subject: must be 1 to 255 characters"),
            ("alice\nda,ve\n", 2, "has 2 columns and the first line 1"),
            ("alice,1\n\nbob\n", 3, "has 1 columns and the first line 2"),
        ] {
            let error = parse(text, None).unwrap_err();
            assert!(error.starts_with(&format!("line {line}: {rule}")), "{text:?}: {error}");
        }
    }

    /// A blank may belong to the subject: without it another user would be deleted.
    #[test]
    fn padded_one_is_refused() {
        for (text, line) in [(" alice\n", 1), ("bob\n\nalice \n", 3), ("\u{a0}alice,1\n", 1)] {
            let error = parse(text, None).unwrap_err();
            assert!(error.starts_with(&format!("line {line}: white space")), "{text:?}: {error}");
        }
        assert_eq!(parse("\" alice\"\n", None).unwrap(), [" alice"]);
        assert_eq!(parse("alice, Alice\n", None).unwrap(), ["alice"], "another column's");
    }

    /// A file without a subject is refused.
    #[test]
    fn none_is_an_error() {
        for (text, column) in
            [("", None), ("\r\n \n", None), ("", Some("id")), ("id\n", Some("id"))]
        {
            assert_eq!(parse(text, column).unwrap_err(), "there is no subject in the file");
        }
    }
}

mod quotes {
    use super::*;

    /// A spreadsheet's quoted lines name the users without the quotes.
    #[test]
    fn do_not_belong_to_the_subject() {
        let text = "\u{feff}\"alice\"\r\nbob\r\n\"da,ve\"\r\n";
        assert_eq!(parse(text, None).unwrap(), ["alice", "bob", "da,ve"]);
        assert_eq!(parse("\"a\"\"b\"\n\" c \"\n", None).unwrap(), ["a\"b", " c "]);
    }

    /// A quote elsewhere is refused; the CSV reader alone would read another user.
    #[test]
    fn misplaced_one_is_refused() {
        for (line, before) in [
            ("\"alice\"x", ""),
            (" \"alice\"", "bob\n\n"),
            ("\"alice\" ", "bob\n"),
            ("al\"ice", ""),
            ("'\"alice\"'", ""),
            ("\"alice", "bob\n"),
            ("\"alice\n\n", "bob\n"),
            ("\"\"alice\"\"", ""),
        ] {
            let error = parse(&format!("{before}{line}"), None).unwrap_err();
            let number = before.matches('\n').count() + 1;
            let rule = format!("line {number}: a quote must stand around a whole value");
            assert!(error.starts_with(&rule), "{line:?}: {error}");
        }
    }
}

mod columns {
    use super::*;

    const EXPORT: &str = "email,id,name\na@b.example,alice,\"Li, Al\"\nb@b.example,\"bob\",Bob\n";

    /// A named column is found in the header, and the header is not a user.
    #[test]
    fn named_one_needs_a_header() {
        assert_eq!(parse(EXPORT, Some("id")).unwrap(), ["alice", "bob"]);
        let error = parse(EXPORT, Some("sub")).unwrap_err();
        assert_eq!(error, "there is no column sub; the first line has email, id, name");
        assert_eq!(parse("id,id\na,b\n", Some("id")).unwrap_err(), "there are two columns id");
    }

    /// Without a name the first column counts.
    #[test]
    fn first_one_is_the_default() {
        assert_eq!(parse("alice,Alice\nbob,Bob", None).unwrap(), ["alice", "bob"]);
        assert_eq!(SubjectFile::parse("alice,Alice\n", None).unwrap().columns, 2);
    }
}
