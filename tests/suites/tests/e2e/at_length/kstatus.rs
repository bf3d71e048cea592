//! The rules of kstatus, kept at every moment that a waiting tool could see.

use std::io::{BufReader, Read};
use std::process::{Child, Stdio};
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;
use test_suites::stage::{Place, Stage, condition};

/// Sees every state of an object as a waiting tool would, and judges its conditions by the rules of kstatus.
pub(super) struct Watch {
    kubectl: Child,
    judge: JoinHandle<Judged>,
}

/// How many states were seen, and what was wrong with them.
type Judged = (usize, Vec<String>);

impl Watch {
    pub(super) fn start(stage: &Stage, at: Place<'_>) -> Result<Self> {
        let args = ["get", "trail", at.name, "-n", at.namespace, "--watch", "--output", "json"];
        let mut kubectl =
            stage.cluster.kubectl_command(&args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let output = BufReader::new(kubectl.stdout.take().context("no output")?);
        Ok(Self { kubectl, judge: thread::spawn(move || judge(output)) })
    }

    pub(super) fn end(mut self) -> Result<Judged> {
        self.kubectl.kill()?;
        self.kubectl.wait()?;
        self.judge.join().map_err(|_| anyhow!("whoever judges the states panicked"))
    }
}

/// Until the output ends: where kubectl was ended, or lost its API server.
fn judge(output: impl Read) -> Judged {
    let (mut states, mut found, mut before) = (0, Vec::new(), Value::Null);
    for now in serde_json::Deserializer::from_reader(output).into_iter::<Value>().map_while(Result::ok) {
        states += 1;
        let broken = violations(&now, &before);
        found.extend(broken.into_iter().map(|rule| format!("{rule}: {}", now["status"])));
        before = now;
    }
    (states, found)
}

/// The rules that a state breaks, given the one before it.
fn violations(now: &Value, before: &Value) -> Vec<&'static str> {
    let Some(conditions) = now["status"]["conditions"].as_array() else { return vec![] };
    let of = |type_: &str| condition(now, type_);
    let (ready, reconciling, stalled) = (of("Ready"), of("Reconciling"), of("Stalled"));
    let generation = now["metadata"]["generation"].as_i64().unwrap_or_default();
    let speaks_of = |value: &Value| value.as_i64().unwrap_or(generation + 1);
    let moved = conditions.iter().any(|one| {
        let old = condition(before, one["type"].as_str().unwrap_or_default());
        old["status"] == one["status"] && old["lastTransitionTime"] != one["lastTransitionTime"]
    });
    let root = now["status"]["observedGeneration"].as_i64();
    let mut types: Vec<_> = conditions.iter().map(|one| one["type"].to_string()).collect();
    types.sort();
    types.dedup();
    let rules = [
        ("Ready is always there", ready.is_null()),
        ("each condition once", types.len() != conditions.len()),
        (
            "Reconciling and Stalled are there only when True",
            [&reconciling, &stalled].into_iter().any(|one| !one.is_null() && one["status"] != "True"),
        ),
        ("never both", !reconciling.is_null() && !stalled.is_null()),
        (
            "Ready True stands alone",
            ready["status"] == "True" && !(reconciling.is_null() && stalled.is_null()),
        ),
        ("Unknown only beside Reconciling", ready["status"] == "Unknown" && reconciling.is_null()),
        (
            "every condition has a reason",
            conditions.iter().any(|one| one["reason"].as_str().is_none_or(str::is_empty)),
        ),
        (
            "no condition speaks of a generation to come",
            conditions.iter().any(|one| speaks_of(&one["observedGeneration"]) > generation),
        ),
        ("the root generation is none to come", root.is_some_and(|root| root > generation)),
        (
            "Ready True or Stalled moves the root generation",
            (ready["status"] == "True" || !stalled.is_null())
                && Some(speaks_of(&ready["observedGeneration"])) != root,
        ),
        ("a transition time moves with its status only", moved),
    ];
    rules.into_iter().filter(|(_, broken)| *broken).map(|(rule, _)| rule).collect()
}
