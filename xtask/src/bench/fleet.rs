//! Many trails in many accounts, five in each: from one `kubectl apply` to all of them Ready, with AWS's limits kept.
//!
//! Knows: how they are made, and whose processor time it takes. Must not know: what is done with them later.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use test_cluster::progress::Task;

use super::figures::{Figures, megabytes, seconds};
use super::objects::Seen;
use super::plot::{self, CONFIRMED, Plot};
use super::stage::Stage;
use super::usage;

/// The namespace of all of them.
const NAMESPACE: &str = "fleet";
/// What ACK was measured with.
const ACK_TRAILS: usize = 500;
const ACK_READY: Duration = Duration::from_millis(18_600);
const ACK_REQUESTS: usize = 3_000;
const PATIENCE: Duration = Duration::from_mins(5);

/// The trails of each account.
#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) plots: Vec<(Plot, usize)>,
    pub(super) trails: usize,
}

impl Fleet {
    /// Spreads them as evenly as it goes.
    pub(super) fn new(trails: usize, accounts: usize) -> Self {
        let share = |n| trails / accounts + usize::from(n < trails % accounts);
        let plot = |n| Plot::new(&format!("fleet-{n}"), 1000 + n);
        Self {
            plots: (0..accounts).map(|n| (plot(n), share(n))).filter(|(_, count)| *count > 0).collect(),
            trails,
        }
    }

    fn manifests(&self) -> Vec<Value> {
        let in_account = |(plot, count): &(Plot, usize)| {
            (0..*count).map(|number| manifest(plot, number)).collect::<Vec<_>>()
        };
        self.plots.iter().flat_map(in_account).collect()
    }

    /// Roles, buckets, AwsAccounts: what there is before the first trail.
    fn prepare(&self, stage: &Stage, task: &Task) -> Result<()> {
        for (n, (plot, _)) in self.plots.iter().enumerate() {
            task.note(&format!("account {} of {}", n + 1, self.plots.len()));
            plot.make_role(&stage.lab)?;
            plot.make_bucket(&stage.lab)?;
        }
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        let accounts = self.plots.iter().map(|(plot, _)| plot.aws_account_for(NAMESPACE));
        stage.apply(&[namespace].into_iter().chain(accounts).collect::<Vec<_>>())?;
        let names: Vec<_> = self.plots.iter().map(|(plot, _)| plot.name.as_str()).collect();
        plot::wait_accounts(stage, &names)
    }
}

/// All are in one namespace, so they need names of their own there.
fn manifest(plot: &Plot, number: usize) -> Value {
    let mut trail = plot.trail(number, &json!({"trailName": plot::trail_name(number)}));
    trail["metadata"] = json!({"name": format!("{}-{number}", plot.name), "namespace": NAMESPACE});
    trail
}

pub(super) fn measure(
    stage: &Stage,
    fleet: &Fleet,
    figures: &mut Figures,
    name: &'static str,
    task: &Task,
) -> Result<()> {
    fleet.prepare(stage, task)?;
    stage.lab.limits(true)?;
    let manifests = fleet.manifests();
    let mark = stage.mark()?;
    let before = Processors::read(stage)?;
    let start = Instant::now();
    stage.apply_many(&manifests)?;
    let applied = start.elapsed();
    let all_ready = wait_all_ready(stage, fleet.trails, task)?;
    let used = Processors::read(stage)?.since(&before);
    let counted = stage.since(mark)?;
    std::thread::sleep(CONFIRMED);
    let confirmed = stage.since(mark)?;
    let peak = usage::peak_memory(stage.operator.pid())?;

    let mut of = figures.of(name);
    let size = format!("{} trails in {} accounts", fleet.trails, fleet.plots.len());
    let took = all_ready.duration_since(start);
    let requests = counted.kubernetes.len();
    if fleet.trails == ACK_TRAILS {
        of.time(&format!("{size}: kubectl apply to all Ready"), took, ACK_READY, "18.6 s");
        of.count("Kubernetes requests until all Ready", requests, ACK_REQUESTS - 1, "3,000");
    } else {
        of.told(&format!("{size}: kubectl apply to all Ready"), &seconds(took), "");
        of.told("Kubernetes requests until all Ready", &requests.to_string(), "");
    }
    of.told("of that, kubectl apply itself", &seconds(applied), "");
    of.count("calls that AWS throttled", confirmed.throttled(), 0, "no limits");
    of.told("AWS calls until all Ready", &counted.aws.len().to_string(), "3,000");
    of.told("AWS calls with the confirmation 15 s later", &confirmed.aws.len().to_string(), "");
    of.told("Kubernetes requests with the confirmation", &confirmed.kubernetes.len().to_string(), "");
    of.told("processor time of the operator", &seconds(used.operator), "5.3 s");
    of.told("processor time of kube-apiserver", &seconds(used.api_server), "");
    of.told("processor time of the lab", &seconds(used.lab), "");
    of.told("processor time of kubectl and of measuring", &seconds(used.own), "");
    of.told("memory of the operator, at most", &megabytes(peak), "");
    of.note(&format!("until all Ready: {}", counted.told()));
    Ok(())
}

/// The moment at which the last one was.
fn wait_all_ready(stage: &Stage, count: usize, task: &Task) -> Result<Instant> {
    let moments = stage.trails.wait("all Trails to be Ready", PATIENCE, |trails| {
        let moments: Vec<_> = trails.values().filter_map(Seen::ready_since).collect();
        task.note(&format!("{} of {count} are Ready", moments.len()));
        (moments.len() == count).then_some(moments)
    })?;
    moments.into_iter().max().context("there are no Trails")
}

/// Processor time of those who do the work.
struct Processors {
    operator: Duration,
    api_server: Duration,
    lab: Duration,
    own: Duration,
}

impl Processors {
    fn read(stage: &Stage) -> Result<Self> {
        let plane = stage.cluster.plane().context("the cluster is not ours")?;
        Ok(Self {
            operator: usage::cpu(stage.operator.pid())?,
            api_server: usage::cpu(plane.apiserver_pid())?,
            lab: usage::cpu(stage.lab.pid())?,
            own: usage::own_cpu()?,
        })
    }

    fn since(&self, before: &Self) -> Self {
        Self {
            operator: self.operator.saturating_sub(before.operator),
            api_server: self.api_server.saturating_sub(before.api_server),
            lab: self.lab.saturating_sub(before.lab),
            own: self.own.saturating_sub(before.own),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trails_are_spread_evenly_and_none_is_lost() {
        let shares = |trails, accounts| -> Vec<_> {
            Fleet::new(trails, accounts).plots.iter().map(|(_, count)| *count).collect()
        };
        assert_eq!(shares(500, 100), [5; 100]);
        assert_eq!(shares(7, 3), [3, 2, 2]);
        assert_eq!(shares(2, 3), [1, 1]);
        let fleet = Fleet::new(7, 3);
        let manifests = fleet.manifests();
        let names: std::collections::BTreeSet<_> =
            manifests.iter().map(|trail| trail["metadata"]["name"].to_string()).collect();
        assert_eq!((names.len(), manifests.len()), (7, 7));
        assert_eq!(manifests[1]["spec"]["trailName"], "audit-1");
    }
}
