//! The verb `plan`: the plan that the controller would execute, for manifests or for the objects of a cluster.
//!
//! Only puts together: objects come from [`objects`], AWS's answers and the plan from the operator's own crates.

mod alarms;
mod copies;
mod document;
mod from_cluster;
mod from_files;
mod objects;
mod selectors;
mod text;
mod trails;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use trail_operator_aws::{Clients, Observer, check_endpoints};
use trail_operator_reconcile::{
    aws_account,
    reason::Reason,
    references::{ActAs, References},
    trail::{Finding, Line},
};

use crate::output;
pub(crate) use from_files::{read as read_manifests, read_all as read_all_manifests};
pub(crate) use objects::{ANY_CLUSTER, Objects};
pub(crate) use trails::input_of;

/// What to plan for, and how to show it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit: 0; with --detailed-exitcode 2 when there is something to do; 4 when there is no answer."
)]
pub(crate) struct Args {
    /// Manifests: files, folders, or - for stdin. Needs no cluster.
    #[arg(short, long = "filename", value_name = "FILE", conflicts_with_all = ["all_namespaces", "name"])]
    filename: Vec<PathBuf>,

    /// Trails of the cluster by name, each with its MetricAlarms; all of the namespace when none is given.
    #[arg(value_name = "NAME")]
    name: Vec<String>,

    /// Namespace in the cluster, and of manifests that name none.
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,

    /// Every Trail and MetricAlarm of the cluster.
    #[arg(short = 'A', long)]
    all_namespaces: bool,

    /// Exit with 2 when there is something to do.
    #[arg(long)]
    detailed_exitcode: bool,

    /// As text for people, or as a document of kind Plan.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    output: Output,

    /// Act with the roles of the AwsAccounts, as the operator does, instead of with your own credentials.
    #[arg(long)]
    assume_account_roles: bool,

    /// First part of the operator's owner tags; by default the uid of namespace kube-system, or, for manifests, whatever
    /// stands there.
    #[arg(long, value_name = "ID")]
    cluster_id: Option<String>,

    /// Profile of AWS's configuration.
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,

    /// Region of the call that belongs to no trail.
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
}

/// What came of one object.
pub(crate) struct Planned {
    kind: &'static str,
    namespace: String,
    name: String,
    outcome: Outcome,
}

/// Whether there is a plan.
pub(crate) enum Outcome {
    /// There is.
    Plan(Plan),
    /// It may not act, or not yet: why.
    Unresolved(Reason, String),
    /// It is suspended.
    Suspended,
}

/// What the controller would do, of whatever kind the object is.
#[derive(Default)]
pub(crate) struct Plan {
    /// What it is done to, in AWS.
    target: String,
    /// How many calls change something.
    calls: usize,
    /// Every difference.
    lines: Vec<Line>,
    /// What stands in the way.
    findings: Vec<Finding>,
    /// What to know before.
    warnings: Vec<copies::Warning>,
}

impl Planned {
    fn plan(&self) -> Option<&Plan> {
        match &self.outcome {
            Outcome::Plan(plan) => Some(plan),
            Outcome::Unresolved(..) | Outcome::Suspended => None,
        }
    }
}

/// Plans, prints, and says by the exit code whether there is something to do.
pub(crate) async fn run(args: &Args) -> Result<ExitCode> {
    check_environment()?;
    let mut objects = if args.filename.is_empty() {
        let scope = from_cluster::Scope {
            namespace: args.namespace.as_deref(),
            all: args.all_namespaces,
            names: &args.name,
        };
        from_cluster::read(&scope, args.cluster_id.as_deref()).await?
    } else {
        from_files::read(&args.filename, args.namespace.as_deref(), args.cluster_id.as_deref())?
    };
    let clients =
        Clients::with(args.profile.as_deref(), args.region.as_deref(), Observer::new(|_| ())).await?;
    identify(&mut objects, &clients, args.assume_account_roles).await?;
    let mut planned = Vec::new();
    for trail in objects.trails.clone() {
        planned.push(trails::plan(&trail, &objects, &clients).await?);
    }
    for alarm in &objects.alarms {
        planned.push(Box::pin(alarms::plan(alarm, &objects, &clients)).await?);
    }
    match args.output {
        Output::Text => text::print(&planned)?,
        Output::Json => document::print(&planned)?,
    }
    if planned.iter().any(|one| matches!(one.outcome, Outcome::Unresolved(..))) {
        return Ok(ExitCode::from(crate::NO_ANSWER));
    }
    let something = planned.iter().filter_map(Planned::plan).any(|plan| plan.calls > 0);
    Ok(if something && args.detailed_exitcode { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

/// Refuses endpoints to which credentials would go in clear text.
pub(crate) fn check_environment() -> Result<()> {
    let variables = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
    Ok(check_endpoints(variables)?)
}

/// Asks STS who we are in each account, and makes an account for Trails whose AwsAccount is not among the manifests.
pub(crate) async fn identify(objects: &mut Objects, clients: &Clients, assume_roles: bool) -> Result<()> {
    if !assume_roles {
        for account in objects.accounts.values_mut() {
            account.spec.role_arn = None;
            account.spec.external_id = None;
        }
    }
    let own = ActAs { account_id: String::new(), role_arn: None, external_id: None };
    let mut wanted: Vec<_> = objects.accounts.values().map(ActAs::of).collect();
    let unnamed = objects.accounts_to_be_made_up();
    if !unnamed.is_empty() {
        wanted.push(own.clone());
    }
    for act_as in wanted {
        let account = clients.account(&act_as).await;
        let identity = aws_account::observe(&account.security_tokens()).await;
        let identity = identity.with_context(|| match &act_as.role_arn {
            Some(role) => format!("cannot act as {role}"),
            None => "cannot tell whose AWS credentials these are".to_owned(),
        })?;
        if act_as.role_arn.is_none()
            && !act_as.account_id.is_empty()
            && identity.account_id != act_as.account_id
        {
            output::tell(format_args!(
                "your credentials belong to account {}, so nothing can be said of trails in account {}; use --assume-account-roles, or other credentials",
                identity.account_id, act_as.account_id
            ));
        }
        objects.identities.insert(act_as, identity.account_id);
    }
    if let Some(account_id) = objects.identities.get(&own).cloned() {
        for name in unnamed {
            output::tell(format_args!(
                "AwsAccount '{name}' is not among the manifests; it is taken to be of account {account_id}, to which your credentials belong"
            ));
            objects.make_up_account(&name, &account_id);
        }
    }
    Ok(())
}

/// How long reading from a cluster may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Awaits an answer of the API server.
pub(crate) async fn in_time<T>(what: &str, call: impl Future<Output = Result<T, kube::Error>>) -> Result<T> {
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(answer) => answer.with_context(|| format!("cannot read {what}")),
        Err(_) => bail!("cannot read {what}: the API server gave no answer within {} s", PATIENCE.as_secs()),
    }
}

/// Whether anything may be pointed at.
fn has_account(objects: &Objects, name: &str) -> bool {
    objects.aws_account(name).is_ok_and(|account| account.is_some())
}
