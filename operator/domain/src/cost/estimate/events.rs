//! What CloudTrail charges for events (`cloudtrail.md` 9.1).
//!
//! Knows which events are paid, and by whom. Must not know prices.

use super::super::{
    Access, Basis, Category, Component, InsightCategory, InsightType, Quantity, Recorded, Recording, Trail,
    Volume,
};
use super::ledger::{Entry, Ledger};

/// Copies of management events beyond the first.
pub(super) fn management(ledger: &mut Ledger, recordings: &[Recording<'_>]) {
    for recording in recordings {
        for trail in recording.paid() {
            let note = "copies beyond the first; the free one is attributed to the trail that logs longest";
            charge(ledger, Component::ManagementEvents, trail, recording.volume, note);
        }
    }
}

/// Data and network activity events: every copy.
pub(super) fn recorded(ledger: &mut Ledger, trails: &[Trail], recorded: &[Recorded]) {
    for record in recorded {
        let component = match record.category {
            Category::Data => Component::DataEvents,
            Category::NetworkActivity => Component::NetworkActivityEvents,
            Category::Management | Category::Insight | Category::Other => continue,
        };
        let trail = trails.iter().find(|trail| trail.arn == record.trail);
        if trail.is_some_and(|trail| !trail.logging) {
            continue;
        }
        let volume = &record.volume;
        let entry = Entry {
            component,
            account: volume.account.clone(),
            region: volume.region.clone(),
            trail: Some(record.trail.clone()),
            object: record.object.clone().or_else(|| trail.and_then(|trail| trail.object.clone())),
            note: String::new(),
        };
        ledger.charge(entry, Quantity::new(volume.events, volume.basis));
    }
}

/// What Insights analyses, for each trail and type; and aggregation, of which neither quantity nor price is known.
pub(super) fn insights(
    ledger: &mut Ledger,
    trails: &[Trail],
    recordings: &[Recording<'_>],
    recorded: &[Recorded],
) {
    for trail in trails.iter().filter(|trail| trail.logging) {
        if trail.aggregation {
            ledger.unknown(Component::EventAggregation, &trail.home_region);
        }
        if let Some(events) = trail.insight_events {
            let entry =
                Entry::of_trail(Component::ManagementInsights, trail, &trail.home_region, "as declared");
            ledger.charge(entry, Quantity::new(events, Basis::Declared));
            continue;
        }
        let own =
            recordings.iter().filter(|recording| recording.trails.iter().any(|own| own.arn == trail.arn));
        for recording in own {
            for note in analyses(trail, recording.volume) {
                charge(ledger, Component::ManagementInsights, trail, recording.volume, note);
            }
        }
        let data =
            recorded.iter().filter(|record| record.trail == trail.arn && record.category == Category::Data);
        for record in data {
            for kind in types(trail, InsightCategory::Data) {
                charge(ledger, Component::DataInsights, trail, &record.volume, word(kind));
            }
        }
    }
}

/// The analyses that management events of this kind go through: the call rate looks at writes only (`cloudtrail.md` 2.7).
fn analyses<'a>(trail: &'a Trail, volume: &Volume) -> impl Iterator<Item = &'static str> + use<'a> {
    let is_read = volume.access == Access::Read;
    let looks = move |kind: &InsightType| !(is_read && *kind == InsightType::ApiCallRate);
    types(trail, InsightCategory::Management).filter(looks).map(word)
}

fn types(trail: &Trail, category: InsightCategory) -> impl Iterator<Item = InsightType> + use<'_> {
    let selectors = trail.insights.iter();
    selectors.filter(move |selector| selector.categories.contains(&category)).map(|selector| selector.kind)
}

fn word(kind: InsightType) -> &'static str {
    match kind {
        InsightType::ApiCallRate => "ApiCallRateInsight",
        InsightType::ApiErrorRate => "ApiErrorRateInsight",
    }
}

fn charge(ledger: &mut Ledger, component: Component, trail: &Trail, volume: &Volume, note: &str) {
    let own = Entry::of_trail(component, trail, &volume.region, note);
    let entry = Entry { account: volume.account.clone(), ..own };
    ledger.charge(entry, Quantity::new(volume.events, volume.basis));
}
