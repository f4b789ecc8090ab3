use std::path::PathBuf;

use clap::Args;
use reqwest::Url;

use crate::failure::Failure;

/// Which stack a command is about.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which stack")]
pub(crate) struct Whereabouts {
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
        default_missing_value = "http://127.0.0.1:8080"
    )]
    pub(crate) local: Option<Url>,

    /// PEM file of further certificate authorities to trust; else `EXTRA_CA_FILE` in the environment
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) extra_ca_file: Option<PathBuf>,
}

/// The one stack that was named.
#[derive(Debug)]
pub(crate) enum Place<'a> {
    Deployed { stack: &'a str, region: Option<&'a str>, profile: Option<&'a str> },
    Local(&'a Url),
}

impl Whereabouts {
    /// The same, with what the environment says where the command line is silent.
    pub(crate) fn or(self, environment: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| environment(name).filter(|value| !value.is_empty());
        let stack = match self.local {
            Some(_) => self.stack,
            None => self.stack.or_else(|| set("ACS_BROKER_STACK")),
        };
        let extra_ca_file = self.extra_ca_file.or_else(|| set("EXTRA_CA_FILE").map(PathBuf::from));
        Self { stack, extra_ca_file, ..self }
    }

    pub(crate) fn place(&self) -> Result<Place<'_>, Failure> {
        let (region, profile) = (self.region.as_deref(), self.profile.as_deref());
        match (self.stack.as_deref(), &self.local) {
            (Some(stack), None) => Ok(Place::Deployed { stack, region, profile }),
            (None, Some(url)) if region.or(profile).is_none() => Ok(Place::Local(url)),
            (None, Some(_)) => {
                Err(Failure::Usage("--region and --profile go with --stack".to_owned()))
            }
            _ => Err(Failure::Usage("say which stack: --stack NAME or --local".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whereabouts(stack: Option<&str>, local: Option<&str>) -> Whereabouts {
        Whereabouts {
            stack: stack.map(str::to_owned),
            region: None,
            profile: None,
            local: local.map(|url| url.parse().unwrap()),
            extra_ca_file: None,
        }
    }

    #[test]
    fn a_command_goes_to_exactly_one_stack_or_nowhere() {
        let local = Some("http://127.0.0.1:8080");
        for (stack, local, is_one) in [
            (None, None, false),
            (Some("prod"), None, true),
            (None, local, true),
            (Some("prod"), local, false),
        ] {
            assert_eq!(whereabouts(stack, local).place().is_ok(), is_one, "{stack:?} {local:?}");
        }
    }

    #[test]
    fn a_stack_in_the_environment_does_not_overrule_the_one_on_the_command_line() {
        let environment = |name: &str| (name == "ACS_BROKER_STACK").then(|| "prod".to_owned());
        let said = |stack, local| whereabouts(stack, local).or(environment).stack;
        assert_eq!(said(None, None).as_deref(), Some("prod"));
        assert_eq!(said(Some("test"), None).as_deref(), Some("test"));
        assert_eq!(said(None, Some("http://127.0.0.1:8080")), None);
    }
}
