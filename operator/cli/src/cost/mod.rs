//! The verb `cost`: what trails cost a month, as the operator estimates it, for the objects of a cluster or for manifests.
//!
//! Only puts together: what there is to pay and at what price is the domain's to say, what stands for a month the operator's.

mod bill;
mod comparison;
mod counting;
mod dearest;
mod document;
mod from_cluster;
mod manifests;
mod markdown;
mod priced;
mod table;
#[cfg(test)]
mod tests;
mod usage;

use std::{collections::BTreeMap, fs, path::PathBuf, process::ExitCode, str::FromStr as _, time::Duration};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use jiff::Timestamp;
use trail_operator_aws::{Clients, Observer};
use trail_operator_domain::cost::{Decimal, Overrides, Prices, Service, compare_bill, dollars};
use trail_operator_reconcile::trail::cost::Account;

use crate::{events, output, plan::check_environment, validate_logs::times};
use comparison::Comparison;
use counting::{Counting, Given};
use manifests::{Manifests, Pricing, Volume};
use priced::Priced;
use usage::Usages;

/// It costs more than it may.
const TOO_MUCH: u8 = 1;
/// How old answers of AWS may be: as old as this call.
const MAX_AGE: Duration = Duration::from_hours(1);

/// Which trails, what is known of their events, and how to show what they cost.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit: 0; with --fail-above 1 when it costs more; 4 when there is no answer.")]
pub(crate) struct Args {
    /// Manifests: files, folders, or - for stdin. Needs no cluster.
    #[arg(short, long = "filename", value_name = "FILE", conflicts_with_all = ["all_namespaces", "name"])]
    filename: Vec<PathBuf>,

    /// Trails of the cluster by name, with the costs that the operator estimated; all of the namespace when none is given.
    #[arg(value_name = "NAME")]
    name: Vec<String>,

    /// Namespace in the cluster, and of manifests that name none.
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,

    /// Every Trail of the cluster.
    #[arg(short = 'A', long)]
    all_namespaces: bool,

    /// Events that stand for a month: log files of CloudTrail, files of one record a line, gzip or not, folders of such,
    /// s3://BUCKET/KEY, or - for stdin. Can be repeated.
    #[arg(long, value_name = "PATH", requires = "filename", conflicts_with = "usage")]
    events: Vec<PathBuf>,

    /// From when on all events are there. With both times hours without events were quiet; otherwise they are missing.
    #[arg(long, value_name = "TIME", value_parser = times::parse, requires = "events")]
    start_time: Option<Timestamp>,

    /// Until when.
    #[arg(long, value_name = "TIME", value_parser = times::parse, requires = "events")]
    end_time: Option<Timestamp>,

    /// Usage file of Infracost: events a month, of trails called as the Trails are.
    #[arg(long, value_name = "FILE", requires = "filename")]
    usage: Option<PathBuf>,

    /// Manifests of today, to lay beside: files, folders, or - for stdin. Can be repeated.
    #[arg(long, value_name = "FILE", requires = "filename")]
    compare: Vec<PathBuf>,

    /// Ask AWS, with your own credentials, for the other trails of the account, buckets and log groups.
    #[arg(long, requires = "filename", conflicts_with = "usage")]
    aws: bool,

    /// Days after which log files and events in log groups expire, in place of what AWS says; without either for ever.
    #[arg(long, value_name = "DAYS", requires = "filename", value_parser = clap::value_parser!(u32).range(1..))]
    retention_days: Option<u32>,

    /// Bill in CSV to lay beside the estimate: an export of Cost Explorer or a Cost and Usage Report, gzip or not.
    #[arg(long, value_name = "FILE", requires = "filename", conflicts_with_all = ["compare", "usage"])]
    compare_bill: Option<PathBuf>,

    /// Service code of a bill that has no column of services, such as AWSCloudTrail.
    #[arg(long, value_name = "CODE", requires = "compare_bill", value_parser = service)]
    bill_service: Option<Service>,

    /// Negotiated prices and discounts (docs/cost.md).
    #[arg(long, value_name = "FILE", requires = "filename")]
    prices: Option<PathBuf>,

    /// Ask AWS for its list prices of the Regions there are, instead of using those in the program alone.
    #[arg(long, requires = "filename")]
    price_refresh: bool,

    /// Exit with 1 when it costs more US dollars a month, and with 4 when that is not known.
    #[arg(long, value_name = "AMOUNT", value_parser = dollars_of)]
    fail_above: Option<Decimal>,

    /// As a table for people, a document of kind CostEstimate or CostComparison, Infracost's document, or a comment on a
    /// pull request.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    output: Output,

    /// For --aws, and for events in a bucket.
    #[command(flatten)]
    access: events::Access,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Table,
    Json,
    Infracost,
    Markdown,
}

fn service(code: &str) -> Result<Service, String> {
    let codes = Service::ALL.map(Service::code);
    let place = codes.iter().position(|known| known.eq_ignore_ascii_case(code));
    place
        .and_then(|place| Service::ALL.get(place).copied())
        .ok_or_else(|| format!("the codes are {}", codes.join(", ")))
}

fn dollars_of(text: &str) -> Result<Decimal, String> {
    let amount = Decimal::from_str(text.trim_start_matches('$')).ok();
    amount
        .filter(|amount| !amount.is_sign_negative())
        .ok_or_else(|| "write US dollars such as 250.00".to_owned())
}

/// Estimates, prints, and says by the exit code whether it costs too much.
pub(crate) async fn run(args: &Args) -> Result<ExitCode> {
    if args.filename.is_empty() {
        return of_cluster(args).await;
    }
    let stdin = [&args.filename, &args.events, &args.compare];
    if stdin.into_iter().flatten().filter(|path| path.as_os_str() == "-").count() > 1 {
        bail!("stdin can be only one of the files: there is more than one '-'");
    }
    of_manifests(args).await
}

async fn of_cluster(args: &Args) -> Result<ExitCode> {
    let trails = from_cluster::read(args.namespace.as_deref(), args.all_namespaces, &args.name).await?;
    match args.output {
        Output::Table if trails.len() == 1 => output::text(&table::whole(&trails, None))?,
        Output::Table => output::text(&table::list(&trails))?,
        Output::Json => output::document(&document::estimate(&trails, None)?)?,
        Output::Markdown => output::document(&markdown::estimate(&trails))?,
        Output::Infracost => bail!("Infracost's document is made of manifests; give --filename"),
    }
    Ok(exit(&trails, args.fail_above))
}

async fn of_manifests(args: &Args) -> Result<ExitCode> {
    let clients = clients(args).await?;
    let mut then = Manifests::read(&args.filename, args.namespace.as_deref(), clients.as_ref()).await?;
    let mut today = match args.compare.as_slice() {
        [] => None,
        paths => Some(Manifests::read(paths, args.namespace.as_deref(), clients.as_ref()).await?),
    };
    let counting = count(args, &mut then, today.as_mut()).await?;
    let usages = match &args.usage {
        Some(path) => Some(Usages::read(path, today.iter().chain([&then]).flat_map(Manifests::subjects))?),
        None => None,
    };
    let mut seen = BTreeMap::new();
    for manifests in today.iter().chain([&then]) {
        ask(manifests, clients.as_ref(), &mut seen).await;
    }
    let prices = prices(args, today.iter().chain([&then]), counting.as_ref()).await?;
    let now = Timestamp::now();
    tell_age(&prices, now);
    let pricing = Pricing {
        volume: match (&counting, &usages) {
            (Some(counting), _) => Volume::Counted(counting),
            (None, Some(usages)) => Volume::Usage(usages),
            (None, None) => Volume::AsDeclared,
        },
        prices: &prices,
        retention: args.retention_days,
        seen,
        now,
    };
    let trails = then.price(&pricing);
    if args.output == Output::Infracost {
        let document = usage::document(
            then.subjects(),
            &trails,
            usages.as_ref(),
            &listed(&args.filename),
            &prices,
            now,
        )?;
        output::json(&document)?;
        return Ok(exit(&trails, args.fail_above));
    }
    if trails.iter().all(|trail| trail.status.is_none()) {
        bail!(
            "nothing says how many events there are: give --events, --usage or --aws, or set spec.cost.volume in the manifests"
        );
    }
    if !args.aws && args.retention_days.is_none() {
        output::tell(
            "note: log files are taken to be kept for ever; give --retention-days, or --aws to ask for the bucket's rules",
        );
    }
    match today {
        Some(today) => print_comparison(args.output, &Comparison::of(&today.price(&pricing), &trails))?,
        None => print_estimate(args, &trails)?,
    }
    Ok(exit(&trails, args.fail_above))
}

async fn clients(args: &Args) -> Result<Option<Clients>> {
    if !args.aws {
        return Ok(None);
    }
    check_environment()?;
    let access = &args.access;
    Ok(Some(Clients::with(access.profile.as_deref(), access.region.as_deref(), Observer::new(|_| ())).await?))
}

/// Counts the events, if there are any, and takes what belongs to no account for that of most of them.
async fn count(args: &Args, then: &mut Manifests, today: Option<&mut Manifests>) -> Result<Option<Counting>> {
    if args.events.is_empty() {
        return Ok(None);
    }
    let seconds = |time: Option<Timestamp>| time.map(Timestamp::as_second);
    let given = Given { start: seconds(args.start_time), end: seconds(args.end_time) };
    if let (Some(start), Some(end)) = (args.start_time, args.end_time)
        && start >= end
    {
        bail!("--start-time {start} is not before --end-time {end}");
    }
    let subjects = today.as_deref().into_iter().chain([&*then]).flat_map(Manifests::subjects);
    let mut counting = Counting::new(subjects, given);
    events::each(&args.events, &args.access, |event| counting.add(event)).await?;
    if counting.events == 0 {
        match counting.left_out {
            0 => bail!("there are no events in what --events names"),
            left_out => {
                bail!("none of the {left_out} events is of the time that --start-time and --end-time say")
            }
        }
    }
    if let Some(account_id) = counting.account() {
        for manifests in [Some(&mut *then), today].into_iter().flatten() {
            manifests.be_of(&account_id)?;
        }
    }
    for note in notes(&counting, then) {
        output::tell(format_args!("note: {note}"));
    }
    Ok(Some(counting))
}

/// What the events are, beyond their number.
fn notes(counting: &Counting, manifests: &Manifests) -> Vec<String> {
    let mut notes = Vec::new();
    if let (false, Some(account)) = (manifests.unnamed.is_empty(), counting.account()) {
        notes.push(format!(
            "no AwsAccount is among the manifests; priced for account {account}, which most events are of"
        ));
    }
    let missing = counting.missing_hours();
    if missing > 0 {
        notes.push(format!(
            "{missing} hours between the first and the last event have none and are taken to be missing; if they were quiet, give --start-time and --end-time"
        ));
    }
    if counting.left_out > 0 {
        notes.push(format!("{} events are before --start-time or not before --end-time", counting.left_out));
    }
    for (account, events) in counting.of_others(manifests.subjects()) {
        notes.push(format!("{events} events are of account {account}, which none of the Trails records"));
    }
    notes
}

async fn ask(manifests: &Manifests, clients: Option<&Clients>, seen: &mut BTreeMap<String, Account>) {
    let Some(clients) = clients else { return };
    for (input, owner) in manifests.inputs.iter().zip(manifests.bucket_owners()) {
        let account = clients.account(&input.act_as).await;
        let answer = Box::pin(account.cost_account(input, owner, MAX_AGE)).await;
        seen.insert(input.arn.clone(), answer);
    }
}

/// Those in the program, AWS's newest where it may be asked, and what somebody negotiated, each before the one before it.
async fn prices(
    args: &Args,
    manifests: impl Iterator<Item = &Manifests>,
    counting: Option<&Counting>,
) -> Result<Prices> {
    let mut prices = Prices::built_in();
    if args.price_refresh {
        let mut regions = counting.map(Counting::regions).unwrap_or_default();
        regions
            .extend(manifests.flat_map(Manifests::subjects).map(|subject| subject.trail.home_region.clone()));
        let (newer, unread) = args.access.account().await?.prices(&regions, MAX_AGE).await;
        prices = prices.refreshed(newer);
        for region in unread {
            output::tell(format_args!(
                "warning: --price-refresh: the price list of {region} could not be read"
            ));
        }
    }
    let Some(path) = &args.prices else { return Ok(prices) };
    let what = || format!("--prices: cannot read {}", path.display());
    let text = fs::read_to_string(path).with_context(what)?;
    let value: serde_json::Value = serde_saphyr::from_str(&text).with_context(what)?;
    let overrides = Overrides::from_value(&value).map_err(anyhow::Error::msg).with_context(what)?;
    Ok(prices.overridden(&overrides))
}

fn tell_age(prices: &Prices, now: Timestamp) {
    if prices.is_stale(now.as_second()) {
        output::tell(format_args!("warning: the prices are of {}, more than a year ago", prices.date()));
    }
}

fn print_estimate(args: &Args, trails: &[Priced]) -> Result<()> {
    let bill = match &args.compare_bill {
        Some(path) => {
            let rows = bill::read(path, args.bill_service)?;
            priced::together(trails).map(|estimate| bill::of_its_services(compare_bill(&estimate, &rows)))
        }
        None => None,
    };
    match args.output {
        Output::Json => output::document(&document::estimate(trails, bill.as_deref())?),
        Output::Markdown => output::document(&markdown::estimate(trails)),
        Output::Table | Output::Infracost => output::text(&table::whole(trails, bill.as_deref())),
    }
}

fn print_comparison(form: Output, comparison: &Comparison) -> Result<()> {
    match form {
        Output::Json => output::document(&document::comparison(comparison)?),
        Output::Markdown => output::document(&markdown::comparison(comparison)),
        Output::Table | Output::Infracost => output::text(&table::comparison(comparison)),
    }
}

/// Not known is not within.
fn exit(trails: &[Priced], limit: Option<Decimal>) -> ExitCode {
    let Some(limit) = limit else { return ExitCode::SUCCESS };
    let monthly = priced::monthly(trails);
    if monthly > limit {
        output::tell(format_args!("{} a month, of {} allowed", dollars(monthly), dollars(limit)));
        return ExitCode::from(TOO_MUCH);
    }
    match priced::unknown(trails).first() {
        Some(unknown) => {
            output::tell(format_args!(
                "{} of {} allowed are known of, and not what this costs: {unknown}",
                dollars(monthly),
                dollars(limit)
            ));
            ExitCode::from(crate::NO_ANSWER)
        }
        None => ExitCode::SUCCESS,
    }
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// A difference in US dollars, with its sign.
fn signed(amount: Decimal) -> String {
    let sign = if amount > Decimal::ZERO { "+" } else { "" };
    format!("{sign}{}", dollars(amount))
}
