//! What is wrong with the options and the settings, all of it at once, before anything starts.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::PathBuf;

use acs_broker_config::Settings;

use crate::hosting::acs::AcsAccess;
use crate::hosting::environment::{self, ProcessEnvironment};
use crate::hosting::table::{NAME, TableAccess};
use crate::options::Options;

/// Everything that has to be changed before the stack can start, a sentence each.
#[derive(Debug, PartialEq, Eq)]
pub struct Faults(Vec<String>);

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("\n"))
    }
}

/// Checks the ports, the files, and the settings where the functions run in this process.
///
/// # Errors
/// Everything that is wrong.
pub(crate) fn check(options: &Options, host: ProcessEnvironment<'_>) -> Result<(), Faults> {
    let mut faults = ports(options);
    faults.extend(files(options));
    if options.functions.is_none() {
        faults.extend(settings(host));
    }
    if faults.is_empty() { Ok(()) } else { Err(Faults(faults)) }
}

/// Returns a sentence for each port that cannot be used. All are held at once, so that two options
/// with the same port are found, and free again afterwards.
fn ports(options: &Options) -> Vec<String> {
    let mut held = Vec::new();
    let mut faults = Vec::new();
    for (option, port) in options.ports() {
        let of_gateway = option == "--port";
        let host = if of_gateway { options.host } else { IpAddr::V4(Ipv4Addr::LOCALHOST) };
        match TcpListener::bind((host, port)) {
            Ok(listener) => held.push((option, port, listener)),
            Err(error) => {
                let twin = held.iter().find(|(_, other, _)| *other == port);
                faults.push(port_fault(option, port, host, twin.map(|(twin, ..)| *twin), &error));
            }
        }
    }
    faults
}

fn port_fault(
    option: &str,
    port: u16,
    host: IpAddr,
    twin: Option<&str>,
    error: &io::Error,
) -> String {
    let remedy = format!("choose another with {option}, or 0 for a free one");
    match (twin, error.kind()) {
        (Some(twin), _) => format!("Port {port} of {option} is the one of {twin}: {remedy}."),
        (None, ErrorKind::AddrInUse) => {
            format!("Port {port} of {option} is taken by another process: {remedy}.")
        }
        (None, ErrorKind::AddrNotAvailable) => {
            format!("This machine does not have the address {host} of --host.")
        }
        (None, _) => format!("Port {port} of {option} cannot be used ({error}): {remedy}."),
    }
}

/// Returns a sentence for each file that cannot be used. That a state cannot be written must not
/// turn out at the end.
fn files(options: &Options) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(file) = &options.import
        && let Err(error) = File::open(file)
    {
        faults.push(format!("The file {} of --import cannot be read: {error}.", file.display()));
    }
    if let Some(file) = &options.export_on_exit {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        if file.is_dir() {
            faults.push(format!("{} of --export-on-exit is a folder.", file.display()));
        } else if folder.is_some_and(|folder| !folder.is_dir()) {
            faults.push(format!("There is no folder for {} of --export-on-exit.", file.display()));
        }
    }
    faults
}

/// Returns a sentence for each setting that is wrong. The places that the parts get later stand in
/// for them: a wrong setting must be known before there are any.
fn settings(host: ProcessEnvironment<'_>) -> Vec<String> {
    let (http, https) = ("http://127.0.0.1:1".to_owned(), "https://127.0.0.1:1".to_owned());
    let connection_string = |endpoint: &str| format!("endpoint={endpoint}/;accesskey=a2V5");
    let acs = AcsAccess {
        connection_string: connection_string(&http),
        https_connection_string: connection_string(&https),
        ca_file: PathBuf::new(),
        http: http.clone(),
        https,
    };
    let table = TableAccess { endpoint: http.clone(), name: NAME };
    let settings = environment::settings(&http, &acs, &table, host);
    let lookup = |name: &str| settings.get(name).cloned().or_else(|| (host.environment)(name));
    match Settings::read(&lookup) {
        Ok(_settings) => Vec::new(),
        Err(wrong) => wrong.0.iter().map(|wrong| format!("The setting {wrong}.")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use jiff::Timestamp;

    use super::*;
    use crate::log::LogFormat;
    use crate::log::tests::collected;

    fn faults(arguments: &[&str], settings: &[(&str, &str)]) -> Vec<String> {
        let free = ["local", "--port", "0", "--acs-port", "0", "--acs-https-port", "0"];
        let options = free.iter().chain(arguments).chain(&["--table-port", "0"]);
        let options = Options::try_parse_from(options).unwrap();
        let (log, _) = collected(LogFormat::Text);
        let environment = |name: &str| {
            let found = settings.iter().find(|(setting, _)| *setting == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let clock = || Timestamp::UNIX_EPOCH;
        let host = ProcessEnvironment { environment: &environment, clock, log: &log };
        check(&options, host).err().map_or(Vec::new(), |faults| faults.0)
    }

    mod port {
        use super::*;

        fn options(ports: [u16; 4]) -> Options {
            let [port, acs, acs_https, table] = ports.map(|port| port.to_string());
            let arguments = ["local", "--port", &port, "--acs-port", &acs];
            let more = ["--acs-https-port", &acs_https, "--table-port", &table];
            Options::parse_from(arguments.iter().chain(&more))
        }

        /// Somebody whose ports are taken learns of all of them at the first start.
        #[test]
        fn each_taken_one_is_named() {
            let taken = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
            let [first, second] = taken.each_ref().map(|port| port.local_addr().unwrap().port());
            let expected = |port, option: &str| {
                format!(
                    "Port {port} of {option} is taken by another process: \
                     choose another with {option}, or 0 for a free one."
                )
            };
            let named = ports(&options([first, 0, 0, second]));
            assert_eq!(named, [expected(first, "--port"), expected(second, "--table-port")]);
            drop(taken);
            assert_eq!(ports(&options([first, 0, 0, second])), Vec::<String>::new());
        }

        /// Two options with one port are a mistake of the command line, not of another process.
        #[test]
        fn given_twice_names_both_options() {
            let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let named = ports(&options([free, 0, free, 0])).join("");
            let expected = format!("Port {free} of --acs-https-port is the one of --port");
            assert!(named.starts_with(&expected), "{named}");
        }

        /// An address of another machine is not a matter of ports.
        #[test]
        fn of_foreign_address_names_host() {
            let named = faults(&["--host", "192.0.2.1"], &[]);
            assert_eq!(named, ["This machine does not have the address 192.0.2.1 of --host."]);
        }
    }

    mod setting {
        use super::*;

        /// A developer who corrects one setting after the other starts the stack many times.
        #[test]
        fn each_wrong_one_is_named() {
            let wrong = [
                ("TOMBSTONE_DAYS", "x"),
                ("SIGN_IN_CLAIM", "signed in"),
                ("SCOPE_POLICY", r#"{"scopes":["pstn"]}"#),
            ];
            let named = faults(&[], &wrong);
            assert_eq!(named.len(), wrong.len(), "{named:?}");
            for (name, _) in wrong {
                let beginning = format!("The setting {name} ");
                assert!(named.iter().any(|fault| fault.starts_with(&beginning)), "{named:?}");
            }
            assert_eq!(faults(&[], &[]), Vec::<String>::new());
        }

        /// Functions that run elsewhere read settings of their own.
        #[test]
        fn of_functions_elsewhere_is_theirs() {
            let elsewhere = ["--functions", "http://127.0.0.1:9000"];
            assert_eq!(faults(&elsewhere, &[("TOMBSTONE_DAYS", "x")]), Vec::<String>::new());
        }
    }
}
