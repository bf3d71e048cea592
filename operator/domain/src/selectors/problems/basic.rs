//! What AWS would refuse in a basic selector (`cloudtrail.md` 2.1).
//!
//! Knows what values each of the three types takes. Must not know the advanced form.

use super::super::{
    BasicSelector,
    basic::{DYNAMODB_TABLE, LAMBDA_FUNCTION, S3_OBJECT, is_everything},
};
use super::{quoted, text_problem};

/// The only sources of management events that may be left out.
const EXCLUDABLE: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];

impl BasicSelector {
    /// What AWS would refuse, and what could never record anything: a sentence each, none when all is well.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.include_management_events && self.data_resources.is_empty() {
            problems.push("it records nothing; list at least one data resource".into());
        }
        problems.extend(self.exclusion_problems());
        for (kind, value) in &self.data_resources {
            let problem = text_problem(value).or_else(|| value_problem(kind, value));
            problems
                .extend(problem.map(|problem| format!("dataResources {kind} {}: {problem}", quoted(value))));
        }
        problems
    }

    fn exclusion_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.include_management_events && !self.exclude_management_event_sources.is_empty() {
            problems.push(
                "it excludes sources of management events, but records no management events; leave the exclusion out"
                    .into(),
            );
        }
        for source in &self.exclude_management_event_sources {
            if !EXCLUDABLE.contains(&source.as_str()) {
                problems.push(format!(
                    "management events of {} cannot be excluded, only those of {}",
                    quoted(source),
                    EXCLUDABLE.join(" and ")
                ));
            }
        }
        problems
    }
}

fn value_problem(kind: &str, value: &str) -> Option<String> {
    let form = match kind {
        S3_OBJECT => Form {
            takes: is_objects,
            examples: "'arn:aws:s3:::bucket/' for all objects of a bucket, 'arn:aws:s3:::bucket/path' for those whose keys begin so, 'arn:aws:s3' for all buckets",
        },
        LAMBDA_FUNCTION => Form {
            takes: is_function,
            examples: "'arn:aws:lambda:us-east-1:111122223333:function:name' for one function, 'arn:aws:lambda' for all",
        },
        DYNAMODB_TABLE => Form {
            takes: is_table,
            examples: "'arn:aws:dynamodb:us-east-1:111122223333:table/name' for one table, 'arn:aws:dynamodb' for all",
        },
        _ => {
            return Some(format!(
                "the basic form knows only the types {S3_OBJECT}, {LAMBDA_FUNCTION} and {DYNAMODB_TABLE}; use the advanced form for others"
            ));
        }
    };
    if value.contains(['*', '?']) {
        return Some(format!("CloudTrail knows no wildcards; write {}", form.examples));
    }
    if is_everything(kind, value) && value.split(':').nth(1).is_some_and(is_partition) || (form.takes)(value)
    {
        return None;
    }
    if let Some(bucket) = bucket_without_slash(kind, value) {
        return Some(format!("a bucket must end with a slash; write '{bucket}/'"));
    }
    Some(format!("CloudTrail does not take this value; write {}", form.examples))
}

/// What the values of a type look like, all resources apart.
struct Form {
    takes: fn(&str) -> bool,
    examples: &'static str,
}

fn is_objects(value: &str) -> bool {
    let Some(["arn", partition, "s3", "", "", objects]) = parts(value) else { return false };
    is_partition(partition) && objects.split_once('/').is_some_and(|(bucket, _)| !bucket.is_empty())
}

fn bucket_without_slash<'a>(kind: &str, value: &'a str) -> Option<&'a str> {
    let [_, partition, "s3", "", "", bucket] = parts(value)? else { return None };
    let is_bucket =
        kind == S3_OBJECT && is_partition(partition) && !bucket.is_empty() && !bucket.contains('/');
    is_bucket.then_some(value)
}

fn is_function(value: &str) -> bool {
    let Some(["arn", partition, "lambda", region, account, function]) = parts(value) else { return false };
    let named = function.strip_prefix("function:").is_some_and(|name| !name.is_empty());
    is_partition(partition) && !region.is_empty() && is_account(account) && named
}

fn is_table(value: &str) -> bool {
    let Some(["arn", partition, "dynamodb", region, account, table]) = parts(value) else { return false };
    let named = table.strip_prefix("table/").is_some_and(|name| !name.is_empty() && !name.contains('/'));
    is_partition(partition) && !region.is_empty() && is_account(account) && named
}

/// The six parts of an ARN.
fn parts(value: &str) -> Option<[&str; 6]> {
    value.splitn(6, ':').collect::<Vec<_>>().try_into().ok()
}

fn is_partition(text: &str) -> bool {
    text.starts_with("aws") && text.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-')
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.chars().all(|letter| letter.is_ascii_digit())
}
