//! Every code the lab can refuse with: driven by a row of the table, and known to the operator.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use trail_operator_reconcile::aws_error::{AwsError, Class};
use trail_operator_reconcile::reason::Reason;

use crate::refusals::refusals;

/// Modules that imitate CloudTrail's neighbours, or serve the tests. All others imitate CloudTrail.
const NEIGHBOURS: [&str; 13] = [
    "account_service.py",
    "delivery.py",
    "emulator.py",
    "emulator_iam.py",
    "faults.py",
    "lab.py",
    "limits.py",
    "metric_filters.py",
    "neighbour_service.py",
    "organization_service.py",
    "organizations.py",
    "price_list_service.py",
    "telemetry_service.py",
];

/// Codes that no row can bring about, and why.
const WITHOUT_ROW: [&str; 4] = [
    // Of identities, which the lab looks at with --auth only.
    "AccessDeniedException",
    // The SDK has types: it cannot send a word for a boolean.
    "SerializationException",
    // Of the Organizations API, which CloudTrail's own operations translate.
    "AccountAlreadyRegisteredException",
    "ConstraintViolationException",
];

/// Codes that the operator leaves to the next round on purpose: the trail is not to be seen yet. The last is an answer
/// rather than an error, and the client takes it for one.
const RETRIED: [&str; 3] =
    ["TrailNotFoundException", "ResourceNotFoundException", "InsightNotEnabledException"];

/// What the operator calls is in the source of its client, by name.
const OPERATOR: &str = include_str!("../../../../operator/aws/src/cloud_trail.rs");

#[test]
fn every_code_the_lab_knows_is_driven_by_a_row() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lab/lab");
    let mut known = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.extension().is_none_or(|it| it != "py") || NEIGHBOURS.contains(&name) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let words = text.split('"').filter(|word| word.chars().all(|it| it.is_ascii_alphanumeric()));
        known.extend(words.filter(|word| word.len() > 9 && word.ends_with("Exception")).map(str::to_owned));
    }
    assert!(known.len() > 30, "only {known:?} were found in the lab's source");
    let seen: BTreeSet<_> =
        refusals().iter().map(|refusal| refusal.code.as_str()).chain(WITHOUT_ROW).collect();
    let missing: Vec<_> = known.iter().filter(|code| !seen.contains(code.as_str())).collect();
    assert!(missing.is_empty(), "no row of the table is refused with {missing:?}");
}

#[test]
fn the_operator_knows_what_to_do_about_every_code_it_can_meet() {
    let met = refusals().iter().filter(|refusal| OPERATOR.contains(&format!("\"{}\"", refusal.operation)));
    let codes: BTreeSet<_> = met.map(|refusal| refusal.code.as_str()).collect();
    assert!(codes.len() > 20, "the operator meets only {codes:?}");
    for code in codes {
        let error = AwsError::new("CreateTrail", code, "");
        let fallback = error.reason() == Reason::RetryableError;
        assert_eq!(fallback, RETRIED.contains(&code), "{code} is {:?} {:?}", error.class(), error.reason());
        assert!(!fallback || error.class() == Class::Retry);
    }
}

#[test]
fn a_fresh_role_is_tried_again() {
    // `cloudtrail.md` 1.7: these words mean that IAM has not spread the role yet.
    for code in ["InvalidCloudWatchLogsLogGroupArnException", "InvalidCloudWatchLogsRoleArnException"] {
        let class = |message: &str| AwsError::new("CreateTrail", code, message).class();
        assert_eq!((class("Access denied. x"), class("x")), (Class::Retry, Class::Wait));
    }
}
