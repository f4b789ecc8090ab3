//! The options that name a stack.

use std::path::{Path, PathBuf};

use clap::Args;
use reqwest::Url;

use super::error::StackError;
use crate::shell::shell_word;

const DEFAULT_LOCAL: &str = "http://127.0.0.1:8080/";

/// Names the stack that a command is about.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which stack")]
pub(crate) struct StackArgs {
    /// A deployed stack, by its name in CloudFormation; else `ACS_BROKER_STACK` in the environment
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) stack: Option<String>,

    /// The stack's AWS region, unless the environment or the profile says so
    #[arg(long, global = true)]
    pub(crate) region: Option<String>,

    /// The profile of the AWS configuration files whose credentials are used
    #[arg(long, global = true)]
    pub(crate) profile: Option<String>,

    /// A local stack, as `make run` starts it; without an address at `http://127.0.0.1:8080`
    #[arg(
        long,
        global = true,
        value_name = "URL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "http://127.0.0.1:8080",
        value_parser = local_url
    )]
    pub(crate) local: Option<Url>,

    /// PEM file of further certificate authorities to trust; else `EXTRA_CA_FILE` in the
    /// environment
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) extra_ca_file: Option<PathBuf>,
}

/// Names exactly one stack.
#[derive(Debug)]
pub(crate) enum StackTarget<'a> {
    Deployed { stack: &'a str, region: Option<&'a str>, profile: Option<&'a str> },
    Local(&'a Url),
}

impl StackArgs {
    /// Fills the options that the command line does not set from the environment.
    pub(crate) fn with_environment(self, environment: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| environment(name).filter(|value| !value.is_empty());
        let stack = match self.local {
            Some(_) => self.stack,
            None => self.stack.or_else(|| set("ACS_BROKER_STACK")),
        };
        let extra_ca_file = self.extra_ca_file.or_else(|| set("EXTRA_CA_FILE").map(PathBuf::from));
        Self { stack, extra_ca_file, ..self }
    }

    /// Returns the options that name the stack, as words of a command line.
    pub(crate) fn words(&self) -> Vec<String> {
        let with = |name: &str, value: &str| [name.to_owned(), shell_word(value)];
        let local = self.local.as_ref().map(|url| match url.as_str() {
            DEFAULT_LOCAL => "--local".to_owned(),
            url => format!("--local={}", shell_word(url)),
        });
        let options =
            [("--stack", &self.stack), ("--region", &self.region), ("--profile", &self.profile)];
        let named = options.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        let file = self.extra_ca_file.as_deref().map(Path::to_string_lossy);
        let file = file.iter().flat_map(|file| with("--extra-ca-file", file));
        local
            .into_iter()
            .chain(named.flat_map(|(name, value)| with(name, value)))
            .chain(file)
            .collect()
    }

    /// Returns the stack that is named; it must be exactly one.
    pub(crate) fn target(&self) -> Result<StackTarget<'_>, StackError> {
        let (region, profile) = (self.region.as_deref(), self.profile.as_deref());
        match (self.stack.as_deref(), &self.local) {
            (Some(stack), None) => Ok(StackTarget::Deployed { stack, region, profile }),
            (None, Some(url)) if !url.username().is_empty() || url.password().is_some() => {
                Err(StackError::UserInAddress)
            }
            (None, Some(url)) if region.or(profile).is_none() => Ok(StackTarget::Local(url)),
            (None, Some(_)) => Err(StackError::AwsOptionForLocalStack),
            _ => Err(StackError::NotNamed),
        }
    }
}

/// Parses the address of a local stack, which may lack its scheme.
fn local_url(text: &str) -> Result<Url, String> {
    let url = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Url::parse(&url).map_err(|why| format!("`{text}` is not an address: {why}"))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(format!("`{text}` must begin with http:// or https://"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(stack: Option<&str>, local: Option<&str>) -> StackArgs {
        StackArgs {
            stack: stack.map(str::to_owned),
            region: None,
            profile: None,
            local: local.map(|url| url.parse().unwrap()),
            extra_ca_file: None,
        }
    }

    mod local {
        use super::*;

        /// An address may lack its scheme; anything else is refused with the word that is wrong.
        #[test]
        fn address_needs_no_scheme() {
            assert_eq!(local_url("127.0.0.1:8080").unwrap().as_str(), "http://127.0.0.1:8080/");
            assert_eq!(local_url("https://a.example").unwrap().as_str(), "https://a.example/");
            for text in ["ftp://a", "http://", "a b"] {
                assert!(local_url(text).unwrap_err().contains(text), "{text}");
            }
        }

        /// A command that is printed can be pasted: it names the stack that was used.
        #[test]
        fn words_name_the_same_stack() {
            let words = |stack, local| args(stack, local).words().join(" ");
            assert_eq!(words(Some("my stack"), None), "--stack 'my stack'");
            assert_eq!(words(None, Some("http://127.0.0.1:8080")), "--local");
            assert_eq!(words(None, Some("http://127.0.0.1:9")), "--local=http://127.0.0.1:9/");
        }
    }

    mod target {
        use super::*;

        /// A command goes to exactly one stack, or it does not run.
        #[test]
        fn is_exactly_one_stack() {
            let local = Some("http://127.0.0.1:8080");
            for (stack, local, is_one) in [
                (None, None, false),
                (Some("prod"), None, true),
                (None, local, true),
                (Some("prod"), local, false),
            ] {
                assert_eq!(args(stack, local).target().is_ok(), is_one, "{stack:?} {local:?}");
            }
        }

        /// An address is printed in errors and commands, and a password with it.
        #[test]
        fn address_has_no_password() {
            let args = args(None, Some("http://me:hidden@127.0.0.1:8080"));
            let refused = args.target().unwrap_err();
            assert!(refused.is_usage(), "{refused}");
            assert!(!refused.to_string().contains("hidden"), "{refused}");
        }

        /// A stack named in the environment does not override the command line.
        #[test]
        fn command_line_overrides_the_environment() {
            let environment = |name: &str| (name == "ACS_BROKER_STACK").then(|| "prod".to_owned());
            let named = |stack, local| args(stack, local).with_environment(environment).stack;
            assert_eq!(named(None, None).as_deref(), Some("prod"));
            assert_eq!(named(Some("test"), None).as_deref(), Some("test"));
            assert_eq!(named(None, Some("http://127.0.0.1:8080")), None);
        }
    }
}
