//! Tests of the command line's grammar.

use clap::CommandFactory as _;

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split(' '))
}

mod options {
    use super::*;

    /// clap's own check of the whole command line.
    #[test]
    fn are_consistent() {
        Cli::command().debug_assert();
    }

    /// The options of every command may come before and after its name.
    #[test]
    fn may_surround_the_command() {
        for line in [
            "acs-broker --stack prod --region eu-west-1 --profile ops --json show alice",
            "acs-broker show alice --stack prod --region eu-west-1 --profile ops --json",
        ] {
            let cli = parse(line).unwrap();
            let StackArgs { stack, region, profile, .. } = cli.stack;
            let given = [stack, region, profile].map(Option::unwrap);
            assert_eq!(given, ["prod", "eu-west-1", "ops"], "{line}");
            assert!(cli.json, "{line}");
        }
    }

    /// `--local` without an address does not take the command for one.
    #[test]
    fn local_needs_no_address() {
        let cli = parse("acs-broker --local show alice").unwrap();
        assert_eq!(cli.stack.local.unwrap().as_str(), "http://127.0.0.1:8080/");
        let cli = parse("acs-broker --local=http://127.0.0.1:9 show alice").unwrap();
        assert_eq!(cli.stack.local.unwrap().as_str(), "http://127.0.0.1:9/");
    }
}

mod subjects {
    use super::*;

    /// Users come from the command line or from a file: one of the two, and never none.
    #[test]
    fn come_from_one_place() {
        assert!(parse("acs-broker revoke alice bob").is_ok());
        assert!(parse("acs-broker revoke --file -").is_ok());
        assert!(parse("acs-broker revoke --file - --column id").is_ok());
        assert!(parse("acs-broker revoke alice --column id").is_err());
        assert!(parse("acs-broker revoke").is_err());
        assert!(parse("acs-broker revoke alice --file users").is_err());
        assert!(Cli::try_parse_from(["acs-broker", "revoke", "a\nb"]).is_err());
    }
}

mod examples {
    use super::*;

    /// Returns the examples of a command and its subcommands.
    fn examples(command: &clap::Command) -> Vec<String> {
        let mut examples: Vec<_> = command.get_subcommands().flat_map(examples_of).collect();
        examples.sort();
        examples
    }

    fn examples_of(command: &clap::Command) -> Vec<String> {
        if command.has_subcommands() {
            return examples(command);
        }
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines = help.lines().filter(|line| line.starts_with("  acs-broker "));
        let examples: Vec<_> = lines.map(|line| line.trim().to_owned()).collect();
        assert!((1..=2).contains(&examples.len()), "{}: {help}", command.get_name());
        examples
    }

    /// The help of every command ends with examples, and each of them can be parsed.
    #[test]
    fn of_every_command_parse() {
        let examples = examples(&Cli::command());
        assert!(examples.len() > 10, "{examples:?}");
        for example in examples {
            // The shell redirects input and output; the rest is the tool's.
            let line =
                example.split(" > ").next().and_then(|line| line.split(" < ").next()).unwrap();
            parse(line).unwrap_or_else(|error| panic!("{example}: {error}"));
        }
    }
}
