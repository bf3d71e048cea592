//! What a change would cost.

use super::*;

#[test]
fn adding_a_second_full_copy_is_told_in_dollars_before_it_is_made() {
    let now = situation(vec![since(trail("old"), 1)], vec![volume(4_000_000, Access::Write)], vec![]);
    let change = now.change_to(&now.with_trail(trail("new")), &Prices::built_in());
    assert_eq!(change.difference(), decimal("80"));
    let expected = ComponentChange {
        component: Component::ManagementEvents,
        before: decimal("0"),
        after: decimal("80"),
    };
    assert_eq!(change.components, [expected]);
    let [finding] = change.findings.as_slice() else { panic!("{:?}", change.findings) };
    assert_eq!((finding.reason, finding.monthly), (Reason::SecondManagementCopy, Some(decimal("80"))));
}

#[test]
fn narrowing_a_trail_makes_it_cheaper() {
    let now = situation(
        vec![since(trail("old"), 1), since(trail("new"), 2)],
        vec![volume(4_000_000, Access::Read), volume(1_000_000, Access::Write)],
        vec![],
    );
    let narrowed = recording(since(trail("new"), 2), ReadWrite::WriteOnly, &[]);
    let change = now.change_to(&now.with_trail(narrowed), &Prices::built_in());
    assert_eq!((change.before, change.difference()), (decimal("100"), decimal("-80")));
    assert_eq!(change.findings, []);
}

#[test]
fn a_change_of_nothing_is_no_change() {
    let now = situation(vec![trail("old"), trail("new")], vec![volume(4_000_000, Access::Read)], vec![]);
    let change = now.change_to(&now.clone(), &Prices::built_in());
    assert_eq!((change.difference(), change.components, change.findings), (decimal("0"), vec![], vec![]));
}
