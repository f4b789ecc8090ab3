//! Operators use `acs-broker` on a local stack.

mod doctor;

use acs_broker_harness::cli::CliRunner;
use acs_broker_harness::process::workspace_binary;
use acs_broker_harness::stack::{StackProcess, now};
use acs_broker_harness::table;
use acs_broker_harness::tools;
use serde_json::{Value, json};

/// An operator shows a user, suspends them and unsuspends them.
#[tokio::test]
async fn show_suspend_and_unsuspend_work() {
    let stack = StackProcess::start().await;
    let operator = CliRunner::of(&stack);
    let session = stack.sign_in_at("alice", now() - 100).await;
    let first = stack.token(&session).await;

    let shown = operator.run("show alice").await;
    assert_eq!((shown.exit, &shown.json["identity"]["id"]), (0, &json!(first.identity())));
    let suspended = operator.run("suspend alice").await;
    assert_eq!(suspended.exit, 0, "{}", suspended.text);
    assert!(!stack.acs().is_active(&first.token()).await);
    let later = stack.sign_in_at("alice", now() + 200).await;
    assert_eq!(stack.token(&later).await.code(), "user_suspended");
    let shown = operator.run("show alice").await.json;
    assert_eq!(
        (&shown["suspended"], &shown["suspension"]["by"]),
        (&json!(true), &json!("operator"))
    );

    assert_eq!(operator.run("unsuspend alice").await.exit, 0);
    assert_eq!(stack.token(&session).await.code(), "sign_in_again", "not with the old session");
    assert_eq!(stack.token(&later).await.identity(), first.identity());
}

/// A mistyped name is neither taken for a user without a record nor left without a hint.
#[tokio::test]
async fn mistyped_name_finds_the_user() {
    let stack = StackProcess::start().await;
    let operator = CliRunner::of(&stack);
    stack.acs_token(&stack.sign_in("alice").await).await;
    let shown = operator.run("show alicx").await;
    assert_eq!((shown.exit, &shown.json["similar"]), (3, &json!(["alice"])), "{}", shown.text);
    let found = operator.run("search LIC").await;
    assert_eq!((found.exit, &found.json["subject"]), (0, &json!("alice")));
    assert_eq!(operator.run("search nobody").await.exit, 3);
}

/// A script reads the users of a stack line by line, and begins before the last one has come.
#[tokio::test]
async fn list_prints_a_user_a_line() {
    let stack = StackProcess::start().await;
    let operator = CliRunner::of(&stack);
    for user in ["alice", "bob", "carol"] {
        stack.acs_token(&stack.sign_in(user).await).await;
    }
    for (command, expected) in [("list", "alice bob carol"), ("list --limit 2", "alice bob")] {
        let listed = operator.run(command).await;
        let users = listed.text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let users: Vec<_> =
            users.map(|user| user["subject"].as_str().unwrap().to_owned()).collect();
        assert_eq!((listed.exit, users.join(" ").as_str()), (0, expected), "{}", listed.text);
    }
    let refused = operator.run("list --limit 0").await;
    assert_eq!(refused.exit, 2, "{}", refused.text);
    assert!(refused.text.contains("'0' for '--limit <N>'"), "{}", refused.text);
}

/// The sessions of all users end at once, and each of their tokens dies.
#[tokio::test]
async fn all_users_are_revoked() {
    let stack = StackProcess::start().await;
    let operator = CliRunner::of(&stack);
    let mut users = Vec::new();
    for number in 0..12 {
        let session = stack.sign_in_at(&format!("user-{number}"), now() - 100).await;
        let token = stack.acs_token(&session).await;
        users.push((session, token));
    }
    let newcomer = stack.sign_in_at("newcomer", now() - 100).await;

    let plan = operator.run("revoke-all --dry-run").await;
    assert_eq!((plan.exit, &plan.json["users"]), (0, &json!(12)), "{}", plan.text);
    assert!(stack.acs().is_active(&users[0].1).await, "a dry run revokes nothing");
    assert_eq!(operator.run("revoke-all").await.exit, 2, "no terminal to confirm it at");
    assert!(stack.acs().is_active(&users[0].1).await);

    let scanned = operator.run("revoke-all --yes").await;
    assert_eq!((scanned.exit, &scanned.json["revoked"]), (0, &json!(12)), "{}", scanned.text);
    for (session, token) in &users {
        assert!(!stack.acs().is_active(token).await);
        assert_eq!(stack.token(session).await.code(), "sign_in_again");
    }
    assert_eq!(stack.token(&newcomer).await.code(), "sign_in_again", "even without a record");
    let fresh = stack.sign_in_at("user-0", now() + 200).await;
    assert_eq!(stack.token(&fresh).await.status, 200);

    let again = operator.run("revoke-all --resume --yes").await;
    assert_eq!(again.exit, 2, "{}", again.text);
    assert!(again.text.contains("there is nothing to resume"), "{}", again.text);
    let token = stack.acs_token(&fresh).await;
    assert!(stack.acs().is_active(&token).await, "a newer session is spared");
}

/// An operator deletes several users and learns which deletions are left to the sweep.
#[tokio::test]
async fn bulk_delete_reports_deferred_users() {
    let stack = StackProcess::start().await;
    let operator = CliRunner::of(&stack);
    for user in ["alice", "bob"] {
        stack.acs_token(&stack.sign_in(user).await).await;
    }
    let outage = json!({"operation": "delete", "effect": {"status": 503, "body": "html"}});
    stack.acs().add_fault(outage).await;
    let done = operator.run("delete alice bob --yes").await;
    assert_eq!(done.exit, 3, "{}", done.text);
    for user in done.json["users"].as_array().unwrap() {
        assert_eq!(user["outcome"], "deferred", "{}", done.text);
    }
    stack.acs().clear_faults().await;
    let done = operator.run("delete alice bob --yes").await;
    assert_eq!(done.exit, 0, "{}", done.text);
    assert_eq!(stack.acs().live_identities().await, [""; 0]);
    let orphans = operator.run("orphans").await.json;
    assert_eq!(orphans, json!({"orphans": [], "unconfirmedIdentities": []}));
}

/// An operator who revokes every user learns of a row that was left out.
#[tokio::test]
async fn revoke_all_warns_of_unreadable_row() {
    let stack = StackProcess::start().await;
    let operator = CliRunner::of(&stack);
    stack.acs_token(&stack.sign_in_at("alice", now() - 100).await).await;
    table::put_unknown_key(&table::of(&stack)).await;

    let walked = operator.run("revoke-all --yes").await;
    assert_eq!(walked.exit, 0, "{}", walked.text);
    let warning = "a row has a key that this version cannot read";
    assert!(walked.text.contains(warning), "{}", walked.text);
}

/// Users of a stack are exported, and a second import of the file changes nothing.
#[tokio::test]
async fn export_is_imported_without_a_change() {
    let stack = StackProcess::start().await;
    let operator = CliRunner::of(&stack);
    for user in ["alice", "bob"] {
        stack.acs_token(&stack.sign_in(user).await).await;
    }
    assert_eq!(operator.run("suspend bob").await.exit, 0);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.ndjson").display().to_string();
    let exported = operator.run(&format!("export --output {file}")).await;
    assert_eq!(exported.exit, 0, "{}", exported.text);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(!text.contains("accesskey") && !text.contains("eyJ"), "no keys, no tokens: {text}");

    let again = operator.run(&format!("import {file} --yes")).await;
    assert_eq!((again.exit, &again.json["equal"]), (0, &json!(2)), "{}", again.text);

    let elsewhere = StackProcess::start().await;
    let refused = CliRunner::of(&elsewhere).run(&format!("import {file} --yes")).await;
    assert_eq!((refused.exit, &refused.json["refused"]), (3, &json!(2)), "{}", refused.text);
    assert!(refused.text.contains("another ACS resource"), "{}", refused.text);

    std::fs::write(&file, text.replace("bob", "eve")).unwrap();
    let changed = operator.run(&format!("import {file} --yes")).await;
    assert_eq!(changed.exit, 2, "{}", changed.text);
    assert!(changed.text.contains("SHA-256"), "{}", changed.text);
}

/// An identity provider gets another name: users keep their identities, the old name gets nothing.
#[tokio::test]
async fn users_are_carried_over_to_a_new_issuer() {
    let stack = StackProcess::start().await;
    let operator = CliRunner::of(&stack);
    let session = stack.sign_in_at("alice", now() - 100).await;
    let first = stack.token(&session).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.ndjson").display().to_string();
    assert_eq!(operator.run(&format!("export --output {file}")).await.exit, 0);

    let issuer = format!("--issuer {}=https://new.example", stack.gateway());
    let plan = operator.run(&format!("import {file} --dry-run {issuer}")).await;
    assert_eq!((plan.exit, &plan.json["carriedOver"]), (0, &json!(1)), "{}", plan.text);
    assert_eq!(stack.token(&session).await.status, 200, "a dry run changes nothing");
    let carried = operator.run(&format!("import {file} --yes {issuer}")).await;
    assert_eq!((carried.exit, &carried.json["carriedOver"]), (0, &json!(1)), "{}", carried.text);
    assert!(!stack.acs().is_active(&first.token()).await, "the old name's tokens are dead");
    let later = stack.sign_in_at("alice", now() + 200).await;
    assert_eq!(stack.token(&later).await.code(), "user_suspended");
    let found = operator.run(&format!("whois {}", first.identity())).await;
    assert_eq!(found.json["user"]["issuer"], "https://new.example", "{}", found.text);
    let again = operator.run(&format!("import {file} --yes {issuer}")).await;
    assert_eq!((again.exit, &again.json["equal"]), (0, &json!(1)), "{}", again.text);
}

/// Every example in a help text runs, on a stack and with files as it needs them.
#[tokio::test]
async fn examples_of_the_help_texts_run() {
    let stack = StackProcess::start().await;
    for user in ["alice", "bob"] {
        stack.acs_token(&stack.sign_in(user).await).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let identity = stack.token(&stack.sign_in("carol").await).await.identity().clone();
    for (file, text) in [
        ("leavers.txt", "alice\n".to_owned()),
        ("users.csv", "name,sub\nAlice,alice\n".to_owned()),
        // A session that began after the examples that end sessions.
        ("token.txt", stack.sign_in_at("dave", now() + 200).await.0),
        ("old.csv", format!("user,acs\ncarol,{identity}\n")),
    ] {
        std::fs::write(folder.path().join(file), text).unwrap();
    }
    let page = std::fs::read_to_string(tools::repository().join("docs/reference/cli.md")).unwrap();
    let examples = page.lines().filter(|line| line.starts_with("  acs-broker "));
    let examples: Vec<_> = examples.map(str::trim).filter(|line| is_local(line)).collect();
    assert!(examples.len() > 20, "{examples:?}");
    for example in examples {
        let words = example.strip_prefix("acs-broker ").unwrap().replace("--local ", "");
        let words = words.replace("--stack acs-token-broker ", "").replace("~/", "./home/");
        let binary = workspace_binary("acs-broker");
        let binary = binary.as_std().get_program().to_string_lossy().into_owned();
        let mut shell = tokio::process::Command::new("sh");
        let folders = "mkdir -p home/.local/share/bash-completion/completions home/.zfunc \
            home/.local/share/man/man1";
        shell.arg("-c").arg(format!("{folders}; {binary} --local={} {words}", stack.gateway()));
        let input = if example.contains("token") { "token.txt" } else { "leavers.txt" };
        shell.stdin(std::fs::File::open(folder.path().join(input)).unwrap());
        let output = shell.current_dir(folder.path()).output().await.unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        // Nothing was begun that could be resumed.
        let is_complete =
            example.contains("--resume") && text.contains("there is nothing to resume");
        let is_expected = matches!(output.status.code(), Some(0 | 3)) || is_complete;
        assert!(is_expected, "{example}: {output:?} {text}");
    }
}

/// Whether an example can run without AWS and without a person.
fn is_local(example: &str) -> bool {
    let needs_more = ["dead-letters", "--watch", "whois"];
    !needs_more.iter().any(|word| example.contains(word))
}
