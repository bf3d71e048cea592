//! What is allowed and would cost more than anybody means to pay; and who else records the same. Pure.

use serde_json::json;
use trail_operator_crds::Trail;
use trail_operator_domain::{
    partition,
    selectors::{Admission, AdvancedSelector, Record},
};

use super::{Composition, Found, composition::Key};
use crate::reason::Reason;

/// A warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Warning {
    pub(super) reason: Reason,
    pub(super) message: String,
}

/// Of the selectors of one object.
pub(super) fn warnings(own: &[AdvancedSelector], found: &Found) -> Vec<Warning> {
    let Found { trail, account_id, elsewhere, .. } = found;
    let mut warnings = Vec::new();
    for selector in own {
        if records_own_bucket(selector, trail, account_id) {
            let bucket = &trail.spec.s3.bucket_name;
            let partition = partition::of_region(&trail.spec.region);
            warnings.push(Warning {
                reason: Reason::RecordsOwnBucket,
                message: format!(
                    "{} records the trail's own bucket: each log file that is delivered becomes an event in the next. Leave it out with resources.ARN notStartsWith 'arn:{partition}:s3:::{bucket}/', or set spec.recursiveLogging of the Trail to false",
                    called(selector)
                ),
            });
        }
        if elsewhere.iter().flatten().any(|other| same(selector, other)) {
            warnings.push(Warning {
                reason: Reason::RecordedTwice,
                message: format!(
                    "{} is recorded by another trail of the account too, and AWS charges for each",
                    called(selector)
                ),
            });
        }
        let hints = selector.hints().into_iter();
        warnings.extend(hints.map(|hint| Warning {
            reason: Reason::Doubtful,
            message: format!("{}: {hint}", called(selector)),
        }));
    }
    warnings
}

fn same(one: &AdvancedSelector, other: &AdvancedSelector) -> bool {
    one.covers(other) || other.covers(one)
}

/// Where one selector of a trail makes another needless.
pub(super) fn overlaps(of: &Key, own: &[AdvancedSelector], composition: &Composition) -> Vec<String> {
    let mut overlaps = Vec::new();
    for mine in own {
        for (key, verdict) in &composition.verdicts {
            for theirs in verdict.selectors().iter().filter(|theirs| key != of || *theirs != mine) {
                let told = match (theirs.covers(mine), mine.covers(theirs)) {
                    (true, true) => "records the same as",
                    (true, false) => "is part of what is recorded by",
                    // Told once where both are one's own.
                    (false, true) if key != of => "records all that is recorded by",
                    _ => continue,
                };
                overlaps.push(format!("{} {told} {}", called(mine), by_whom(of, key, theirs)));
            }
        }
    }
    overlaps
}

/// Objects of another namespace may not be anybody's to know.
fn by_whom(of: &Key, key: &Key, theirs: &AdvancedSelector) -> String {
    if of == key {
        called(theirs)
    } else if of.0 == key.0 {
        format!("{} of EventSelector '{}'", called(theirs), key.1)
    } else {
        "an EventSelector of another namespace".to_owned()
    }
}

fn called(selector: &AdvancedSelector) -> String {
    if selector.name.is_empty() { selector.describe() } else { format!("'{}'", selector.name) }
}

/// Whether it takes the event of a log file's own delivery.
fn records_own_bucket(selector: &AdvancedSelector, trail: &Trail, account_id: &str) -> bool {
    if trail.spec.recursive_logging == Some(false) {
        return false;
    }
    let s3 = &trail.spec.s3;
    let partition = partition::of_region(&trail.spec.region);
    let prefix = s3.key_prefix.as_deref().filter(|prefix| !prefix.is_empty());
    let folder = prefix.map(|prefix| format!("{prefix}/")).unwrap_or_default();
    let delivery = json!({
        "eventCategory": "Data",
        "managementEvent": false,
        "eventSource": "s3.amazonaws.com",
        "eventName": "PutObject",
        "eventType": "AwsApiCall",
        "readOnly": false,
        "userIdentity": {"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"},
        "resources": [{
            "type": "AWS::S3::Object",
            "ARN": format!("arn:{partition}:s3:::{}/{folder}AWSLogs/{account_id}/CloudTrail/log.json.gz", s3.bucket_name),
        }],
    });
    // CloudTrail's deliveries have no such identity, so leaving others out leaves these in.
    let mut selector = selector.clone();
    selector.fields.retain(|field| {
        let shuts_out = field.equals.is_empty() && field.starts_with.is_empty() && field.ends_with.is_empty();
        field.field != "userIdentity.arn" || !shuts_out
    });
    Record::from_json(&delivery).is_ok_and(|record| selector.admits(&record) == Admission::Yes)
}
