//! From the flags and AWS's answers to what the engine is asked, with what has to be said of it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anyhow::Result;
use jiff::Timestamp;
use trail_operator_aws::{Account, Objects, configured_region};
use trail_operator_integrity::{Expiration, Location, Range, Request, Selection, Trail};

use crate::{output, untrusted::shown};

use super::{
    Args,
    asking::{self, Described},
    place::{self, Wanted},
    scope::{self, Asked, Known},
    target::{self, Target},
};

/// What is to be verified.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) request: Request,
    /// Why trails that deliver to the same place may be unknown.
    pub(super) unseen: Option<String>,
}

/// Asks AWS. Choices that were made for the caller, and what cannot be proved, are told on stderr.
pub(super) async fn prepare(
    args: &Args,
    target: &Target,
    account: &Account,
    source: &Arc<Objects>,
    (window, now): (Range, Timestamp),
) -> Result<Prepared> {
    let described = asking::describe(account, &target.trail).await?;
    let place = place(args, target, &described).ok_or_else(|| described.why_not(&target.trail))?;
    let configured = configured_region(args.profile.as_deref()).await;
    let asked = Asked {
        region: args.region.as_deref(),
        all_regions: args.all_regions,
        configured_region: configured.as_deref(),
        account: args.account_id.as_deref(),
        is_declared: target.declared.is_some(),
    };
    let known = known(target, &described);
    let (regions, note) = scope::regions(&asked, known, &target.trail);
    let mut notes = Vec::from_iter(note);
    if args.start_time.is_none() {
        let start = window.start.strftime("%Y-%m-%dT%H:%M:%SZ");
        notes.push(format!("verified is what was delivered from {start} on; --start-time goes back further"));
    }
    let mut request = Request::new(target.trail.clone(), place, window, now);
    request.regions = regions;
    request.whole_window = true;
    locate(&mut request, args, &asked, source, known.is_of_organization, &mut notes).await;
    request.expirations = expirations(account, target, &request, &mut notes).await;
    let unseen = complete(&mut request, args, account, &described, &mut notes).await;
    for note in &notes {
        output::tell(format_args!("note: {}", shown(note)));
    }
    Ok(Prepared { request, unseen })
}

/// Where the trail delivers: as the flags say, else as the object declares, else as CloudTrail has it.
fn place(args: &Args, target: &Target, described: &Described) -> Option<Location> {
    let declared = target.declared.as_ref();
    let known = declared
        .map(|declared| target::place(&declared.bucket, declared.prefix.as_deref()))
        .or_else(|| described.place());
    let place = match &args.s3_bucket {
        Some(bucket) => target::place(bucket, None),
        None => known?,
    };
    Some(match &args.s3_prefix {
        Some(prefix) => target::place(&place.bucket, Some(prefix)),
        None => place,
    })
}

fn known(target: &Target, described: &Described) -> Known {
    let declared = target.declared.as_ref();
    match (described.settings(), declared) {
        (Some(settings), _) => Known {
            is_multi_region: Some(settings.is_multi_region_trail),
            is_of_organization: Some(settings.is_organization_trail),
        },
        (None, Some(declared)) => Known {
            is_multi_region: Some(declared.is_multi_region),
            is_of_organization: Some(declared.is_of_organization),
        },
        (None, None) => Known::default(),
    }
}

/// Finds the places where the trail delivered, and says by them whose files are verified.
async fn locate(
    request: &mut Request,
    args: &Args,
    asked: &Asked<'_>,
    source: &Arc<Objects>,
    is_of_organization: Option<bool>,
    notes: &mut Vec<String>,
) {
    let trail = &request.trail;
    let region = match &request.regions {
        Selection::Only(regions) => regions.first().unwrap_or(&trail.home_region),
        Selection::All => &trail.home_region,
    };
    let account = asked.account.unwrap_or(&trail.account);
    let wanted = Wanted { trail, account, region, from: request.window.start, is_of_organization };
    request.locations = place::all(source, &request.locations, &args.earlier_location, wanted, notes).await;
    let has_folder = request.locations.iter().any(|place| place.organization.is_some());
    let of_organization = has_folder && is_of_organization != Some(false);
    request.accounts = scope::accounts(asked, of_organization, trail);
}

/// The lifecycle rules of the buckets. Without them what they let go counts as missing.
async fn expirations(
    account: &Account,
    target: &Target,
    request: &Request,
    notes: &mut Vec<String>,
) -> Vec<Expiration> {
    let home = account.cloud_trail(&request.trail.home_region);
    let owners = target.owners();
    let buckets: BTreeSet<_> = request.locations.iter().map(|place| &place.bucket).collect();
    let mut all = Vec::new();
    for bucket in buckets {
        match home.expirations(bucket, owners.get(bucket).map(String::as_str)).await {
            Ok(expirations) => all.extend(expirations),
            Err(error) => notes.push(format!(
                "what the lifecycle rules of {bucket} have let go counts as missing, since they cannot be read: {error}"
            )),
        }
    }
    all
}

/// Adds what AWS says of the Regions. Gives why trails that deliver to the same place may be unknown.
async fn complete(
    request: &mut Request,
    args: &Args,
    account: &Account,
    described: &Described,
    notes: &mut Vec<String>,
) -> Option<String> {
    let trail = &request.trail;
    let (regions, unlisted) = match &request.regions {
        Selection::Only(regions) => (regions.clone(), None),
        Selection::All => match account.list_regions(Duration::ZERO).await {
            Ok(regions) => (regions, None),
            Err(error) => {
                notes.push(format!("a Region whose files are all gone may go unnoticed: {error}"));
                (vec![trail.home_region.clone()], Some(error.to_string()))
            }
        },
    };
    let known = asking::in_regions(account, trail, regions).await;
    let is_own = described.is_by_owner(trail);
    let unseen = unseen(is_own, known.unseen.clone().or(unlisted), described, trail);
    if let Some(other) =
        request.locations.iter().find_map(|place| known.undigested_neighbour(&trail.arn, place))
    {
        notes.push(format!(
            "{other} delivers to the same place without log file validation: log files that no digest lists are not looked for"
        ));
        request.unlisted = false;
    } else if let Some(unseen) = &unseen {
        notes.push(format!(
            "a log file that no digest lists may be that of a trail without log file validation: {unseen}"
        ));
    }
    // What another account is told is about its own files; what is delivered now is in the trail's present place.
    let is_here = is_here(args, described.place().as_ref(), &request.locations);
    if is_own && is_here {
        request.delivery = known.delivery;
    }
    if request.delivery.is_empty() {
        let why = match known.unknown.filter(|_| is_own && is_here) {
            Some(error) => format!(" ({error})"),
            None => String::new(),
        };
        notes.push(format!(
            "CloudTrail does not tell how far it has delivered there{why}: newest digests that were removed only count as late"
        ));
    }
    if described.settings().is_some_and(|settings| !settings.enable_log_file_validation) {
        notes.push("log file validation is off: what the trail delivers now is in no digest".to_owned());
    }
    unseen
}

/// Why there may be trails that nobody has told of.
fn unseen(is_own: bool, error: Option<String>, described: &Described, trail: &Trail) -> Option<String> {
    let account = &trail.account;
    if is_own {
        return error.map(|error| format!("the trails of account {account} cannot all be listed: {error}"));
    }
    Some(format!("your credentials ({}) do not see the trails of account {account}", described.who()))
}

/// Whether what is verified is where the trail delivers at `present`. A Trail of the cluster says where that should be.
pub(super) fn is_here(args: &Args, present: Option<&Location>, places: &[Location]) -> bool {
    let is_named = args.s3_bucket.is_some() || args.s3_prefix.is_some();
    let is_present = |place: &Location| {
        present.is_some_and(|present| (&present.bucket, &present.prefix) == (&place.bucket, &place.prefix))
    };
    !is_named || places.iter().any(is_present)
}
