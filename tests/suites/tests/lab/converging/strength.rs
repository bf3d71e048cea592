//! How much a trail records and protects, read from the lab's own state, and whether less of it is left. Shares nothing
//! with the operator's guard.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use serde_json::Value;
use trail_operator_crds::Destination;

use crate::keeping::place::Place;
use crate::keeping::state::{items, word};

/// Every trail of the account, as it is now whatever reads show.
pub fn all(place: &Place) -> Result<Vec<Value>> {
    let trails = place.lab.trails()?;
    Ok(items(&trails).filter(|trail| trail["account"] == place.account()).cloned().collect())
}

pub fn of(place: &Place) -> Result<Option<Value>> {
    Ok(all(place)?.into_iter().find(|trail| trail["arn"] == place.arn()))
}

/// A trail that was there is there, and no weaker. `destination` is where it delivered when it was last as declared: it
/// may always be brought back there.
pub fn is_kept(
    before: Option<&Value>,
    after: Option<&Value>,
    destination: Option<&Destination>,
) -> Result<()> {
    let Some(before) = before else { return Ok(()) };
    let Some(after) = after else { anyhow::bail!("the trail is gone") };
    for switch in ["logging", "multi_region", "global_events", "validation", "organization"] {
        ensure!(before[switch] != true || after[switch] == true, "{switch} was switched off");
    }
    let was = |member| {
        destination.map(|destination: &Destination| match member {
            "bucket" => destination.bucket_name.as_str(),
            "prefix" => &destination.key_prefix,
            _ => &destination.kms_key_arn,
        })
    };
    for member in ["bucket", "prefix", "kms_key"] {
        let brought_back = was(member).is_some_and(|was| !was.is_empty() && after[member] == was);
        // No prefix is a place too; no key is none.
        let brought_back =
            brought_back || (member == "prefix" && was(member).is_some_and(|was| after[member] == was));
        let first_key = member == "kms_key" && before[member] == "";
        ensure!(
            after[member] == before[member] || brought_back || first_key,
            "{member} went from {} to {}",
            before[member],
            after[member]
        );
    }
    ensure!(before["log_group"] == "" || after["log_group"] != "", "the log group is gone");
    let lost = &management_events(before) - &management_events(after);
    ensure!(lost.is_empty(), "these management events are not recorded any more: {lost:?}");
    let lost = &insights(before) - &insights(after);
    ensure!(lost.is_empty(), "these Insights are gone: {lost:?}");
    Ok(())
}

/// Kinds of management events that are told apart: reads and writes of services that can be left out, and of others.
fn management_events(trail: &Value) -> BTreeSet<(bool, &'static str)> {
    const SOURCES: [&str; 3] = ["kms.amazonaws.com", "rdsdata.amazonaws.com", "others"];
    let kinds = [true, false].into_iter().flat_map(|read| SOURCES.map(|source| (read, source)));
    let takes_basic = |selector: &Value, read: bool, source: &str| {
        let half = word(&selector["ReadWriteType"]);
        selector["IncludeManagementEvents"] == true
            && (half == "All" || (half == "ReadOnly") == read)
            && !items(&selector["ExcludeManagementEventSources"]).any(|excluded| excluded == source)
    };
    let takes_advanced = |selector: &Value, read: bool, source: &str| {
        items(&selector["FieldSelectors"]).all(|field| match word(&field["Field"]).as_str() {
            "eventCategory" => items(&field["Equals"]).any(|category| category == "Management"),
            "readOnly" => items(&field["Equals"]).any(|only| only == if read { "true" } else { "false" }),
            "eventSource" => !items(&field["NotEquals"]).any(|excluded| excluded == source),
            _ => false,
        })
    };
    let (basic, advanced) = (&trail["event_selectors"], &trail["advanced_selectors"]);
    let default = items(basic).next().is_none() && items(advanced).next().is_none();
    kinds
        .filter(|(read, source)| {
            default
                || items(basic).any(|selector| takes_basic(selector, *read, source))
                || items(advanced).any(|selector| takes_advanced(selector, *read, source))
        })
        .collect()
}

fn insights(trail: &Value) -> BTreeSet<(String, String)> {
    let of = |selector: &Value| {
        let kind = word(&selector["InsightType"]);
        items(&selector["EventCategories"]).map(|category| (kind.clone(), word(category))).collect::<Vec<_>>()
    };
    items(&trail["insights"]).flat_map(of).collect()
}
