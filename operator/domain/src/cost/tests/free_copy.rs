//! Which copies of management events are free.

use super::*;

fn paid(trails: Vec<Trail>, volumes: Vec<Volume>) -> Decimal {
    quantity(&estimate(&situation(trails, volumes, vec![])), Component::ManagementEvents)
}

#[test]
fn one_trail_pays_nothing_two_pay_once_three_pay_twice() {
    for (trails, copies) in [(0, 0), (1, 0), (2, 1), (3, 2), (5, 4)] {
        let trails = (0..trails).map(|n| trail(&n.to_string())).collect();
        assert_eq!(paid(trails, vec![volume(1000, Access::Read)]), Decimal::from(copies * 1000));
    }
}

#[test]
fn trails_that_do_not_overlap_are_one_copy_each_of_different_events() {
    let reads = recording(trail("reads"), ReadWrite::ReadOnly, &[]);
    let writes = recording(trail("writes"), ReadWrite::WriteOnly, &[]);
    let volumes = vec![volume(700, Access::Read), volume(300, Access::Write)];
    assert_eq!(paid(vec![reads.clone(), writes], volumes.clone()), decimal("0"));
    assert_eq!(paid(vec![reads, trail("all")], volumes), decimal("700"));
}

#[test]
fn excluded_sources_are_in_no_paid_copy() {
    let kms = Volume { source: "kms.amazonaws.com".into(), ..volume(900, Access::Read) };
    let quiet = recording(trail("quiet"), ReadWrite::All, &["kms.amazonaws.com"]);
    assert_eq!(paid(vec![trail("all"), quiet], vec![kms.clone(), volume(100, Access::Read)]), decimal("100"));
    assert_eq!(paid(vec![trail("all"), trail("too")], vec![kms, volume(100, Access::Read)]), decimal("1000"));
}

#[test]
fn a_region_has_a_free_copy_of_its_own() {
    let ohio = Volume { region: "us-east-2".into(), ..volume(500, Access::Read) };
    let single = Trail { regions: Regions::Only(BTreeSet::from(["us-east-2".into()])), ..trail("single") };
    assert_eq!(
        paid(vec![trail("all"), single.clone()], vec![volume(500, Access::Read), ohio.clone()]),
        decimal("500")
    );
    assert_eq!(paid(vec![single], vec![volume(500, Access::Read), ohio]), decimal("0"));
}

#[test]
fn a_trail_that_is_switched_off_is_no_copy() {
    let off = Trail { logging: false, ..trail("off") };
    assert_eq!(paid(vec![trail("on"), off], vec![volume(500, Access::Read)]), decimal("0"));
}

#[test]
fn the_free_copy_is_attributed_to_the_oldest_then_by_arn_then_to_those_of_unknown_age() {
    for (trails, free) in [
        (vec![since(trail("b"), 20), since(trail("a"), 30)], "b"),
        (vec![since(trail("b"), 20), since(trail("a"), 20)], "a"),
        (vec![trail("a"), since(trail("b"), 20)], "b"),
        (vec![trail("b"), trail("a")], "a"),
    ] {
        let estimate = estimate(&situation(trails, vec![volume(500, Access::Read)], vec![]));
        let [copy] = estimate.free_copies.as_slice() else { panic!("{:?}", estimate.free_copies) };
        assert_eq!(copy.trail.rsplit('/').next(), Some(free));
        assert!(estimate.lines.iter().all(|line| line.trail.as_ref() != Some(&copy.trail)));
    }
}

#[test]
fn trails_of_others_take_the_free_copy_too() {
    let foreign = Trail { object: None, ..since(trail("foreign"), 1) };
    let estimate = estimate(&situation(
        vec![since(trail("ours"), 2), foreign],
        vec![volume(100_000, Access::Read)],
        vec![],
    ));
    assert_eq!(estimate.share_of(&trail("ours").object.unwrap()).monthly, decimal("2"));
}

#[test]
fn a_member_account_pays_for_its_own_trail_beside_the_organizations() {
    let organization = Trail { organization: true, ..since(trail("organization"), 1) };
    let mut member = since(trail("member"), 2);
    member.account = "444455556666".into();
    let of_member = Volume { account: "444455556666".into(), ..volume(300, Access::Read) };
    let estimate =
        estimate(&situation(vec![organization, member], vec![volume(500, Access::Read), of_member], vec![]));
    let [line] = estimate.lines.as_slice() else { panic!("{:?}", estimate.lines) };
    assert_eq!((line.account.as_str(), line.quantity), ("444455556666", decimal("300")));
    assert_eq!(estimate.free_copies.len(), 2);
}

#[test]
fn what_cannot_be_told_is_counted_and_said() {
    let unsaid = volume(800, Access::Unsaid);
    let writes = since(recording(trail("writes"), ReadWrite::WriteOnly, &[]), 2);
    let estimate = estimate(&situation(vec![since(trail("all"), 1), writes], vec![unsaid], vec![]));
    assert_eq!(quantity(&estimate, Component::ManagementEvents), decimal("800"));
    assert!(estimate.findings.iter().any(|finding| finding.reason == Reason::CopyUncertain));
}
