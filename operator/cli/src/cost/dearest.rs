//! What costs most: sources, event names and principals, each with its part of what its group of events costs. Pure.
//!
//! Names of events and people are told on the command line only.

use std::{cmp::Reverse, collections::BTreeMap};

use serde::Serialize;
use trail_operator_domain::cost::{
    Category, Component, Decimal, Extrapolated, Line, Object,
    counting::{Frequent, Kind, MostFrequent},
    plain,
};

/// So many of each are told.
pub(super) const MOST: usize = 10;

/// What costs most of the events of one category that one EventSelector takes, or that the trail takes itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dearest {
    /// Namespace and name of the Trail.
    pub(super) trail: String,
    /// The category.
    pub(super) category: String,
    /// Namespace and name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_selector: Option<String>,
    /// US dollars a month of all of them.
    pub(super) monthly: String,
    /// Services.
    pub(super) sources: Vec<Part>,
    /// Event names, each with its service.
    pub(super) event_names: Vec<Part>,
    /// Who did it.
    pub(super) principals: Vec<Part>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part {
    pub(super) name: String,
    /// A month.
    pub(super) events: String,
    /// US dollars a month.
    pub(super) monthly: String,
}

/// Of one trail.
pub(super) fn dearest(
    trail: &str,
    month: &Extrapolated<Kind>,
    frequent: &[MostFrequent],
    lines: &[Line],
) -> Vec<Dearest> {
    let groups = frequent.iter().filter_map(|group| of_group(trail, month, group, lines));
    let mut all: Vec<(Decimal, Dearest)> = groups.collect();
    all.sort_by(|(one, this), (other, that)| other.cmp(one).then_with(|| this.category.cmp(&that.category)));
    all.into_iter().map(|(_, group)| group).collect()
}

fn of_group(
    trail: &str,
    month: &Extrapolated<Kind>,
    group: &MostFrequent,
    lines: &[Line],
) -> Option<(Decimal, Dearest)> {
    let component = match Category::of(&group.category) {
        Category::Management => Component::ManagementEvents,
        Category::Data => Component::DataEvents,
        Category::NetworkActivity => Component::NetworkActivityEvents,
        Category::Insight | Category::Other => return None,
    };
    let mut sources = BTreeMap::<&str, Decimal>::new();
    for (kind, monthly) in &month.monthly {
        if kind.category == group.category && kind.selector == group.selector {
            *sources.entry(&kind.source).or_default() += monthly.events;
        }
    }
    let events: Decimal = sources.values().sum();
    if events.is_zero() {
        return None;
    }
    let monthly = lines
        .iter()
        .filter(|line| line.component == component && is_of(line, group))
        .map(|line| line.monthly)
        .sum();
    let mut sources: Vec<_> = sources.into_iter().collect();
    sources.sort_by_key(|(_, events)| Reverse(*events));
    sources.truncate(MOST);
    let share = |part: Decimal| monthly * part.checked_div(events).unwrap_or_default();
    let part = |name: &str, part: Decimal| Part {
        name: name.to_owned(),
        events: part.round().normalize().to_string(),
        monthly: plain(share(part)),
    };
    // What was counted stands for a month in the same proportion.
    let in_a_month =
        |count: u64| events * Decimal::from(count).checked_div(group.events.into()).unwrap_or_default();
    let parts = |list: &[Frequent]| {
        list.iter().map(|frequent| part(&frequent.text, in_a_month(frequent.count))).collect::<Vec<_>>()
    };
    let told = Dearest {
        trail: trail.to_owned(),
        category: group.category.clone(),
        event_selector: group.selector.clone(),
        monthly: plain(monthly),
        sources: sources.iter().map(|(name, events)| part(name, *events)).collect(),
        event_names: parts(&group.names),
        principals: parts(&group.principals),
    };
    Some((monthly, told))
}

/// Whether a line is for the events of the group.
fn is_of(line: &Line, group: &MostFrequent) -> bool {
    let called = |object: &Object| format!("{}/{}", object.namespace, object.name);
    match &group.selector {
        Some(selector) => line.object.as_ref().is_some_and(|object| called(object) == *selector),
        None => true,
    }
}
