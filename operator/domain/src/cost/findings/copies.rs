//! Management events that are paid for.
//!
//! Knows what is in a paid copy. Must not know buckets.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::super::{Component, Prices, Recording, Trail, Volume, money};
use super::{Finding, Reason, amount};

/// The event sources that selectors can leave out of management events (`cloudtrail.md` 2.1).
const NOISE: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];
/// From this part of a paid copy on they are worth a word.
const NOISE_FROM: Decimal = Decimal::from_parts(10, 0, 0, false, 2);

/// A further copy of management events.
pub(super) fn second(trail: &Trail, recordings: &[Recording<'_>], prices: &Prices) -> Option<Finding> {
    let paid: Vec<_> = paid_by(trail, recordings).collect();
    let events = money::sum(paid.iter().map(|recording| recording.events()));
    if events.is_zero() {
        return None;
    }
    let older: BTreeSet<&str> =
        paid.iter().filter_map(|recording| recording.free()).map(Trail::name).collect();
    let monthly = cost(paid.iter().map(|recording| recording.volume), prices);
    let recorded =
        recordings.iter().filter(|recording| recording.trails.iter().any(|own| own.arn == trail.arn));
    let all = money::sum(recorded.map(Recording::events));
    let message = format!(
        "trail {name} records {share} management events a second time: {events} events a month that {older} records already, {amount}; only the first copy is free. Let one of them record management events, or exclude what is recorded elsewhere",
        name = trail.name(),
        share = if events == all { "all its" } else { "some of its" },
        events = events.round(),
        older = older.into_iter().collect::<Vec<_>>().join(", "),
        amount = amount(monthly),
    );
    Some(Finding::new(Reason::SecondManagementCopy, trail, monthly, message))
}

/// Copies of which nobody can say whether they are made.
pub(super) fn uncertain(trail: &Trail, recordings: &[Recording<'_>]) -> Option<Finding> {
    let is_uncertain = |recording: &&Recording<'_>| {
        recording.trails.len() > 1 && recording.uncertain.iter().any(|own| own.arn == trail.arn)
    };
    let events = money::sum(recordings.iter().filter(is_uncertain).map(Recording::events));
    (!events.is_zero()).then(|| {
        let message = format!(
            "whether trail {} records {} management events a month cannot be told from what is known of them; they are counted as recorded, which is the dearer reading",
            trail.name(),
            events.round(),
        );
        Finding::new(Reason::CopyUncertain, trail, None, message)
    })
}

/// Calls of KMS and the RDS Data API in a paid copy.
pub(super) fn noise(trail: &Trail, recordings: &[Recording<'_>], prices: &Prices) -> Option<Finding> {
    let paid: Vec<_> = paid_by(trail, recordings).collect();
    let noisy: Vec<_> =
        paid.iter().filter(|recording| NOISE.contains(&recording.volume.source.as_str())).collect();
    let all = money::sum(paid.iter().map(|recording| recording.events()));
    let events = money::sum(noisy.iter().map(|recording| recording.events()));
    if events.is_zero() || money::ratio(events, all) < NOISE_FROM {
        return None;
    }
    let sources: BTreeSet<&str> = noisy.iter().map(|recording| recording.volume.source.as_str()).collect();
    let monthly = cost(noisy.iter().map(|recording| recording.volume), prices);
    let message = format!(
        "{events} of the {all} management events that trail {name} pays for come from {sources}, {amount}; exclude these sources if another trail records them",
        events = events.round(),
        all = all.round(),
        name = trail.name(),
        sources = sources.into_iter().collect::<Vec<_>>().join(" and "),
        amount = amount(monthly),
    );
    Some(Finding::new(Reason::KmsNoise, trail, monthly, message))
}

fn paid_by<'a, 'b>(
    trail: &'a Trail,
    recordings: &'a [Recording<'b>],
) -> impl Iterator<Item = &'a Recording<'b>> {
    recordings.iter().filter(move |recording| recording.paid().iter().any(|paid| paid.arn == trail.arn))
}

/// What these management events cost as paid copies; `None` where a Region has no price.
fn cost<'a>(volumes: impl Iterator<Item = &'a Volume>, prices: &Prices) -> Option<Decimal> {
    let each = volumes.map(|volume| {
        let row = prices.price(Component::ManagementEvents, &volume.region).ok()?;
        Some(row.tiers.cost(volume.events.max(Decimal::ZERO)))
    });
    each.sum::<Option<Decimal>>()
}
