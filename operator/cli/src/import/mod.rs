//! The verb `import`: manifests for a trail that exists in AWS.
//!
//! Only puts together: AWS's answers come from the operator's own crates, objects from [`manifests`]. What came out is
//! planned as the verb `plan` would, and whatever is not exactly what AWS has is told beside it.

#[cfg(test)]
mod alarm_tests;
mod alarms;
mod arn;
mod check;
mod manifests;
mod names;
#[cfg(test)]
mod tests;

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use trail_operator_aws::{AccountInRegion, AlarmsInRegion, Clients, Observer};
use trail_operator_crds::Trail;
use trail_operator_reconcile::{
    aws::{Alarms as _, CloudTrail, Identity, MetricFilters as _},
    aws_account,
    aws_error::AwsError,
    reason::Reason,
    references::ActAs,
    trail,
};

use crate::{
    metric_alarm, output,
    yaml::{Node, comment},
};
use alarms::{Found, Imported};
use arn::TrailArn;
use check::Checked;
use manifests::Naming;
pub(crate) use names::problem as problem_of_name;

/// Which trail, and what its objects are called.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Reads with your own credentials: cloudtrail:DescribeTrails, ListTags, GetTrailStatus, GetEventSelectors, GetInsightSelectors and GetEventConfiguration; for alarms logs:DescribeMetricFilters, cloudwatch:DescribeAlarms and ListTagsForResource.\n\nExit: 0; 4 when there is no answer."
)]
pub(crate) struct Args {
    /// ARN of the trail.
    #[arg(long, value_name = "ARN")]
    trail_arn: String,

    /// Namespace that the manifests name; by default they name none.
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,

    /// Name of the Trail; by default made from the trail's.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// AwsAccount that the Trail names.
    #[arg(long, value_name = "NAME", default_value = "default")]
    account_ref: String,

    /// Profile of AWS's configuration.
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,

    /// Region in which AWS is asked whose credentials these are; by default the trail's home Region.
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
}

/// Reads, writes manifests to stdout, and says on stderr what they cannot say.
pub(crate) async fn run(args: &Args) -> Result<ExitCode> {
    let arn = TrailArn::parse(&args.trail_arn)?;
    if let Some(problem) = args.name.as_deref().and_then(names::problem) {
        bail!("--name: {problem}");
    }
    crate::plan::check_environment()?;
    let region = args.region.as_deref().unwrap_or(&arn.region);
    let clients = Clients::with(args.profile.as_deref(), Some(region), Observer::new(|_| ())).await?;
    let own = ActAs { account_id: String::new(), role_arn: None, external_id: None };
    let identity = aws_account::observe(&clients.account(&own).await.security_tokens()).await;
    let identity = identity.context("cannot tell whose AWS credentials these are")?;
    let act_as = ActAs { account_id: identity.account_id.clone(), ..own };
    let account = clients.account(&act_as).await;
    let api = account.cloud_trail(&arn.region);
    let naming = Naming {
        namespace: args.namespace.clone(),
        name: args.name.clone(),
        account_ref: args.account_ref.clone(),
    };
    let checked = import(&arn, &naming, &identity, &api).await?;
    let trail = &checked.manifests.trail;
    let found = around(trail, &account.alarms(&arn.region)).await;
    let alarms = match found {
        Ok(found) => alarms::of(trail, &identity.account_id, &found)?,
        Err(error) => Imported { left_out: vec![unread(&error)], ..Imported::default() },
    };
    print(&arn, &checked, &alarms)?;
    Ok(ExitCode::SUCCESS)
}

async fn import(
    arn: &TrailArn,
    naming: &Naming,
    identity: &Identity,
    api: &AccountInRegion,
) -> Result<Checked> {
    let failed = |error: &AwsError| unreadable(error, arn, identity);
    let trails = api.describe_trails(Duration::ZERO).await.map_err(|error| failed(&error))?;
    let draft = manifests::draft(arn.find(&trails, identity)?, naming)?;
    let account = &identity.account_id;
    let input = check::input(&check::objects(&draft, &[], account))?;
    let observed = trail::observe(api, &input).await.map_err(|error| failed(&error))?;
    if let Some(error) = observed.unread.first() {
        return Err(failed(error));
    }
    let found = observed.trail.as_ref().with_context(|| format!("the trail {arn} has just been deleted"))?;
    check::checked(manifests::of(draft, found), &observed, account)
}

/// Metric filters on the Trail's log group, and the alarms on their metrics.
async fn around(trail: &Trail, api: &AlarmsInRegion) -> Result<Found, AwsError> {
    let now = Duration::ZERO;
    let Some(logs) = &trail.spec.cloud_watch_logs else { return Ok(Found::default()) };
    let filters = match api.describe_metric_filters(&logs.log_group_name, now).await {
        Err(error) if error.code == "ResourceNotFoundException" => return Ok(Found::default()),
        answer => answer?.to_vec(),
    };
    let mut found = Found { filters, alarms: vec![] };
    if found.filters.is_empty() {
        return Ok(found);
    }
    for alarm in api.describe_alarms(now).await?.iter() {
        if Found::is_watched_by(&found.filters, alarm) {
            found.alarms.push((alarm.clone(), api.list_tags(&alarm.arn, now).await?));
        }
    }
    Ok(found)
}

/// Without its alarms a trail is imported all the same.
fn unread(error: &AwsError) -> String {
    let advice = if error.reason() == Reason::AccessDenied {
        "; allow logs:DescribeMetricFilters, cloudwatch:DescribeAlarms and cloudwatch:ListTagsForResource, and import again"
    } else {
        ""
    };
    format!("metric filters and alarms, which could not be read ({error}){advice}")
}

/// What to tell of a call that AWS did not answer.
fn unreadable(error: &AwsError, arn: &TrailArn, identity: &Identity) -> anyhow::Error {
    let operation = error.operation;
    if error.reason() == Reason::AccessDenied {
        return anyhow!(
            "your credentials ({}) may not call cloudtrail:{operation}, without which {arn} cannot be read whole; allow it in account {}, or use other credentials",
            identity.arn,
            identity.account_id
        );
    }
    anyhow!(error.clone()).context(format!("cannot read {arn}"))
}

/// The Trail comes last: once it is there it takes its EventSelectors for all that is declared. Alarms wait for it.
fn print(arn: &TrailArn, checked: &Checked, alarms: &Imported) -> Result<()> {
    let Checked { manifests, notes, warnings, of_event_selectors } = checked;
    let mut document = comment(&format!("{arn}, by `kubectl cloudtrail import`."));
    for (object, warnings) in manifests.event_selectors.iter().zip(of_event_selectors) {
        for text in warnings {
            document.push_str(&comment(text));
        }
        document.push_str(&Node::of(object)?.yaml()?);
        document.push_str("---\n");
    }
    for (object, notes) in &alarms.objects {
        for text in notes {
            document.push_str(&comment(text));
        }
        document.push_str(&metric_alarm::node(object)?.yaml()?);
        document.push_str("---\n");
    }
    let left_out: Vec<_> = alarms.left_out.iter().map(|what| format!("Left out: {what}.")).collect();
    for text in notes.iter().chain(warnings).chain(&left_out) {
        document.push_str(&comment(text));
    }
    document.push_str(&manifests::trail_node(&manifests.trail)?.yaml()?);
    output::document(&document)?;
    for note in notes {
        output::tell(format_args!("note: {note}"));
    }
    let of_alarms = alarms.objects.iter().flat_map(|(_, notes)| notes);
    for warning in
        warnings.iter().chain(of_event_selectors.iter().flatten()).chain(of_alarms).chain(&left_out)
    {
        output::tell(format_args!("warning: {warning}"));
    }
    Ok(())
}
