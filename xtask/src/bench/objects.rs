//! Trails as the API server shows them, and when: a watch that notes the moment of every change of `Ready`.
//!
//! Knows: watch events, and the conditions of a Trail. Must not know: what anybody waits for.
//!
//! A watch and not polling, since polling takes the processor from what is measured.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use test_cluster::Cluster;

/// The API server ends a watch after half an hour to an hour where nothing else is asked.
const PATH: &str = "/apis/trail-operator.dev/v1alpha1/trails?watch=true&timeoutSeconds=36000";

/// All Trails by namespace and name.
pub(super) type Trails = BTreeMap<(String, String), Seen>;

/// What was seen of a Trail.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// As it was first, with the defaults that the API server fills in.
    pub(super) first: Value,
    /// As it is.
    pub(super) now: Value,
    /// `Ready` whenever its status or generation changed, oldest first.
    pub(super) ready: Vec<Ready>,
    pub(super) deleted: bool,
}

/// A condition `Ready` and when it was seen.
#[derive(Debug, Clone)]
pub(super) struct Ready {
    pub(super) at: Instant,
    pub(super) status: String,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) generation: i64,
}

impl Seen {
    /// Since when it is Ready for its present generation, if it is.
    pub(super) fn ready_since(&self) -> Option<Instant> {
        let ready = self.ready.last()?;
        let present = self.now["metadata"]["generation"].as_i64() == Some(ready.generation);
        (present && ready.status == "True").then_some(ready.at)
    }

    /// The condition of that type; `Null` when it has none.
    pub(super) fn condition(&self, type_: &str) -> &Value {
        condition(&self.now, type_)
    }

    fn take(&mut self, object: Value, at: Instant) {
        let condition = condition(&object, "Ready");
        let text = |name: &str| condition[name].as_str().unwrap_or_default().to_owned();
        let (status, generation) = (text("status"), condition["observedGeneration"].as_i64().unwrap_or(-1));
        let last = self.ready.last();
        if !status.is_empty()
            && last.is_none_or(|last| last.status != status || last.generation != generation)
        {
            let (reason, message) = (text("reason"), text("message"));
            self.ready.push(Ready { at, status, reason, message, generation });
        }
        self.now = object;
    }
}

fn condition<'a>(object: &'a Value, type_: &str) -> &'a Value {
    let conditions = object["status"]["conditions"].as_array();
    conditions.into_iter().flatten().find(|condition| condition["type"] == type_).unwrap_or(&Value::Null)
}

#[derive(Debug, Default)]
struct State {
    trails: Trails,
    /// The watch is over, for this reason.
    ended: Option<String>,
}

/// What is shared with the thread that takes events in.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// The kubectl that watches now; none once there is to be no other.
type Kubectl = Arc<Mutex<Option<Child>>>;

/// A running watch; dropped, it ends.
#[derive(Debug)]
pub(super) struct Watch {
    kubectl: Kubectl,
    shared: Arc<Shared>,
}

impl Watch {
    /// Begins to watch all Trails of the cluster.
    pub(super) fn start(cluster: &Cluster) -> Result<Self> {
        let mut command = cluster.kubectl_command(&["get", "--raw", PATH]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let first = command.spawn().context("cannot run kubectl to watch Trails")?;
        let kubectl = Arc::new(Mutex::new(Some(first)));
        let shared = Arc::new(Shared::default());
        // The API server drops a watch that is read too slowly, so reading does nothing but note the time.
        let (sender, lines) = mpsc::channel();
        thread::spawn({
            let kubectl = Arc::clone(&kubectl);
            move || read(&kubectl, command, &sender)
        });
        thread::spawn({
            let shared = Arc::clone(&shared);
            move || take_all(&lines, &shared)
        });
        Ok(Self { kubectl, shared })
    }

    /// Looks at the Trails as they are now.
    pub(super) fn look<T>(&self, at: impl FnOnce(&Trails) -> T) -> T {
        at(&locked(&self.shared.state).trails)
    }

    /// Waits until `look` gives a value, looking whenever something has changed.
    pub(super) fn wait<T>(
        &self,
        what: &str,
        patience: Duration,
        mut look: impl FnMut(&Trails) -> Option<T>,
    ) -> Result<T> {
        let start = Instant::now();
        let mut state = locked(&self.shared.state);
        loop {
            if let Some(value) = look(&state.trails) {
                return Ok(value);
            }
            if let Some(reason) = &state.ended {
                bail!("the watch of Trails is over: {reason}");
            }
            let Some(left) = patience.checked_sub(start.elapsed()) else {
                bail!("waited {patience:?} for {what}; {}", not_ready(&state.trails));
            };
            let waited =
                self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
            state = waited.0;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(mut kubectl) = locked(&self.kubectl).take() {
            let _ = kubectl.kill();
            let _ = kubectl.wait();
        }
    }
}

/// Reads until the watch is dropped. One that the API server ends is begun anew, with all there is.
fn read(kubectl: &Kubectl, mut command: Command, lines: &Sender<(Instant, String)>) {
    let mut came = true;
    while came {
        let Some(out) = locked(kubectl).as_mut().and_then(|kubectl| kubectl.stdout.take()) else { return };
        came = false;
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            came = true;
            if lines.send((Instant::now(), line)).is_err() {
                return;
            }
        }
        if let Some(running) = locked(kubectl).as_mut() {
            let _ = running.wait();
            let Ok(next) = command.spawn() else { return };
            *running = next;
        }
    }
}

fn take_all(lines: &Receiver<(Instant, String)>, shared: &Shared) {
    let mut ended = "kubectl ends again and again".to_owned();
    for (at, line) in lines {
        let taken = take(&mut locked(&shared.state).trails, &line, at);
        shared.changed.notify_all();
        if let Err(error) = taken {
            ended = format!("{error:#}");
            break;
        }
    }
    locked(&shared.state).ended = Some(ended);
    shared.changed.notify_all();
}

/// Takes one watch event in.
fn take(trails: &mut Trails, line: &str, at: Instant) -> Result<()> {
    let mut event: Value = serde_json::from_str(line).with_context(|| format!("no watch event: {line}"))?;
    let object = event["object"].take();
    let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default().to_owned();
    let kind = event["type"].as_str().unwrap_or_default();
    match kind {
        "ADDED" | "MODIFIED" | "DELETED" => {}
        // After an error the watch ends and is begun anew.
        "BOOKMARK" | "ERROR" => return Ok(()),
        _ => bail!("no watch event: {event}"),
    }
    let new = || Seen { first: object.clone(), now: Value::Null, ready: Vec::new(), deleted: false };
    let seen = trails.entry((text("namespace"), text("name"))).or_insert_with(new);
    seen.deleted = kind == "DELETED";
    seen.take(object, at);
    Ok(())
}

/// What keeps Trails from being Ready, for a few of them.
fn not_ready(trails: &Trails) -> String {
    let waiting: Vec<_> = trails
        .iter()
        .filter(|(_, seen)| !seen.deleted && seen.ready_since().is_none())
        .map(|((namespace, name), seen)| format!("{namespace}/{name} is {}", seen.condition("Ready")))
        .collect();
    let shown = waiting.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
    format!("{} of {} Trails are not Ready: {shown}", waiting.len(), trails.len())
}

/// A panicking thread leaves nothing half-done in what is locked here.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(kind: &str, generation: i64, ready: Option<(&str, i64)>) -> String {
        let conditions: Vec<_> = ready
            .iter()
            .map(|(status, of)| json!({"type": "Ready", "status": status, "reason": "R", "observedGeneration": of}))
            .collect();
        let metadata = json!({"namespace": "a", "name": "audit", "generation": generation});
        let object = json!({"metadata": metadata, "spec": generation, "status": {"conditions": conditions}});
        json!({"type": kind, "object": object}).to_string()
    }

    #[test]
    fn ready_counts_from_the_first_time_it_was_seen_for_this_generation() {
        let mut trails = Trails::new();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let key = ("a".to_owned(), "audit".to_owned());
        let mut then = |line: String, seconds| {
            take(&mut trails, &line, at(seconds)).unwrap();
            trails[&key].ready_since()
        };
        assert_eq!(then(event("ADDED", 1, None), 0), None);
        assert_eq!(then(event("MODIFIED", 1, Some(("False", 1))), 1), None);
        assert_eq!(then(event("MODIFIED", 1, Some(("True", 1))), 2), Some(at(2)));
        assert_eq!(then(event("MODIFIED", 1, Some(("True", 1))), 3), Some(at(2)), "nothing has changed");
        assert_eq!(then(event("MODIFIED", 2, Some(("True", 1))), 4), None, "not for this generation yet");
        assert_eq!(then(event("MODIFIED", 2, Some(("True", 2))), 5), Some(at(5)));
        assert_eq!(trails[&key].ready.len(), 3);
        assert_eq!((&trails[&key].first["spec"], &trails[&key].now["spec"]), (&json!(1), &json!(2)));
    }

    #[test]
    fn what_is_no_event_is_told_and_a_deletion_is_noted() {
        let mut trails = Trails::new();
        let now = Instant::now();
        assert!(take(&mut trails, r#"{"kind":"Status","message":"no"}"#, now).is_err());
        take(&mut trails, &event("ADDED", 1, None), now).unwrap();
        assert!(not_ready(&trails).starts_with("1 of 1 Trails are not Ready: a/audit"));
        take(&mut trails, &event("DELETED", 1, None), now).unwrap();
        assert!(not_ready(&trails).starts_with("0 of 1"));
    }
}
