//! The verb `validate-logs`: proves that what a trail delivered is whole and unchanged.
//!
//! Only puts together: [`target`] says which trail, [`asking`] what AWS says of it, [`place`] where its files are, and
//! the operator's own engine verifies. What it does not know of its findings is added by [`explaining`]; how all that is
//! shown is the business of [`table`], [`junit`] and [`progress`].

mod asking;
mod counting;
mod explaining;
mod from_cluster;
mod junit;
mod place;
mod progress;
mod request;
mod scope;
mod table;
mod target;
#[cfg(test)]
mod tests;
pub(crate) mod times;
mod verbose;
mod wording;

use std::{process::ExitCode, sync::Arc};

use anyhow::{Result, bail};
use clap::{ArgGroup, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use trail_operator_aws::{Clients, Objects, Observer};
use trail_operator_integrity::{
    Hooks, Location, Range, Report, Request, Trail, Verdict,
    records::{RecordSink, Records},
};

use crate::output;
use counting::Counting;
use progress::Bar;
use request::Prepared;
use target::Target;
use verbose::Lines;

/// How far back a Trail of a cluster is verified where no start is given: what the controller's first run covers.
const LOOKBACK: SignedDuration = SignedDuration::from_hours(24);
/// Nothing was altered, but not all is proved.
const NOT_PROVED: u8 = 3;
/// As shells call what Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Which trail, which time, and how to show it.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("which").args(["trail_arn", "object"]).required(true)))]
#[command(after_help = "Reads with your own credentials: s3:ListBucket and s3:GetObject on the bucket, \
                  cloudtrail:ListPublicKeys, and, unless you name the bucket, cloudtrail:DescribeTrails; \
                  cloudtrail:GetTrailStatus tells whether the newest digests are there, account:ListRegions finds \
                  Regions whose files are all gone, and s3:GetLifecycleConfiguration tells what has expired.\n\n\
                  Exit: 0 Valid; 1 Invalid; 3 Incomplete or Inconclusive; 4 when there is no answer.")]
pub(crate) struct Args {
    /// A Trail of the cluster, instead of an ARN.
    #[arg(value_name = "trail/NAME", value_parser = target::object)]
    object: Option<String>,

    /// ARN of the trail. Needs no cluster.
    #[arg(long, value_name = "ARN", value_parser = target::arn, requires = "start_time")]
    trail_arn: Option<Trail>,

    /// From when on: ISO 8601 (UTC where it names no zone), a date, or seconds since 1970. For a Trail of the cluster 24
    /// hours back where it is left out.
    #[arg(long, value_name = "TIME", value_parser = times::parse)]
    start_time: Option<Timestamp>,

    /// Until when; now where it is left out.
    #[arg(long, value_name = "TIME", value_parser = times::parse)]
    end_time: Option<Timestamp>,

    /// Region the events are from; without it that of the environment or the profile, else the trail's home Region. For a
    /// Trail of the cluster all that it records.
    #[arg(long, value_name = "REGION", value_parser = target::region, conflicts_with = "all_regions")]
    region: Option<String>,

    /// Every Region the trail records.
    #[arg(long)]
    all_regions: bool,

    /// Bucket with the files; CloudTrail is asked where it is left out.
    #[arg(long, value_name = "BUCKET")]
    s3_bucket: Option<String>,

    /// What stands before AWSLogs/ in the bucket.
    #[arg(long, value_name = "PREFIX")]
    s3_prefix: Option<String>,

    /// Where the trail delivered earlier, so that its digests are followed there; can be repeated.
    #[arg(long, value_name = "s3://BUCKET[/PREFIX]", value_parser = target::location)]
    earlier_location: Vec<Location>,

    /// Account whose files are verified; without it that of the ARN, for an organization's trail all that delivered.
    #[arg(long, value_name = "ACCOUNT", value_parser = target::account)]
    account_id: Option<String>,

    /// Namespace of the Trail.
    #[arg(short, long, value_name = "NAMESPACE", conflicts_with = "trail_arn")]
    namespace: Option<String>,

    /// Act with the role of the Trail's AwsAccount instead of with your own credentials.
    #[arg(long, conflicts_with = "trail_arn")]
    assume_account_roles: bool,

    /// Also every file, valid ones included, as it becomes known: beside a table on stdout, else on stderr.
    #[arg(short, long)]
    verbose: bool,

    /// Also tells on stderr how many events the verified log files hold.
    #[arg(long)]
    count_events: bool,

    /// As a table for people, as a document of kind LogValidationReport, or for CI systems.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    output: Output,

    /// Profile of AWS's configuration.
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Table,
    Json,
    Junit,
}

/// Verifies, prints, and says the verdict by the exit code.
pub(crate) async fn run(args: &Args) -> Result<ExitCode> {
    let started = Timestamp::now();
    let window = window(args, started)?;
    crate::plan::check_environment()?;
    let counting = args.count_events.then(|| Arc::new(Counting::default()));
    let observer = counting.clone().map(|counting| {
        Arc::new(Records::new(vec![counting as Arc<dyn RecordSink>]))
            as Arc<dyn trail_operator_integrity::Observer>
    });
    let hooks = Hooks { observer, ..Hooks::default() };
    let cancel = hooks.cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            cancel.cancel();
        }
    });
    let Some(report) = validate(args, window, started, hooks).await? else {
        output::tell("interrupted: there is no verdict");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    match args.output {
        Output::Table => output::text(&table::table(&report, table::width()))?,
        Output::Json => output::json(&report)?,
        Output::Junit => {
            let took = Timestamp::now().duration_since(started);
            output::document(&junit::document(&report, started, took))?;
        }
    }
    if let Some(counting) = counting {
        output::tell(counting.told());
    }
    Ok(match report.verdict {
        Verdict::Valid => ExitCode::SUCCESS,
        Verdict::Invalid => ExitCode::FAILURE,
        Verdict::Incomplete | Verdict::Inconclusive => ExitCode::from(NOT_PROVED),
    })
}

fn window(args: &Args, now: Timestamp) -> Result<Range> {
    let end = args.end_time.unwrap_or(now);
    let start = match args.start_time {
        Some(start) => start,
        None => end.checked_sub(LOOKBACK)?,
    };
    if start > end {
        let whence = if args.end_time.is_some() { "--end-time" } else { "now, which is the end" };
        bail!("--start-time {start} is after {end}, {whence}; the start has to be before the end");
    }
    Ok(Range { start, end })
}

/// Everything that is known before the first file is read, and where files are read from.
async fn prepare(args: &Args, window: Range, now: Timestamp) -> Result<(Prepared, Arc<Objects>)> {
    let target = Target::of(args).await?;
    let home = &target.trail.home_region;
    let clients = Clients::with(args.profile.as_deref(), Some(home), Observer::new(|_| ())).await?;
    let account = clients.account(&target.act_as).await;
    let source = Arc::new(Objects::new(&account, home, target.owners()));
    let prepared = request::prepare(args, &target, &account, &source, (window, now)).await?;
    Ok((prepared, source))
}

/// `None` when it was interrupted.
async fn validate(args: &Args, window: Range, now: Timestamp, mut hooks: Hooks) -> Result<Option<Report>> {
    let cancel = hooks.cancel.clone();
    let Some(prepared) = cancel.run_until_cancelled(Box::pin(prepare(args, window, now))).await else {
        return Ok(None);
    };
    let (Prepared { request, unseen }, source) = prepared?;
    let bar = Bar::new(args.verbose);
    if args.verbose {
        hooks.listener = Some(Arc::new(Lines { on_stdout: args.output == Output::Table }));
    }
    let verify = async |request: Request| {
        let run = trail_operator_integrity::run(Arc::clone(&source), request, hooks.clone());
        bar.watch(&hooks, Box::pin(run)).await
    };
    let Some(mut report) = verify(request.clone()).await? else { return Ok(None) };
    if let Some(vanished) = scope::vanished(&request, &report) {
        let Some(more) = verify(vanished).await? else { return Ok(None) };
        report.merge(more);
    }
    explaining::explain(&mut report, &request, unseen.as_deref());
    Ok(Some(report))
}
