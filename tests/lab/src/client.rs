//! The lab's control plane, one method per path. `README.md` beside this crate says what each does.
//!
//! Knows: paths and the shape of answers. Must not know: what AWS does; that is the lab's business.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use test_cluster::wait_for;
use ureq::Agent;

use crate::process::Process;

/// A call may wait this long; a delivery of many files takes seconds.
const TIMEOUT: Duration = Duration::from_mins(2);

/// A running lab; dropped, it is stopped.
#[derive(Debug)]
pub struct Lab {
    process: Process,
    agent: Agent,
}

/// Which calls to count; `None` means any.
#[derive(Debug, Clone, Copy, Default)]
pub struct CallFilter<'a> {
    /// Of this account.
    pub account: Option<&'a str>,
    /// Of this service, for example `cloudtrail`.
    pub service: Option<&'a str>,
    /// After the call with this number.
    pub since: Option<u64>,
}

/// The AWS calls the lab has seen.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Calls {
    /// How many of each, for example `cloudtrail:CreateTrail`.
    pub by_operation: BTreeMap<String, u64>,
    /// How many could change something.
    pub writes: u64,
    /// All of them, in order.
    pub calls: Vec<Call>,
    last: u64,
}

impl Calls {
    /// How often `operation` was called, for example `cloudtrail:StartLogging`.
    pub fn count(&self, operation: &str) -> u64 {
        self.by_operation.get(operation).copied().unwrap_or_default()
    }

    /// The number of the last call of all, for [`CallFilter::since`].
    pub fn last(&self) -> Option<u64> {
        Some(self.last)
    }
}

/// One AWS call.
#[derive(Debug, Clone, Deserialize)]
pub struct Call {
    /// Its number.
    pub seq: u64,
    /// When, on the lab's clock.
    pub time: String,
    /// By which account.
    pub account: String,
    /// In which Region.
    pub region: String,
    /// To which service.
    pub service: String,
    /// Which operation.
    pub operation: String,
    /// The AWS error it was answered with.
    #[serde(default)]
    pub code: Option<Value>,
    /// The fault that hit it.
    #[serde(default)]
    pub fault: Option<Value>,
}

/// An error as AWS gives it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AwsError {
    /// Its code, for example `TrailNotFoundException`.
    pub code: String,
    /// Its text.
    pub message: String,
}

impl std::fmt::Display for AwsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for AwsError {}

/// The sessions the lab has handed out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Sessions {
    /// How many seconds every new one lasts, where a test has said so.
    pub lifetime: Option<u64>,
    /// How many are good.
    pub valid: u64,
    /// How many are over.
    pub expired: u64,
}

/// How well the lab's behaviours are known.
#[derive(Debug, Clone, Deserialize)]
pub struct Fidelity {
    /// How many are `documented`, `reported`, `assumed`.
    pub counts: BTreeMap<String, u64>,
    /// Each with its source.
    pub behaviours: Vec<Value>,
}

impl Lab {
    /// Starts a lab of one's own on a free port.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// The same with more arguments for it.
    pub fn start_with(args: &[&str]) -> Result<Self> {
        let process = Process::start(args)?;
        // A proxy of the environment must not see calls to this machine.
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .proxy(None)
            .build();
        let lab = Self { process, agent: config.new_agent() };
        wait_for("the lab to answer", Duration::from_secs(30), || lab.health())
            .with_context(|| lab.process.log_tail())?;
        Ok(lab)
    }

    /// Where all its AWS services are.
    pub fn endpoint(&self) -> &str {
        self.process.endpoint()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Whether it lives.
    pub fn health(&self) -> Result<Value> {
        self.get("health")
    }

    /// Forgets everything: resources, calls, faults, time.
    pub fn reset(&self) -> Result<()> {
        self.post("reset", &json!({})).map(drop)
    }

    /// Its clock.
    pub fn clock(&self) -> Result<Value> {
        self.get("clock")
    }

    /// Turns its clock forward.
    pub fn advance(&self, by: Duration) -> Result<Value> {
        self.post("clock", &json!({"advance": by.as_secs()}))
    }

    /// Sets its clock to an ISO 8601 time.
    pub fn set_clock(&self, time: &str) -> Result<Value> {
        self.post("clock", &json!({"set": time}))
    }

    /// Delivers log files and digests: `{"trail", "account", "region", "hours", "filesPerHour", …}`.
    #[expect(clippy::needless_pass_by_value, reason = "callers write it as json!")]
    pub fn deliver(&self, what: Value) -> Result<Value> {
        self.post("deliver", &what)
    }

    /// The AWS calls so far.
    pub fn calls(&self, filter: CallFilter<'_>) -> Result<Calls> {
        let since = filter.since.map(|number| number.to_string());
        let mut request = self.agent.get(self.url("calls"));
        for (name, value) in
            [("account", filter.account), ("service", filter.service), ("since", since.as_deref())]
        {
            if let Some(value) = value {
                request = request.query(name, value);
            }
        }
        Ok(serde_json::from_value(answer("GET calls", request.call())?)?)
    }

    /// Forgets the calls so far.
    pub fn clear_calls(&self) -> Result<()> {
        self.delete("calls")
    }

    /// Makes calls fail, wait or hang: `{"service", "operation", "times", "code", …}`; gives the fault's id.
    #[expect(clippy::needless_pass_by_value, reason = "callers write it as json!")]
    pub fn fault(&self, what: Value) -> Result<String> {
        match &self.post("faults", &what)?["id"] {
            Value::String(id) => Ok(id.clone()),
            Value::Number(id) => Ok(id.to_string()),
            other => bail!("the lab gave the fault no id but {other}"),
        }
    }

    /// All faults, with how often each has hit.
    pub fn faults(&self) -> Result<Value> {
        self.get("faults")
    }

    /// Waits until the fault `id` has hit at least once.
    pub fn wait_hit(&self, id: &str, timeout: Duration) -> Result<Value> {
        self.wait_hits(id, 1, timeout)
    }

    /// Waits until the fault `id` has hit `hits` times.
    pub fn wait_hits(&self, id: &str, hits: u64, timeout: Duration) -> Result<Value> {
        let seconds = timeout.as_secs().max(1).to_string();
        let request = self.agent.get(self.url("faults"));
        let request = request.query("waitHits", hits.to_string()).query("id", id).query("timeout", &seconds);
        answer("GET faults", request.call())
    }

    /// Ends a fault; calls that hang on it go on.
    pub fn delete_fault(&self, id: &str) -> Result<()> {
        self.delete(&format!("faults/{id}"))
    }

    /// Ends all faults.
    pub fn delete_faults(&self) -> Result<()> {
        self.delete("faults")
    }

    /// Makes reads of `service` show writes only after this time.
    pub fn lag(&self, service: &str, lag: Duration) -> Result<()> {
        self.post("lag", &json!({"service": service, "seconds": lag.as_secs_f64()})).map(drop)
    }

    /// Changes, deletes or adds delivered objects.
    #[expect(clippy::needless_pass_by_value, reason = "callers write it as json!")]
    pub fn tamper(&self, what: Value) -> Result<Value> {
        self.post("tamper", &what)
    }

    /// Rotates or withholds the keys that sign digests.
    #[expect(clippy::needless_pass_by_value, reason = "callers write it as json!")]
    pub fn keys(&self, what: Value) -> Result<Value> {
        self.post("keys", &what)
    }

    /// Lets a trail's files arrive or not: `{"trail", "account", "region", "state": "ok" | "stopped", …}`.
    #[expect(clippy::needless_pass_by_value, reason = "callers write it as json!")]
    pub fn delivery(&self, what: Value) -> Result<Value> {
        self.post("delivery", &what)
    }

    /// Settles what AWS leaves open about filter patterns.
    #[expect(clippy::needless_pass_by_value, reason = "callers write it as json!")]
    pub fn patterns(&self, what: Value) -> Result<Value> {
        self.post("patterns", &what)
    }

    /// Calls an AWS operation with the parameters boto3 takes. The lab does not count it. An AWS error is an
    /// [`AwsError`].
    pub fn aws(
        &self,
        service: &str,
        operation: &str,
        params: &Value,
        account: &str,
        region: &str,
    ) -> Result<Value> {
        let call = json!({"service": service, "operation": operation, "params": params, "account": account, "region": region});
        let mut response = self.agent.post(self.url("aws")).send_json(&call)?;
        let status = response.status().as_u16();
        let body: Value =
            response.body_mut().read_json().with_context(|| format!("{service}:{operation}"))?;
        if status == 400 && body["error"].is_object() {
            let error: AwsError = serde_json::from_value(body["error"].clone())?;
            return Err(anyhow::Error::new(error).context(format!("{service}:{operation}")));
        }
        ensure!(status < 300, "{service}:{operation}: the lab answered {status}: {body}");
        Ok(body)
    }

    /// Makes an organization: `{"management", "members", "trustedAccess", …}`.
    #[expect(clippy::needless_pass_by_value, reason = "callers write it as json!")]
    pub fn organization(&self, what: Value) -> Result<Value> {
        self.post("organization", &what)
    }

    /// Enables and disables opt-in Regions of an account; gives those it has enabled now.
    pub fn regions(&self, account: &str, enable: &[&str], disable: &[&str]) -> Result<Vec<String>> {
        let what = json!({"account": account, "enable": enable, "disable": disable});
        Ok(serde_json::from_value(self.post("regions", &what)?["enabled"].take())?)
    }

    /// Ends all sessions of `AssumeRole` there are: their credentials are expired.
    pub fn expire_sessions(&self) -> Result<Sessions> {
        Ok(serde_json::from_value(self.post("sessions", &json!({"expire": true}))?)?)
    }

    /// How long sessions to come last, whatever `AssumeRole` asks for; `None` leaves it to the caller again. The lab
    /// takes whole seconds, at least one.
    pub fn session_lifetime(&self, lifetime: Option<Duration>) -> Result<Sessions> {
        let what = json!({"lifetime": lifetime.map(|time| time.as_secs())});
        Ok(serde_json::from_value(self.post("sessions", &what)?)?)
    }

    /// The sessions there are.
    pub fn sessions(&self) -> Result<Sessions> {
        Ok(serde_json::from_value(self.post("sessions", &json!({}))?)?)
    }

    /// Keeps AWS's limits on calls per second, or no longer.
    pub fn limits(&self, enabled: bool) -> Result<()> {
        self.post("limits", &json!({"enabled": enabled})).map(drop)
    }

    /// All trails, as the lab sees them.
    pub fn trails(&self) -> Result<Value> {
        self.get("trails")
    }

    /// What the lab imitates, and how well that is known.
    pub fn fidelity(&self) -> Result<Fidelity> {
        Ok(serde_json::from_value(self.get("fidelity")?)?)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/_lab/{path}", self.endpoint().trim_end_matches('/'))
    }

    fn get(&self, path: &str) -> Result<Value> {
        answer(&format!("GET {path}"), self.agent.get(self.url(path)).call())
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        answer(&format!("POST {path} {body}"), self.agent.post(self.url(path)).send_json(body))
    }

    fn delete(&self, path: &str) -> Result<()> {
        answer(&format!("DELETE {path}"), self.agent.delete(self.url(path)).call()).map(drop)
    }
}

fn answer(call: &str, response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value> {
    let mut response = response.with_context(|| format!("the lab, {call}"))?;
    let (status, body) = (response.status().as_u16(), response.body_mut().read_to_string()?);
    ensure!(status < 300, "the lab, {call}: answered {status}: {}", body.trim());
    if body.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&body).with_context(|| format!("the lab, {call}: no JSON: {body}"))
}
