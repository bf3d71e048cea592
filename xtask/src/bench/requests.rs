//! Requests to the API server, as its audit log tells them.
//!
//! Knows: the log's format, and the policy that keeps out of it what is not to be counted. Must not know: who asks, or
//! what for.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// A log being written.
#[derive(Debug)]
pub(super) struct AuditLog {
    policy: PathBuf,
    log: PathBuf,
}

/// One request that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) verb: String,
    /// `trails`, `trails/status`; a path where it is no resource.
    pub(super) resource: String,
    /// Empty for what is in no namespace.
    pub(super) namespace: String,
    /// Empty for a list, and for what gets its name from the server.
    pub(super) name: String,
}

impl AuditLog {
    /// Prepares one in `folder` for the requests of the service accounts of `namespace`. Leases are left out, which are
    /// the price of being the leader and not of a trail, and watches, which are requests that never end.
    pub(super) fn prepare(folder: &Path, namespace: &str) -> Result<Self> {
        let (policy, log) = (folder.join("audit-policy.json"), folder.join("audit.log"));
        let text = json!({
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived", "ResponseStarted"],
            "rules": [
                {"level": "None", "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}]},
                {"level": "None", "verbs": ["watch"]},
                {"level": "Metadata", "userGroups": [format!("system:serviceaccounts:{namespace}")]},
                {"level": "None"},
            ],
        });
        fs::write(&policy, text.to_string()).context("cannot write the audit policy")?;
        File::create(&log).context("cannot make the audit log")?;
        Ok(Self { policy, log })
    }

    /// The API server's arguments for it.
    pub(super) fn arguments(&self) -> Vec<String> {
        vec![
            format!("--audit-policy-file={}", self.policy.display()),
            format!("--audit-log-path={}", self.log.display()),
            // A request is in the log before the next one of its connection is read, and nothing is rotated away.
            "--audit-log-mode=blocking".into(),
            "--audit-log-maxsize=1000".into(),
        ]
    }

    /// How long it is now.
    pub(super) fn end(&self) -> Result<u64> {
        Ok(fs::metadata(&self.log).context("the audit log is gone")?.len())
    }

    /// What came after it was that long.
    pub(super) fn since(&self, end: u64) -> Result<Vec<Request>> {
        let mut file = File::open(&self.log)?;
        file.seek(SeekFrom::Start(end))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        // The last line may be half written.
        let whole = text.rfind('\n').map_or("", |at| &text[..at]);
        whole.lines().map(parse).collect()
    }
}

fn parse(line: &str) -> Result<Request> {
    let entry: Value = serde_json::from_str(line).with_context(|| format!("no audit entry: {line}"))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let object = &entry["objectRef"];
    let resource = match (object["resource"].as_str(), object["subresource"].as_str()) {
        (Some(resource), Some(subresource)) => format!("{resource}/{subresource}"),
        (Some(resource), None) => resource.to_owned(),
        (None, _) => text(&entry["requestURI"]),
    };
    Ok(Request {
        verb: text(&entry["verb"]),
        resource,
        namespace: text(&object["namespace"]),
        name: text(&object["name"]),
    })
}

/// How many there are of each kind, such as `patch trails/status`.
pub(super) fn by_kind(requests: &[Request]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for request in requests {
        *counts.entry(format!("{} {}", request.verb, request.resource)).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","stage":"ResponseComplete",
        "requestURI":"/apis/trail-operator.dev/v1alpha1/namespaces/a/trails/audit/status?force=true","verb":"patch",
        "user":{"username":"system:serviceaccount:s:o"},"objectRef":{"resource":"trails","namespace":"a","name":"audit",
        "apiGroup":"trail-operator.dev","apiVersion":"v1alpha1","subresource":"status"},"responseStatus":{"code":200}}"#;

    #[test]
    fn an_entry_names_verb_resource_and_object() {
        let request = parse(LINE).unwrap();
        assert_eq!((request.verb.as_str(), request.resource.as_str()), ("patch", "trails/status"));
        assert_eq!((request.namespace.as_str(), request.name.as_str()), ("a", "audit"));
        let version = parse(r#"{"verb":"get","requestURI":"/version"}"#).unwrap();
        assert_eq!((version.resource.as_str(), version.namespace.as_str()), ("/version", ""));
        assert!(parse("{").is_err());
    }

    #[test]
    fn requests_are_those_since_a_mark_and_half_a_line_waits() {
        let folder = test_cluster::scratch::ScratchDir::new().unwrap();
        let log = AuditLog::prepare(folder.path(), "s").unwrap();
        let line = LINE.replace('\n', " ");
        fs::write(&log.log, format!("{line}\n")).unwrap();
        let end = log.end().unwrap();
        assert_eq!(log.since(end).unwrap(), []);
        fs::write(&log.log, format!("{line}\n{line}\n{line}\n{}", &line[..50])).unwrap();
        let requests = log.since(end).unwrap();
        assert_eq!(by_kind(&requests), BTreeMap::from([("patch trails/status".to_owned(), 2)]));
    }
}
