//! Prometheus metrics. Labels come from a fixed vocabulary and from names of objects; never from free text.

mod cost;
mod validation;

use std::{collections::HashMap, sync::Arc, time::Duration};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use parking_lot::Mutex;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};
use trail_operator_aws::Call;
use trail_operator_crds::CostStatus;
use trail_operator_reconcile::trail::validation::{Ledger, Run};

pub(crate) use self::validation::RunResult;
use self::{cost::Cost, validation::Validation};

/// The registry and everything in it.
pub(crate) struct Metrics {
    registry: Registry,
    reconciles: Family<Reconciled, Counter>,
    reconcile_seconds: Family<Kind, Histogram>,
    conditions: Family<ConditionLabels, Gauge>,
    /// Which of them each object has.
    shown: Mutex<HashMap<(&'static str, Object), Vec<ConditionLabels>>>,
    aws_requests: Family<AwsRequest, Counter>,
    aws_request_seconds: Family<AwsOperation, Histogram>,
    aws_throttled: Family<AwsOperation, Counter>,
    drift: Family<Drifted, Counter>,
    trail_logging: Family<Object, Gauge>,
    validation: Validation,
    cost: Cost,
    leader: Gauge,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reconciled {
    kind: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Object {
    namespace: String,
    name: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ConditionLabels {
    kind: &'static str,
    namespace: String,
    name: String,
    r#type: String,
    status: String,
    reason: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AwsRequest {
    service: &'static str,
    operation: &'static str,
    code: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AwsOperation {
    service: &'static str,
    operation: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Drifted {
    kind: &'static str,
    field: String,
}

/// How a round ended, as the label `result` says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RoundResult {
    /// As declared.
    Success,
    /// Something must change first, or be tried again.
    Pending,
    /// The round itself failed: Kubernetes did not answer.
    Error,
}

impl Metrics {
    /// Registers everything.
    pub(crate) fn new() -> Arc<Self> {
        let seconds = || Histogram::new([0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0]);
        let metrics = Self {
            registry: Registry::default(),
            reconciles: Family::default(),
            reconcile_seconds: Family::new_with_constructor(seconds),
            conditions: Family::default(),
            shown: Mutex::default(),
            aws_requests: Family::default(),
            aws_request_seconds: Family::new_with_constructor(seconds),
            aws_throttled: Family::default(),
            drift: Family::default(),
            trail_logging: Family::default(),
            validation: Validation::default(),
            cost: Cost::default(),
            leader: Gauge::default(),
        };
        Arc::new(metrics.registered())
    }

    fn registered(mut self) -> Self {
        let mut registry = Registry::with_prefix("trail_operator");
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The running version", version);
        registry.register("reconcile", "Rounds of reconciling, by how they ended", self.reconciles.clone());
        registry.register_with_unit(
            "reconcile_duration",
            "Time of one round of reconciling",
            Unit::Seconds,
            self.reconcile_seconds.clone(),
        );
        registry.register(
            "resource_condition",
            "1 for each condition that an object has",
            self.conditions.clone(),
        );
        registry.register("aws_requests", "Calls to AWS, by error code or OK", self.aws_requests.clone());
        registry.register_with_unit(
            "aws_request_duration",
            "Time of one call to AWS with its repetitions",
            Unit::Seconds,
            self.aws_request_seconds.clone(),
        );
        registry.register("aws_throttled", "Calls that AWS throttled to the end", self.aws_throttled.clone());
        registry.register("drift_detected", "Fields found changed in AWS by others", self.drift.clone());
        registry.register(
            "trail_logging",
            "1 while GetTrailStatus says that the trail logs",
            self.trail_logging.clone(),
        );
        self.validation.register(&mut registry);
        self.cost.register(&mut registry);
        registry.register("leader", "1 while this process leads", self.leader.clone());
        self.registry = registry;
        self
    }

    /// The text of `/metrics`.
    pub(crate) fn text(&self, leads: bool) -> Result<String, std::fmt::Error> {
        self.leader.set(i64::from(leads));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// A round ended; `took` is unset where it was not measured.
    pub(crate) fn reconciled(&self, kind: &'static str, result: RoundResult, took: Option<Duration>) {
        let result = match result {
            RoundResult::Success => "success",
            RoundResult::Pending => "pending",
            RoundResult::Error => "error",
        };
        self.reconciles.get_or_create(&Reconciled { kind, result }).inc();
        if let Some(took) = took {
            self.reconcile_seconds.get_or_create(&Kind { kind }).observe(took.as_secs_f64());
        }
    }

    /// AWS was called.
    pub(crate) fn called_aws(&self, call: Call<'_>) {
        let Call { service, operation, code, took, throttled } = call;
        self.aws_requests.get_or_create(&AwsRequest { service, operation, code: code.to_owned() }).inc();
        let labels = AwsOperation { service, operation };
        self.aws_request_seconds.get_or_create(&labels).observe(took.as_secs_f64());
        if throttled {
            self.aws_throttled.get_or_create(&labels).inc();
        }
    }

    /// An object has these conditions: one series for each, which goes when the condition changes.
    pub(crate) fn has_conditions(
        &self,
        kind: &'static str,
        namespace: &str,
        name: &str,
        conditions: &[Condition],
    ) {
        let object = (kind, Object { namespace: namespace.into(), name: name.into() });
        let now: Vec<_> = conditions
            .iter()
            .map(|condition| ConditionLabels {
                kind,
                namespace: namespace.into(),
                name: name.into(),
                r#type: condition.type_.clone(),
                status: condition.status.clone(),
                reason: condition.reason.clone(),
            })
            .collect();
        let mut shown = self.shown.lock();
        let before = shown.insert(object, now.clone()).unwrap_or_default();
        for gone in before.iter().filter(|labels| !now.contains(labels)) {
            self.conditions.remove(gone);
        }
        for labels in &now {
            self.conditions.get_or_create(labels).set(1);
        }
    }

    /// An object is gone.
    pub(crate) fn object_gone(&self, kind: &'static str, namespace: &str, name: &str) {
        let object = Object { namespace: namespace.into(), name: name.into() };
        self.trail_logging.remove(&object);
        self.validation.object_gone(&object);
        self.cost.known(&object, None);
        for labels in self.shown.lock().remove(&(kind, object)).unwrap_or_default() {
            self.conditions.remove(&labels);
        }
    }

    /// A trail logs, does not, or nobody knows.
    pub(crate) fn trail_logs(&self, namespace: &str, name: &str, logs: Option<bool>) {
        let object = Object { namespace: namespace.into(), name: name.into() };
        match logs {
            Some(logs) => {
                self.trail_logging.get_or_create(&object).set(i64::from(logs));
            }
            None => {
                self.trail_logging.remove(&object);
            }
        }
    }

    /// A run of log file validation has ended with an answer.
    pub(crate) fn validated(&self, namespace: &str, name: &str, ledger: &Ledger, run: &Run, took: Duration) {
        let object = Object { namespace: namespace.into(), name: name.into() };
        self.validation.validated(&object, ledger, run, took);
    }

    /// What log file validation has come to, also in an earlier process.
    pub(crate) fn knows_of_validation(&self, namespace: &str, name: &str, ledger: &Ledger) {
        let object = Object { namespace: namespace.into(), name: name.into() };
        self.validation.known(&object, ledger);
    }

    /// A run of log file validation has ended without one.
    pub(crate) fn validation_ended(&self, result: RunResult) {
        self.validation.ended(result);
    }

    /// The prices are of this day, as year-month-day.
    pub(crate) fn prices_of(&self, date: &str) {
        self.cost.prices_of(date);
    }

    /// What a trail costs, as its status says.
    pub(crate) fn trail_costs(&self, namespace: &str, name: &str, status: Option<&CostStatus>) {
        self.cost.known(&Object { namespace: namespace.into(), name: name.into() }, status);
    }

    /// Others changed a field in AWS.
    pub(crate) fn drifted(&self, kind: &'static str, field: &str) {
        self.drift.get_or_create(&Drifted { kind, field: field.to_owned() }).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_have_the_names_that_dashboards_use() {
        let metrics = Metrics::new();
        metrics.reconciled("Trail", RoundResult::Success, Some(Duration::from_millis(3)));
        let took = Duration::from_millis(3);
        metrics.called_aws(Call {
            service: "cloudtrail",
            operation: "GetTrail",
            code: "ThrottlingException",
            took,
            throttled: true,
        });
        metrics.trail_logs("security", "audit", Some(true));
        metrics.drifted("Trail", "s3.bucketName");
        let text = metrics.text(true).unwrap();
        for line in [
            r#"trail_operator_build_info{version="0.1.0"} 1"#,
            r#"trail_operator_reconcile_total{kind="Trail",result="success"} 1"#,
            r#"trail_operator_reconcile_duration_seconds_count{kind="Trail"} 1"#,
            r#"trail_operator_aws_requests_total{service="cloudtrail",operation="GetTrail",code="ThrottlingException"} 1"#,
            r#"trail_operator_aws_throttled_total{service="cloudtrail",operation="GetTrail"} 1"#,
            r#"trail_operator_trail_logging{namespace="security",name="audit"} 1"#,
            r#"trail_operator_drift_detected_total{kind="Trail",field="s3.bucketName"} 1"#,
            "trail_operator_leader 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
        }
    }

    #[test]
    fn series_of_an_object_go_with_it() {
        let metrics = Metrics::new();
        let a_condition = |type_: &str, status: &str| Condition {
            type_: type_.into(),
            status: status.into(),
            reason: "R".into(),
            message: String::new(),
            observed_generation: None,
            last_transition_time: k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(
                jiff::Timestamp::UNIX_EPOCH,
            ),
        };
        let conditions = [a_condition("Ready", "False"), a_condition("Reconciling", "True")];
        metrics.has_conditions("Trail", "security", "audit", &conditions);
        assert!(metrics.text(true).unwrap().contains(r#"type="Ready",status="False",reason="R"} 1"#));
        metrics.has_conditions("Trail", "security", "audit", &conditions[..1]);
        assert!(!metrics.text(true).unwrap().contains("Reconciling"));
        metrics.has_conditions("Trail", "security", "audit", &[a_condition("Ready", "True")]);
        let text = metrics.text(true).unwrap();
        assert!(text.contains(r#"status="True""#) && !text.contains(r#"status="False""#), "{text}");
        metrics.object_gone("Trail", "security", "audit");
        assert!(!metrics.text(true).unwrap().contains("audit"));
    }
}
