//! Counting what the operator asks of AWS and of Kubernetes between two moments.
//!
//! Knows: the lab's calls and the audit log, and whose they are. Must not know: how many there may be.

use std::collections::BTreeMap;

use anyhow::Result;
use test_lab::{Call, CallFilter, Lab};

use super::requests::{self, AuditLog, Request};

/// A moment from which is counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    aws: Option<u64>,
    kubernetes: u64,
}

/// What was asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Counted {
    pub(super) aws: Vec<Call>,
    pub(super) kubernetes: Vec<Request>,
    pub(super) aws_writes: usize,
}

impl Mark {
    /// Now.
    pub(super) fn now(lab: &Lab, audit: &AuditLog) -> Result<Self> {
        // An account that there is not: only the number of the last call is wanted.
        let none = CallFilter { account: Some("0"), ..CallFilter::default() };
        Ok(Self { aws: lab.calls(none)?.last(), kubernetes: audit.end()? })
    }

    /// All that was asked since.
    pub(super) fn all(&self, lab: &Lab, audit: &AuditLog) -> Result<Counted> {
        self.count(lab, audit, None)
    }

    /// What was asked since of this account, and about objects in this namespace and the AwsAccount of its name.
    pub(super) fn of(&self, lab: &Lab, audit: &AuditLog, account: &str, name: &str) -> Result<Counted> {
        let mut counted = self.count(lab, audit, Some(account))?;
        counted.kubernetes.retain(|request| is_about(request, name));
        Ok(counted)
    }

    fn count(&self, lab: &Lab, audit: &AuditLog, account: Option<&str>) -> Result<Counted> {
        let calls = lab.calls(CallFilter { account, since: self.aws, ..CallFilter::default() })?;
        let kubernetes = audit.since(self.kubernetes)?;
        let aws_writes = usize::try_from(calls.writes)?;
        Ok(Counted { aws: calls.calls, aws_writes, kubernetes })
    }
}

impl Counted {
    /// How often that operation of `CloudTrail` was called.
    pub(super) fn cloud_trail(&self, operation: &str) -> usize {
        self.aws.iter().filter(|call| call.service == "cloudtrail" && call.operation == operation).count()
    }

    /// Calls that AWS throttled.
    pub(super) fn throttled(&self) -> usize {
        let throttled = |call: &&Call| call.code.as_ref().is_some_and(|code| code == "ThrottlingException");
        self.aws.iter().filter(throttled).count()
    }

    /// Writes of the status of a Trail.
    pub(super) fn status_writes(&self) -> usize {
        self.kubernetes.iter().filter(|request| request.resource == "trails/status").count()
    }

    /// Requests that change something.
    pub(super) fn kubernetes_writes(&self) -> usize {
        let reads = ["get", "list", "watch"];
        self.kubernetes.iter().filter(|request| !reads.contains(&request.verb.as_str())).count()
    }

    /// What the counts are made of, in one line.
    pub(super) fn told(&self) -> String {
        let mut aws: BTreeMap<String, u64> = BTreeMap::new();
        for call in &self.aws {
            let code = match &call.code {
                Some(code) if !code.is_null() && code != "" => {
                    format!(" ({})", code.as_str().unwrap_or_default())
                }
                _ => String::new(),
            };
            *aws.entry(format!("{}{code}", call.operation)).or_default() += 1;
        }
        format!("AWS: {}; Kubernetes: {}", listed(&aws), listed(&requests::by_kind(&self.kubernetes)))
    }
}

fn is_about(request: &Request, name: &str) -> bool {
    request.namespace == name || (request.resource.starts_with("awsaccounts") && request.name == name)
}

fn listed(counts: &BTreeMap<String, u64>) -> String {
    if counts.is_empty() {
        return "nothing".into();
    }
    counts.iter().map(|(what, count)| format!("{what} {count}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(operation: &str, code: &str) -> Call {
        serde_json::from_value(json!({"seq": 1, "time": "", "account": "1", "region": "us-east-1",
            "service": "cloudtrail", "operation": operation, "code": code}))
        .unwrap()
    }

    fn request(verb: &str, resource: &str, namespace: &str, name: &str) -> Request {
        let [verb, resource, namespace, name] = [verb, resource, namespace, name].map(str::to_owned);
        Request { verb, resource, namespace, name }
    }

    #[test]
    fn a_refused_call_is_told_apart() {
        let aws = vec![call("GetTrailStatus", ""), call("GetTrailStatus", "ThrottlingException")];
        let kubernetes =
            vec![request("patch", "trails/status", "a", "audit"), request("get", "namespaces", "a", "a")];
        let counted = Counted { aws, kubernetes, aws_writes: 0 };
        assert_eq!((counted.throttled(), counted.cloud_trail("GetTrailStatus")), (1, 2));
        assert_eq!((counted.status_writes(), counted.kubernetes_writes()), (1, 1));
        let told = "AWS: GetTrailStatus 1, GetTrailStatus (ThrottlingException) 1; \
                    Kubernetes: get namespaces 1, patch trails/status 1";
        assert_eq!(counted.told(), told);
        assert_eq!(Counted::default().told(), "AWS: nothing; Kubernetes: nothing");
    }

    #[test]
    fn the_account_of_a_namespace_belongs_to_it() {
        assert!(is_about(&request("create", "events", "a", ""), "a"));
        assert!(is_about(&request("patch", "awsaccounts", "", "a"), "a"));
        assert!(!is_about(&request("patch", "awsaccounts", "", "b"), "a"));
        assert!(!is_about(&request("patch", "trails", "b", "a"), "a"));
    }
}
