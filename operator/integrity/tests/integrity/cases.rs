//! Nineteen sample trees that stock awscli 1.46.3 was run on: the verdict each should get, and, file by file, the same
//! judgement as awscli's where it has no blind spot. `cases/bodies.txt` holds one inflated file per line.

use std::collections::BTreeMap;

use crate::support::memory::{Memory, Stored, Trouble, gzip};
use crate::support::{impatient, verify_files};
use base64::Engine as _;
use serde::Deserialize;
use trail_operator_integrity::{
    Limits, ListedKey, Location, Object, Range, ReadError, Reason, Request, Selection, Trail, Verdict,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    #[serde(rename = "case")]
    name: String,
    verdict: String,
    trail_arn: String,
    start: String,
    end: String,
    region: String,
    account: Option<String>,
    organization: Option<String>,
    buckets: Vec<String>,
    public_keys: Vec<Key>,
    awscli: Awscli,
    objects: Vec<CaseObject>,
}

#[derive(Deserialize)]
struct Key {
    fingerprint: String,
    value: String,
}

#[derive(Deserialize)]
struct Awscli {
    exit: i32,
    invalid: Vec<String>,
    found: Option<(String, String)>,
}

#[derive(Deserialize)]
struct CaseObject {
    bucket: String,
    key: String,
    members: Vec<usize>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    fault: Option<String>,
    awscli: Option<String>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("cases/cases.json")).unwrap()
}

fn source(case: &Case) -> Memory {
    let bodies: Vec<&str> = include_str!("cases/bodies.txt").lines().collect();
    let memory = Memory::new();
    for object in &case.objects {
        let body = object.members.iter().flat_map(|member| gzip(bodies[*member].as_bytes())).collect();
        let trouble = object.fault.as_deref().map(|fault| {
            assert_eq!(fault, "status=403");
            Trouble::Error(ReadError::AccessDenied("Access Denied".to_owned()))
        });
        let stored = Stored { body, metadata: object.metadata.clone(), trouble, last_modified: None };
        memory.put(&Object { bucket: object.bucket.clone(), key: object.key.clone() }, stored);
    }
    let keys = case.public_keys.iter().map(|key| ListedKey {
        fingerprint: key.fingerprint.clone(),
        value: base64::engine::general_purpose::STANDARD.decode(&key.value).unwrap(),
    });
    memory.with(|state| state.keys.insert(case.region.clone(), keys.collect()));
    memory
}

fn request(case: &Case) -> Request {
    let trail = Trail::from_arn(&case.trail_arn).unwrap();
    let location = |bucket: &String| Location {
        bucket: bucket.clone(),
        prefix: None,
        organization: case.organization.clone(),
    };
    let window = Range { start: case.start.parse().unwrap(), end: case.end.parse().unwrap() };
    let account = case.account.clone().unwrap_or_else(|| trail.account.clone());
    let now = "2026-01-05T12:00:00Z".parse().unwrap();
    Request {
        locations: case.buckets.iter().map(location).collect(),
        accounts: Selection::Only(vec![account]),
        regions: Selection::Only(vec![case.region.clone()]),
        whole_window: true,
        limits: Limits { attempts: 2, ..impatient() },
        ..Request::new(trail, location(&case.buckets[0]), window, now)
    }
}

/// The proposed words in ours.
fn expected(verdict: &str) -> (Verdict, &'static [Reason]) {
    match verdict {
        "valid" => (Verdict::Valid, &[]),
        "invalid" => (Verdict::Invalid, &[]),
        "gap" => (Verdict::Incomplete, &[Reason::DeliveryGap]),
        "stale" => (Verdict::Incomplete, &[Reason::DigestsStale]),
        "unlisted-log" => (Verdict::Incomplete, &[Reason::LogFileUnlisted]),
        "nothing-found" => (Verdict::Inconclusive, &[Reason::NothingFound]),
        "could-not-check" => (Verdict::Inconclusive, &[Reason::AccessDenied]),
        other => panic!("{other}"),
    }
}

#[test]
fn every_sample_gets_the_verdict_it_should() {
    let invalid: BTreeMap<&str, &[Reason]> = BTreeMap::from([
        ("append-member-log", [Reason::LogFileTrailingData].as_slice()),
        ("delete-log", &[Reason::LogFileMissing]),
        ("delete-two-digests", &[Reason::DigestMissing, Reason::DigestMissing]),
        ("missing-signature", &[Reason::DigestUnsigned]),
        ("modify-digest", &[Reason::DigestModified]),
        ("modify-log", &[Reason::LogFileModified]),
        ("wrong-prev-hash", &[Reason::ChainBroken]),
    ]);
    let cases = cases();
    assert_eq!(cases.len(), 19);
    for case in cases {
        let (outcome, _) = verify_files(&source(&case), request(&case));
        let (verdict, reasons) = expected(&case.verdict);
        let reasons = if verdict == Verdict::Invalid { invalid[case.name.as_str()] } else { reasons };
        let findings = || outcome.report.findings.iter();
        let found: Vec<Reason> = findings().map(|finding| finding.reason).collect();
        assert_eq!(
            (outcome.report.verdict, found.as_slice()),
            (verdict, reasons),
            "{}: {:#?}",
            case.name,
            outcome.report
        );
        let named: Vec<&str> = findings().filter_map(|finding| finding.object.as_deref()).collect();
        assert_eq!(named.len(), found.len(), "{}", case.name);
        for (object, tail) in named.iter().zip(places(&case.name)) {
            assert!(object.ends_with(tail), "{}: {object} is not {tail}", case.name);
        }
        assert_eq!(named.len(), places(&case.name).len(), "{}", case.name);
    }
}

/// How the names of the objects end that each case is about: those that were damaged, or for a break in time the digest
/// after it, or the folder of what is not there.
fn places(case: &str) -> &'static [&'static str] {
    const LOG: &[&str] = &["/111122223333_CloudTrail_us-east-1_20260105T0330Z_z2pyLaVtKfgJayHO.json.gz"];
    const FOURTH: &str = "_us-east-1_main-trail_us-east-1_20260105T040131Z.json.gz";
    const FIFTH: &str = "_us-east-1_main-trail_us-east-1_20260105T050131Z.json.gz";
    const FOLDER: &[&str] = &["/111122223333/CloudTrail-Digest/us-east-1/"];
    match case {
        "append-member-log" | "delete-log" | "http-403-log" | "modify-log" => LOG,
        "delete-all-digests" | "delete-newest-digests" => FOLDER,
        "delete-two-digests" => &[FOURTH, FIFTH],
        "gap" => &["_us-east-1_main-trail_us-east-1_20260105T060131Z.json.gz"],
        "inject-log" => &["/111122223333_CloudTrail_us-east-1_20260105T0310Z_INJECTEDINJECTED.json.gz"],
        "missing-signature" | "modify-digest" => &[FOURTH],
        "wrong-prev-hash" => &[FIFTH],
        _ => &[],
    }
}

#[test]
fn files_are_judged_as_awscli_judges_them_where_it_has_no_blind_spot() {
    // awscli dies of the first AccessDenied; reports one of two missing digests; compares no previous hash; takes the
    // digests of a trail whose name begins alike.
    let blind = ["http-403-log", "delete-two-digests", "wrong-prev-hash", "two-trails-name-collision"];
    let mut compared = 0;
    for case in cases().into_iter().filter(|case| !blind.contains(&case.name.as_str())) {
        assert!(case.awscli.exit <= 1, "{}", case.name);
        let (outcome, files) = verify_files(&source(&case), request(&case));
        let valid: Vec<String> =
            files.iter().filter(|file| file.1.is_none()).map(|file| file.0.clone()).collect();
        let invalid: Vec<String> =
            files.iter().filter(|file| file.1.is_some()).map(|file| file.0.clone()).collect();
        let mut theirs: Vec<String> = case
            .objects
            .iter()
            .filter(|object| object.awscli.as_deref() == Some("valid"))
            .map(|object| format!("s3://{}/{}", object.bucket, object.key))
            .collect();
        theirs.sort();
        assert_eq!(valid, theirs, "{}", case.name);
        assert_eq!(invalid, case.awscli.invalid, "{}", case.name);
        let found = outcome.report.found.map(|range| (range.start.to_string(), range.end.to_string()));
        assert_eq!(found, case.awscli.found, "{}", case.name);
        compared += files.len();
    }
    assert!(compared > 400, "{compared}");
}

#[test]
fn the_unread_file_is_the_only_one_that_is_not_valid() {
    let case = cases().into_iter().find(|case| case.name == "http-403-log").unwrap();
    let (outcome, files) = verify_files(&source(&case), request(&case));
    assert_eq!(files.iter().filter(|file| file.1.is_none()).count(), 31);
    assert_eq!(outcome.report.chains[0].log_files.files.unchecked, 1);
    assert_eq!(outcome.report.chains[0].log_files.files.invalid, 0);
}

#[test]
fn both_missing_digests_are_named() {
    let case = cases().into_iter().find(|case| case.name == "delete-two-digests").unwrap();
    let (outcome, _) = verify_files(&source(&case), request(&case));
    let ends: Vec<String> = outcome
        .report
        .findings
        .iter()
        .filter_map(|found| Some(found.object.as_ref()?.rsplit_once('_')?.1.to_owned()))
        .collect();
    assert_eq!(ends, ["20260105T040131Z.json.gz", "20260105T050131Z.json.gz"]);
    let message = &outcome.report.findings[1].message;
    assert!(message.contains("between 2026-01-05T03:01:31Z and 2026-01-05T05:01:31Z"), "{message}");
    assert_eq!(outcome.report.chains[0].digests.invalid, 2);
}
