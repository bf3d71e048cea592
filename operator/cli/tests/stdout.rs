//! Where what is written goes: to a full disk, or to nobody.

// Helpers of tests may stop at the first surprise, as tests may.
#![allow(clippy::unwrap_used)]

use std::{
    fs::{self, OpenOptions},
    io,
    process::{Command, Output, Stdio},
};

const NO_ANSWER: Option<i32> = Some(4);

const MANIFESTS: &str = r#"
apiVersion: trail-operator.dev/v1alpha1
kind: Trail
metadata: {name: audit}
spec: {region: eu-west-1, s3: {bucketName: logs}}
---
apiVersion: trail-operator.dev/v1alpha1
kind: EventSelector
metadata: {name: topics}
spec:
  trailRef: {name: audit}
  advanced:
  - name: topics
    fieldSelectors:
    - {field: eventCategory, equals: [Data]}
    - {field: resources.type, equals: ["AWS::SNS::Topic"]}
"#;
const EVENT: &str = r#"{"eventSource": "sns.amazonaws.com", "eventName": "Publish", "eventCategory": "Data", "awsRegion": "eu-west-1", "resources": [{"type": "AWS::SNS::Topic", "ARN": "arn:aws:sns:eu-west-1:111122223333:a"}]}"#;

fn call(words: &[&str], stdout: impl Into<Stdio>, stderr: impl Into<Stdio>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-cloudtrail"));
    let child = command.args(words).env_clear().stdout(stdout).stderr(stderr).spawn().unwrap();
    child.wait_with_output().unwrap()
}

fn full() -> fs::File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

/// A pipe from which nobody reads.
fn closed() -> io::PipeWriter {
    io::pipe().unwrap().1
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

/// The words of `selector test`, with what it reads, for as long as the folder is there.
fn selector_test(folder: &tempfile::TempDir) -> Vec<String> {
    let [manifests, events] = ["manifests.yaml", "event.json"].map(|name| folder.path().join(name));
    fs::write(&manifests, MANIFESTS).unwrap();
    fs::write(&events, EVENT).unwrap();
    let words = ["selector", "test", "--filename", manifests.to_str().unwrap(), events.to_str().unwrap()];
    words.map(str::to_owned).to_vec()
}

#[test]
fn what_cannot_be_written_is_no_answer_and_a_reader_who_went_away_has_had_his() {
    let folder = tempfile::tempdir().unwrap();
    let test = selector_test(&folder);
    let test: Vec<_> = test.iter().map(String::as_str).collect();
    for words in [
        vec!["version"],
        vec!["crds"],
        vec!["presets"],
        test.clone(),
        [&test[..], &["--output", "json"]].concat(),
    ] {
        let output = call(&words, full(), Stdio::piped());
        assert_eq!(output.status.code(), NO_ANSWER, "{words:?}: {output:?}");
        let why = "error: cannot write to stdout: No space left on device";
        assert!(text(&output.stderr).starts_with(why), "{words:?}: {output:?}");
        let output = call(&words, closed(), Stdio::piped());
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{words:?}");
    }
}

#[test]
fn where_nothing_can_be_told_the_exit_code_still_is() {
    for stderr in [Stdio::from(full()), Stdio::from(closed())] {
        let output = call(&["import", "--trail-arn", "audit"], Stdio::piped(), stderr);
        assert_eq!(output.status.code(), NO_ANSWER, "{output:?}");
    }
}
