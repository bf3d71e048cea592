//! What `pattern test` and `presets` answer as programs: exit codes, stdout for data, stderr for the rest.

// Helpers of tests may stop at the first surprise, as tests may.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

fn call(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-cloudtrail"));
    command.args(words).env_clear().output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

/// A log file with these event names, in a folder of its own.
fn log_file(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let records: Vec<_> = names.iter().map(|name| json!({"eventName": name})).collect();
    fs::write(folder.path().join("1.json"), json!({"Records": records}).to_string()).unwrap();
    folder
}

fn path(folder: &tempfile::TempDir) -> &str {
    folder.path().to_str().unwrap()
}

#[test]
fn the_exit_code_says_whether_anything_matches() {
    let folder = log_file(&["StopLogging", "GetObject"]);
    for (pattern, code) in [
        ("{ $.eventName = StopLogging }", 0),
        ("{ $.eventName = DeleteTrail }", 1),
        // Undetermined is no match.
        ("{ $.errorCode != x }", 1),
        ("{ $.eventName == StopLogging }", 4),
    ] {
        let output = call(&["pattern", "test", pattern, path(&folder)]);
        assert_eq!(output.status.code(), Some(code), "{pattern}: {output:?}");
    }
    let invalid = call(&["pattern", "test", "{ $.eventName == x }", path(&folder)]);
    assert_eq!(text(&invalid.stdout), "");
    assert!(
        text(&invalid.stderr).contains("character 15")
            && text(&invalid.stderr).ends_with("                ^\n")
    );
    let none = call(&["pattern", "test", "{ $.eventName = x }"]);
    assert_eq!(none.status.code(), Some(4));
    assert!(text(&none.stderr).contains("there are no events"), "{none:?}");
}

#[test]
fn data_goes_to_stdout_and_everything_else_beside_it() {
    let folder = log_file(&["StopLogging", "GetObject", "DeleteTrail"]);
    let words = [
        "pattern",
        "test",
        "--preset",
        "guide/iam-policy-changes",
        "--preset",
        "cis/4.5",
        "--list",
        "-o",
        "json",
    ];
    let output = call(&[&words[..], &[path(&folder)]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["items"][0]["name"], "CIS-5.0.0/4.5");
    assert_eq!(document["items"][0]["matchedEvents"], json!([0, 2]));
    let told = text(&output.stderr);
    assert!(
        told.contains("guide/iam-policy-changes: a * in the middle") && told.contains("3 events in "),
        "{told}"
    );
}

#[test]
fn events_may_come_through_a_pipe() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-cloudtrail"));
    let words = ["pattern", "test", "{ $.eventName = A }", "-"];
    let mut child = command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"{\"eventName\": \"A\"}\n{\"eventName\": \"B\"}\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stdout).contains("matched"), "{output:?}");
}

#[test]
fn what_is_no_record_is_told_with_its_place_and_is_no_answer() {
    let folder = log_file(&["A"]);
    let file = folder.path().join("2.json");
    fs::write(&file, r#"{"Records":[{"eventName":"A"},{"eventName":},7]}"#).unwrap();
    let output = call(&["pattern", "test", "{ $.eventName = A }", path(&folder)]);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let place = |at: usize| format!("{}, Records[{at}]: ", Path::new(&file).display());
    let told = text(&output.stderr);
    assert!(told.contains(&place(1)) && told.contains(&place(2)) && !told.contains(&place(0)), "{told}");
}

#[test]
fn presets_are_manifests_by_themselves() {
    let output = call(&["presets", "cis", "--output", "yaml", "--trail", "audit"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stdout).matches("kind: MetricAlarm\n").count(), 15);
    assert!(text(&output.stderr).contains("--topic-arn"), "{output:?}");
    let wrong = call(&["presets", "cis-5.0.0/4.33"]);
    assert_eq!(wrong.status.code(), Some(4));
    assert!(text(&wrong.stderr).contains("Do you mean CIS-5.0.0/4.3"), "{wrong:?}");
}
