//! From the flags and AWS's answers to what the engine is asked, with what has to be said of it.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use jiff::Timestamp;
use trail_operator_aws::{Account, Objects, configured_region};
use trail_operator_integrity::{
    Location, ObjectSource, Range, ReadError, Request, Selection, organization::organizations,
};

use super::{
    Args,
    asking::{self, Described},
    place,
    scope::{self, Asked, Known},
    target::{self, Target},
};

/// What is to be verified. Choices that were made for the caller, and what cannot be proved, are told on stderr.
pub(super) async fn request(
    args: &Args,
    target: &Target,
    account: &Account,
    source: &Arc<Objects>,
    (window, now): (Range, Timestamp),
) -> Result<Request> {
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
    request.locations.extend(args.earlier_location.iter().cloned());
    request.locations = locations(source, &request, &asked, known.is_of_organization, &mut notes).await;
    let of_organization = request.locations.iter().any(|place| place.organization.is_some());
    request.accounts = scope::accounts(&asked, of_organization, &request.trail);
    complete(&mut request, args, account, &described, &mut notes).await;
    for note in &notes {
        anstream::eprintln!("note: {}", crate::untrusted::shown(note));
    }
    Ok(request)
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

/// The places with the folder of the organization, where the trail is one's. Where that is not known, it is where there
/// are no digests of the trail outside of such a folder.
async fn locations<S: ObjectSource>(
    source: &S,
    request: &Request,
    asked: &Asked<'_>,
    is_of_organization: Option<bool>,
    notes: &mut Vec<String>,
) -> Vec<Location> {
    let mut all = Vec::new();
    for place in &request.locations {
        let found = match is_of_organization {
            Some(false) => Ok(Vec::new()),
            Some(true) => organizations(source, place).await,
            None => of_organizations_if_not_here(source, request, place, asked).await,
        };
        match found {
            Ok(found) if !found.is_empty() => all.extend(found),
            Ok(_) => all.push(place.clone()),
            Err(error) => {
                notes.push(format!(
                    "cannot look for the organization's folder in s3://{}/{}: {error}",
                    place.bucket,
                    place.accounts_prefix()
                ));
                all.push(place.clone());
            }
        }
    }
    all
}

async fn of_organizations_if_not_here<S: ObjectSource>(
    source: &S,
    request: &Request,
    place: &Location,
    asked: &Asked<'_>,
) -> Result<Vec<Location>, ReadError> {
    let trail = &request.trail;
    let account = asked.account.unwrap_or(&trail.account);
    let region = match &request.regions {
        Selection::Only(regions) => regions.first().unwrap_or(&trail.home_region),
        Selection::All => &trail.home_region,
    };
    if place::has_digests(source, place, trail, (account, region), request.window.start).await? {
        return Ok(Vec::new());
    }
    organizations(source, place).await
}

/// Adds what AWS says of the Regions.
async fn complete(
    request: &mut Request,
    args: &Args,
    account: &Account,
    described: &Described,
    notes: &mut Vec<String>,
) {
    let trail = &request.trail;
    let regions = match &request.regions {
        Selection::Only(regions) => regions.clone(),
        Selection::All => match account.list_regions(Duration::ZERO).await {
            Ok(regions) => regions,
            Err(error) => {
                notes.push(format!("a Region whose files are all gone may go unnoticed: {error}"));
                vec![trail.home_region.clone()]
            }
        },
    };
    let known = asking::in_regions(account, trail, regions).await;
    if let Some(other) =
        request.locations.iter().find_map(|place| known.undigested_neighbour(&trail.arn, place))
    {
        notes.push(format!(
            "{other} delivers to the same place without log file validation: log files that no digest lists are not looked for"
        ));
        request.unlisted = false;
    }
    // What another account is told is about its own files; what is delivered now is not in a bucket of earlier times.
    let is_own = described.identity.as_ref().is_some_and(|identity| identity.account_id == trail.account);
    let is_here = args.s3_bucket.is_none() || request.locations.iter().any(|place| described.is_in(place));
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
}
