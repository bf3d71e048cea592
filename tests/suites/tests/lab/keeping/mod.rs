//! An operator without a cluster: one object, the library crates, and the lab as AWS.
//!
//! Does with its memory what operator/controller does in its rounds, and keeps the object's status as Kubernetes would.
//! Its clock is turned by the tests; what AWS's limits ask for is really waited.

pub mod place;
pub mod state;

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, anyhow, ensure};
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::time::SystemTimeSource;
use jiff::{SignedDuration, Timestamp};
use test_lab::{CallFilter, Lab};
use trail_operator_aws::{Account, AccountInRegion, Clients, Observer};
use trail_operator_crds::{
    AwsAccount, EventSelector, RECONCILE_REQUESTED_AT, Trail, TrailSpec, TrailStatus, condition,
};
use trail_operator_reconcile::{
    conditions::find,
    references::{ActAs, Claim, Namespace, References, Unreadable},
    trail::{
        self, Actor, Applied, Fights, Freshness, Input, Isolation, LastWrite, Next, Plan, Report,
        Surroundings, delivery, finalize, finalize::Finalized, observe, plan,
    },
};

use crate::world::HOME;
use place::{Place, TRAIL};

/// What others in the cluster say: there is one account, and it may be used.
pub struct Cluster {
    pub account: AwsAccount,
    pub event_selectors: Vec<EventSelector>,
}

/// The definition of EventSelector is there to stay.
struct Staying;

impl Surroundings for Staying {
    async fn event_selectors_stay(&self) -> bool {
        true
    }
}

impl Cluster {
    /// `spec` is the account's, without its number.
    pub fn new(account_id: &str, spec: &str) -> Result<Self> {
        let yaml = format!(
            "{{apiVersion: trail-operator.dev/v1alpha1, kind: AwsAccount, metadata: {{name: default, generation: 1}}, \
             spec: {{accountId: \"{account_id}\", allowedNamespaces: {{names: [security]}}, {spec}}}}}"
        );
        Ok(Self { account: serde_saphyr::from_str(&yaml)?, event_selectors: vec![] })
    }
}

impl References for Cluster {
    fn aws_account(&self, name: &str) -> Result<Option<Arc<AwsAccount>>, Unreadable> {
        Ok((name == "default").then(|| Arc::new(self.account.clone())))
    }

    fn acting_in(&self, act_as: &ActAs) -> Option<String> {
        Some(act_as.account_id.clone())
    }

    fn namespace(&self, _name: &str) -> Option<Namespace> {
        Some(Namespace::default())
    }

    fn trail(&self, _namespace: &str, _name: &str) -> Result<Option<Arc<Trail>>, Unreadable> {
        Ok(None)
    }

    fn trails_of(&self, _account: &str) -> Vec<Arc<Trail>> {
        vec![]
    }

    fn event_selectors(&self, _namespace: &str, _trail: &str) -> Vec<Arc<EventSelector>> {
        self.event_selectors.iter().cloned().map(Arc::new).collect()
    }

    fn metric_alarms(&self) -> Vec<Arc<trail_operator_crds::MetricAlarm>> {
        vec![]
    }

    fn unreadable_event_selectors(&self) -> Vec<(String, String)> {
        vec![]
    }

    fn event_selector_deleted(&self, _namespace: &str, _trail: &str) -> Option<Duration> {
        None
    }

    fn claims(&self, _region: &str, _trail_name: &str) -> Vec<Claim> {
        vec![]
    }
}

const OBJECTS: &str = r#"
apiVersion: trail-operator.dev/v1alpha1
kind: EventSelector
metadata: {name: objects, namespace: security, generation: 1}
spec:
  trailRef: {name: audit}
  advanced:
    - name: Objects
      fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}]
"#;

/// What a process remembers, as operator/controller's `memory` keeps it.
#[derive(Default)]
struct Memory {
    seen: Option<Timestamp>,
    settled_generation: Option<i64>,
    fights: (i64, Fights),
    deliveries: delivery::Memory,
    isolation: Isolation,
    last_write: LastWrite,
}

/// One object and the operator that keeps it.
pub struct Keeper<'a> {
    pub place: &'a Place,
    pub cluster: Cluster,
    pub trail: Trail,
    pub now: Timestamp,
    /// How long what AWS was last asked is past, on the clock that is turned here.
    aged: SignedDuration,
    aws: Clients,
    memory: Memory,
}

/// What came of one round.
pub struct Round {
    pub previous: TrailStatus,
    pub report: Report,
    pub applied: Applied,
}

impl<'a> Keeper<'a> {
    /// `account` are members of the `AwsAccount`'s spec.
    pub fn new(place: &'a Place, account: &str, spec: TrailSpec) -> Result<Self> {
        let mut trail = Trail::new(TRAIL, spec);
        trail.metadata.namespace = Some("security".into());
        trail.metadata.generation = Some(1);
        Ok(Self {
            place,
            cluster: Cluster::new(place.account(), account)?,
            trail,
            now: Timestamp::now(),
            aged: SignedDuration::ZERO,
            aws: process(place)?,
            memory: Memory::default(),
        })
    }

    /// Makes or deletes the EventSelector.
    pub fn record_data_events(&mut self, recorded: bool) -> Result<()> {
        let object = serde_saphyr::from_str(OBJECTS)?;
        self.cluster.event_selectors = if recorded { vec![object] } else { vec![] };
        Ok(())
    }

    /// Whether an EventSelector has the trail record S3 objects too.
    pub fn data_events(&self) -> bool {
        !self.cluster.event_selectors.is_empty()
    }

    /// The manifest is edited.
    pub fn edit(&mut self, spec: TrailSpec) {
        if self.trail.spec != spec {
            self.trail.spec = spec;
            self.trail.metadata.generation = self.trail.metadata.generation.map(|generation| generation + 1);
        }
    }

    pub fn generation(&self) -> i64 {
        self.trail.metadata.generation.unwrap_or_default()
    }

    /// Another process takes over: nothing is remembered but what is in Kubernetes.
    pub fn restart(&mut self) -> Result<()> {
        self.aws = process(self.place)?;
        self.memory = Memory::default();
        Ok(())
    }

    /// Time passes, for the operator at least.
    pub fn pass(&mut self, time: SignedDuration) {
        self.now += time;
        self.aged += time;
    }

    /// Somebody asks for a look at once.
    pub fn request(&mut self) {
        let value = self.now.to_string();
        self.trail.metadata.annotations.get_or_insert_default().insert(RECONCILE_REQUESTED_AT.into(), value);
    }

    pub async fn account(&self) -> Account {
        self.aws.account(&ActAs::of(&self.cluster.account)).await
    }

    async fn in_region(&self) -> AccountInRegion {
        self.account().await.cloud_trail(HOME)
    }

    /// What the next round is given.
    pub fn input(&self) -> Result<Input> {
        let actor = Actor { cluster_id: "cluster", read_only: false };
        let input = trail::dereference(&self.trail, actor, &self.cluster, self.now)
            .map_err(|unresolved| anyhow!("{}", unresolved.message()))?;
        let Memory { settled_generation, fights, deliveries, isolation, last_write, .. } = &self.memory;
        let mut input = Input {
            was_settled: input.was_settled || *settled_generation == Some(self.generation()),
            last_write: last_write.clone(),
            fights: if fights.0 == self.generation() { fights.1.clone() } else { Fights::default() },
            deliveries: deliveries.clone(),
            isolation: isolation.clone(),
            ..input
        };
        // What the clients have read is as old as the machine's clock says, and this one was turned.
        if input.freshness == Freshness::AsUsual && self.aged.is_positive() {
            let old = self.aged >= SignedDuration::from_hours(1);
            input.freshness = if old { Freshness::Requested } else { Freshness::AfterWrite };
        }
        Ok(input)
    }

    /// One round, as `apply` in operator/controller/src/controllers/trail/round.rs.
    pub async fn round(&mut self) -> Result<Round> {
        let (generation, now) = (self.generation(), self.now);
        let previous = self.trail.status.clone().unwrap_or_default();
        let input = self.input()?;
        let unseen_for = now.duration_since(*self.memory.seen.get_or_insert(now));
        let api = self.in_region().await;
        let (report, applied) = trail::reconcile(&api, &Staying, input, &previous, unseen_for, now).await;
        self.memory.fights = (generation, report.fights.clone());
        self.memory.deliveries = report.deliveries.clone();
        self.memory.isolation = report.isolation.clone();
        self.memory.last_write = std::mem::take(&mut self.memory.last_write).and(&applied.done, now);
        if report.observed {
            self.memory.seen = Some(now);
            self.aged = SignedDuration::ZERO;
        }
        if report.settled {
            self.memory.settled_generation = Some(generation);
            self.memory.last_write.created = None;
        }
        self.trail.status = Some(report.status.clone());
        Ok(Round { previous, report, applied })
    }

    /// The object is deleted. What is said where it cannot go, `True` where it can.
    pub async fn delete(&mut self) -> Result<String> {
        let input = Input { freshness: Freshness::AfterWrite, ..self.input()? };
        let previous = self.trail.status.clone().unwrap_or_default();
        let api = self.in_region().await;
        let finalized = finalize::finalize(&api, &input, &previous, SignedDuration::ZERO, self.now).await;
        Ok(match finalized {
            Finalized::Released(_) => "True".into(),
            Finalized::Blocked(report) => ready(&report).2.to_owned(),
        })
    }

    /// How long the controller would wait. What AWS's limits ask for is waited here, since their clock is the machine's.
    pub async fn until_next(&mut self, next: Next) {
        let wait = match next {
            Next::Interval | Next::OnChange => Duration::from_mins(5),
            Next::Recheck => Duration::from_mins(2),
            Next::Backoff | Next::Confirm => Duration::from_secs(15),
            Next::After(wait) => {
                tokio::time::sleep(wait).await;
                wait
            }
        };
        self.pass(SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX));
    }

    /// What it would do next, looked up anew.
    pub async fn plan(&self) -> Result<Plan> {
        let input = Input { freshness: Freshness::Requested, ..self.input()? };
        let observed = observe(&self.in_region().await, &input).await.map_err(|error| anyhow!("{error}"))?;
        Ok(plan(&input, &observed, self.now))
    }

    /// Number of the last AWS call.
    pub fn mark(&self) -> Result<u64> {
        self.calls(None)?.last().context("the lab numbers its calls")
    }

    /// Operations that change AWS, since then, as far as AWS was asked for them.
    pub fn writes(&self, since: u64) -> Result<Vec<String>> {
        const READS: [&str; 5] = ["Get", "List", "Describe", "Head", "AssumeRole"];
        let calls = self.calls(Some(since))?.calls.into_iter().map(|call| call.operation);
        Ok(calls.filter(|operation| !READS.iter().any(|read| operation.starts_with(read))).collect())
    }

    pub fn calls(&self, since: Option<u64>) -> Result<test_lab::Calls> {
        self.place.lab.calls(CallFilter { account: Some(self.place.account()), since, service: None })
    }
}

impl Round {
    pub fn ready(&self) -> (&str, &str, &str) {
        ready(&self.report)
    }
}

fn ready(report: &Report) -> (&str, &str, &str) {
    let ready = find(&report.status.conditions, condition::READY);
    ready.map_or(("", "", ""), |ready| (&ready.status, &ready.reason, &ready.message))
}

/// A spec in the place, from the members that a test is about.
pub fn spec(place: &Place, members: &str) -> Result<TrailSpec> {
    let bucket = if members.contains("s3:") { "" } else { "s3: {bucketName: '{bucket0}'}\n" };
    let yaml = place.fill(&format!("region: {HOME}\n{bucket}{members}\n"));
    serde_saphyr::from_str(&yaml).with_context(|| yaml)
}

fn process(place: &Place) -> Result<Clients> {
    clients(place.lab, place.account())
}

/// An operator's clients, pointed at the lab as the account's root user.
pub fn clients(lab: &Lab, account: &str) -> Result<Clients> {
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_secs(20)).build();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .time_source(SystemTimeSource::new())
        .endpoint_url(lab.endpoint())
        .region(Region::from_static(HOME))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            account, "lab", None, None, "test",
        )))
        .retry_config(
            RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(50)),
        )
        .timeout_config(timeouts)
        .build();
    Ok(Clients::of(config, Observer::new(|_| ()))?)
}

/// Runs `work` for each item at once, each on a thread of its own, since fixtures are made by calls that block. All
/// failures are told.
pub fn at_once<T: Sync + std::fmt::Display>(
    items: &[T],
    work: impl AsyncFn(&T) -> Result<()> + Sync,
) -> Result<()> {
    let run = |item: &T| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(work(item))
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = items.iter().map(|item| scope.spawn(|| run(item))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(anyhow!("panicked")))).collect()
    });
    let failed = |(item, result): (&T, Result<()>)| result.err().map(|error| format!("{item}: {error:#}"));
    let failures: Vec<_> = items.iter().zip(results).filter_map(failed).collect();
    ensure!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
    Ok(())
}
