//! Which Regions and accounts should deliver digests, and which do. What should is known from AWS, not from the bucket.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::CoverageStatus;

use super::{Facts, Subject};

/// One account in one Region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
}

/// Who should deliver digests, and who does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How many should.
    pub expected: usize,
    /// How many of them do.
    pub delivering: usize,
    /// Some that should and do not, as `account/Region`.
    pub missing: Vec<String>,
    /// How many of those are whole accounts.
    pub silent_accounts: usize,
    /// Some that are given more time.
    pub awaited: usize,
    /// What could not be asked.
    pub unknown: Option<Unasked>,
    /// Whether this process has compared: status does not hold all of it.
    pub is_fresh: bool,
}

/// What could not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unasked {
    /// Which Regions are enabled.
    Regions,
    /// Which accounts are in the organization.
    Accounts,
}

/// `status.coverage.missing` holds at most this many.
const MAX_MISSING: usize = 10;

/// The first digest comes after an hour, and late; a Region that should deliver is missed after this.
pub(super) const PATIENCE: SignedDuration = SignedDuration::from_hours(3);

impl Coverage {
    /// What an earlier process has left in status.
    pub fn of(status: &CoverageStatus) -> Self {
        let count = |count: i32| usize::try_from(count).unwrap_or_default();
        Self {
            expected: count(status.expected),
            delivering: count(status.delivering),
            missing: status.missing.clone(),
            ..Self::default()
        }
    }

    /// What status is to hold of it.
    pub fn status(&self) -> CoverageStatus {
        let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        CoverageStatus {
            expected: count(self.expected),
            delivering: count(self.delivering),
            missing: self.missing.clone(),
        }
    }
}

/// Who should deliver. Accounts of an organization that cannot be asked for are those that were seen to.
pub(super) fn expected(
    subject: &Subject,
    facts: &Facts,
    seen: &BTreeSet<Pair>,
    before: Option<&Coverage>,
) -> (BTreeSet<Pair>, Option<Unasked>) {
    // Who was missed before a restart is still missed.
    let missed = before.iter().flat_map(|before| &before.missing).filter_map(|name| name.split_once('/'));
    let missed = missed.map(|(account, region)| Pair { account: account.into(), region: region.into() });
    let seen: &BTreeSet<Pair> = &seen.iter().cloned().chain(missed).collect();
    let home = || vec![subject.trail.home_region.clone()];
    let (regions, no_regions) = match &facts.regions {
        _ if !subject.is_multi_region_trail => (home(), false),
        Some(regions) => (regions.clone(), false),
        None => (seen.iter().map(|pair| pair.region.clone()).chain(home()).collect(), true),
    };
    let (accounts, no_accounts) = match &facts.accounts {
        _ if !subject.is_organization_trail => (vec![subject.trail.account.clone()], false),
        Some(accounts) => (accounts.clone(), false),
        None => {
            let seen = seen.iter().map(|pair| pair.account.clone());
            (seen.chain([subject.trail.account.clone()]).collect(), true)
        }
    };
    let pairs = accounts.iter().flat_map(|account| {
        regions.iter().map(move |region| Pair { account: account.clone(), region: region.clone() })
    });
    let unknown = match (no_regions, no_accounts) {
        (true, _) => Some(Unasked::Regions),
        (false, true) => Some(Unasked::Accounts),
        (false, false) => None,
    };
    (pairs.collect(), unknown)
}

/// Compares them. `missing_since` is brought up to date; who was missed before is not given time again.
pub(super) fn compare(
    expected: &(BTreeSet<Pair>, Option<Unasked>),
    delivering: &BTreeSet<Pair>,
    before: Option<&Coverage>,
    missing_since: &mut BTreeMap<Pair, Timestamp>,
    facts: &Facts,
) -> Coverage {
    let (expected, unknown) = expected;
    missing_since.retain(|pair, _| expected.contains(pair) && !delivering.contains(pair));
    let waited = |since: Timestamp| facts.now.duration_since(since) >= PATIENCE;
    let (mut missing, mut awaited) = (Vec::new(), 0);
    for pair in expected.difference(delivering) {
        let name = format!("{}/{}", pair.account, pair.region);
        let since = *missing_since.entry(pair.clone()).or_insert(facts.now);
        let known = before.is_some_and(|before| before.missing.contains(&name));
        let late = facts.started.is_some_and(waited) && (known || waited(since) || before.is_none());
        if late { missing.push((pair, name)) } else { awaited += 1 }
    }
    let delivers = |account: &str| delivering.iter().any(|pair| pair.account == account);
    let silent: BTreeSet<_> =
        missing.iter().map(|(pair, _)| &pair.account).filter(|one| !delivers(one)).collect();
    Coverage {
        expected: expected.len(),
        delivering: expected.intersection(delivering).count(),
        silent_accounts: silent.len(),
        missing: missing.into_iter().map(|(_, name)| name).take(MAX_MISSING).collect(),
        awaited,
        unknown: *unknown,
        is_fresh: true,
    }
}
