//! Which copies of management events are paid (`cloudtrail.md` 9.1).
//!
//! The first copy of a management event is free in its account and Region, whoever records it; AWS chooses which one. Here it
//! is the copy of the trail that logs longest, then the first by ARN: a rule of attribution, which moves money between trails
//! and never changes the sum. Must not know prices.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{Trail, Volume};
use crate::selectors::{Admission, ManagementCoverage};

/// Management events of one kind, and the trails that record them.
#[derive(Clone, Debug)]
pub struct Recording<'a> {
    /// The events.
    pub volume: &'a Volume,
    /// The trails, oldest first: one copy each.
    pub trails: Vec<&'a Trail>,
    /// Those of the trails of which it is not sure that they record these: they are counted, since that is the dearer reading.
    pub uncertain: Vec<&'a Trail>,
}

impl<'a> Recording<'a> {
    /// The trail that the free copy is attributed to.
    pub fn free(&self) -> Option<&'a Trail> {
        self.trails.first().copied()
    }

    /// The trails whose copies are paid.
    pub fn paid(&self) -> &[&'a Trail] {
        self.trails.get(1..).unwrap_or_default()
    }

    /// How many events; never negative.
    pub fn events(&self) -> Decimal {
        self.volume.events.max(Decimal::ZERO)
    }
}

/// The free copies of an account and Region that are attributed to one trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeCopy {
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// ARN of the trail.
    pub trail: String,
    /// Management events of a month whose copy costs nothing.
    pub events: Decimal,
}

/// What becomes of each of these volumes of management events.
pub(super) fn recordings<'a>(trails: &'a [Trail], volumes: &'a [Volume]) -> Vec<Recording<'a>> {
    let mut by_age: Vec<(&Trail, ManagementCoverage)> =
        trails.iter().map(|trail| (trail, trail.selectors.management_events())).collect();
    by_age.sort_by_key(|(trail, _)| trail.seniority());
    volumes.iter().map(|volume| recording(&by_age, volume)).collect()
}

fn recording<'a>(by_age: &[(&'a Trail, ManagementCoverage)], volume: &'a Volume) -> Recording<'a> {
    let (mut trails, mut uncertain) = (Vec::new(), Vec::new());
    for (trail, coverage) in by_age {
        if !trail.reaches(&volume.account, &volume.region) {
            continue;
        }
        match coverage.admits(volume.access.read_only(), &volume.source) {
            Admission::No => continue,
            Admission::Yes => {}
            Admission::Undetermined => uncertain.push(*trail),
        }
        trails.push(*trail);
    }
    Recording { volume, trails, uncertain }
}

/// All free copies, by account, Region and trail.
pub(super) fn free(recordings: &[Recording<'_>]) -> Vec<FreeCopy> {
    let mut sums = BTreeMap::<(&str, &str, &str), Decimal>::new();
    for recording in recordings {
        let Some(trail) = recording.free() else { continue };
        let sum = sums.entry((&recording.volume.account, &recording.volume.region, &trail.arn)).or_default();
        *sum = sum.saturating_add(recording.events());
    }
    let copy = |((account, region, trail), events): ((&str, &str, &str), Decimal)| FreeCopy {
        account: account.to_owned(),
        region: region.to_owned(),
        trail: trail.to_owned(),
        events,
    };
    sums.into_iter().map(copy).collect()
}
