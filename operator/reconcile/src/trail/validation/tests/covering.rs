//! Who should deliver, and who does.

use std::collections::BTreeSet;

use super::{
    super::coverage::{Unasked, compare, expected},
    *,
};

fn pairs(regions: &[&str]) -> BTreeSet<Pair> {
    regions.iter().map(|region| pair(region)).collect()
}

fn names(pairs: &BTreeSet<Pair>) -> Vec<String> {
    pairs.iter().map(|pair| format!("{}/{}", pair.account, pair.region)).collect()
}

#[test]
fn who_should_deliver_is_known_from_aws() {
    let seen = pairs(&["us-east-1", "ap-south-1"]);
    let (who, unknown) = expected(&subject(), &facts(NOON), &seen, None);
    assert_eq!((names(&who), unknown), (names(&pairs(&["us-east-1", "eu-west-1"])), None));
    let single = Subject { is_multi_region_trail: false, ..subject() };
    assert_eq!(names(&expected(&single, &facts(NOON), &seen, None).0), names(&pairs(&["us-east-1"])));
    let unasked = Facts { regions: None, ..facts(NOON) };
    let (who, unknown) = expected(&subject(), &unasked, &seen, None);
    assert_eq!((names(&who), unknown), (names(&seen), Some(Unasked::Regions)), "those that did before");
    let organization = Subject { is_organization_trail: true, ..subject() };
    let member = Pair { account: "444455556666".into(), region: "us-east-1".into() };
    let (who, unknown) = expected(&organization, &facts(NOON), &BTreeSet::from([member]), None);
    assert_eq!((who.len(), unknown), (4, Some(Unasked::Accounts)));
    let listed = Facts { accounts: Some(vec![ACCOUNT.into(), "777788889999".into()]), ..facts(NOON) };
    let (who, unknown) = expected(&organization, &listed, &seen, None);
    assert_eq!((who.len(), unknown), (4, None));
}

#[test]
fn a_region_is_missed_after_three_hours_and_not_given_them_again() {
    let should = (pairs(&["us-east-1", "eu-west-1"]), None);
    let does = pairs(&["us-east-1"]);
    let new = Facts { started: Some(NOON - HOUR), ..facts(NOON) };
    let mut since = BTreeMap::new();
    let young = compare(&should, &does, None, &mut since, &new);
    assert_eq!((young.missing.len(), young.awaited), (0, 1), "a new trail has delivered nothing yet");

    let later = compare(&should, &does, Some(&young), &mut since, &facts(NOON + HOUR));
    assert_eq!((later.missing.len(), later.awaited), (0, 1), "an hour later");
    let late = compare(&should, &does, Some(&later), &mut since, &facts(NOON + 3 * HOUR));
    assert_eq!((late.missing.as_slice(), late.awaited), (&["111122223333/eu-west-1".to_owned()][..], 0));

    let restarted = Coverage::of(&late.status());
    let again = compare(&should, &does, Some(&restarted), &mut BTreeMap::new(), &facts(NOON + 4 * HOUR));
    assert_eq!(again.missing.len(), 1, "also after a restart");
    let back = compare(&should, &should.0, Some(&again), &mut since, &facts(NOON + 5 * HOUR));
    assert_eq!((back.missing.len(), back.delivering, since.len()), (0, 2, 0));
}

#[test]
fn whole_accounts_and_their_regions_are_told_apart() {
    let organization = Subject { is_organization_trail: true, ..subject() };
    let listed = Facts { accounts: Some(vec![ACCOUNT.into(), "777788889999".into()]), ..facts(NOON) };
    let should = expected(&organization, &listed, &BTreeSet::new(), None);
    let does = pairs(&["us-east-1", "eu-west-1"]);
    let coverage = compare(&should, &does, None, &mut BTreeMap::new(), &listed);
    assert_eq!((coverage.expected, coverage.delivering, coverage.silent_accounts), (4, 2, 1));
}

#[test]
fn a_region_whose_digests_do_not_verify_delivers_all_the_same() {
    for (invalid, unchecked, missing) in [(0, 0, 1), (1, 0, 0), (0, 1, 0)] {
        let mut run = first(vec![]);
        run.onward.anchors.retain(|anchor| anchor.region == "us-east-1");
        let digests = &mut run.onward.report.chains[1].digests;
        (digests.invalid, digests.unchecked) = (invalid, unchecked);
        let coverage = after(Ledger::default(), &run, NOON).coverage.unwrap();
        assert_eq!(coverage.missing.len(), missing, "{invalid} {unchecked}");
    }
}
