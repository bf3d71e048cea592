//! Traps, with their amounts.

use super::*;

fn find(situation: &Situation, reason: Reason) -> Option<Finding> {
    estimate(situation).findings.into_iter().find(|finding| finding.reason == reason)
}

fn second_copy() -> Situation {
    let trails = vec![since(trail("old"), 1), since(trail("new"), 2)];
    situation(trails, vec![volume(1_000_000, Access::Read)], vec![])
}

#[test]
fn a_second_full_copy_has_an_amount() {
    let finding = find(&second_copy(), Reason::SecondManagementCopy).unwrap();
    assert_eq!(finding.monthly, Some(decimal("20")));
    assert_eq!(finding.object, trail("new").object);
    for part in ["trail new", "all its management events", "old", "$20.00 a month"] {
        assert!(finding.message.contains(part), "{part}: {}", finding.message);
    }
    let one = situation(vec![trail("old")], vec![volume(1_000_000, Access::Read)], vec![]);
    assert_eq!(find(&one, Reason::SecondManagementCopy), None);
}

#[test]
fn a_second_copy_in_part_says_so() {
    let mut all = second_copy();
    all.trails[0] = recording(all.trails[0].clone(), ReadWrite::ReadOnly, &[]);
    all.volumes.management.push(volume(5, Access::Write));
    let finding = find(&all, Reason::SecondManagementCopy).unwrap();
    assert!(finding.message.contains("some of its management events"), "{}", finding.message);
}

#[test]
fn a_second_copy_without_a_price_has_no_amount() {
    let mut all = second_copy();
    all.volumes.management[0].region = "xx-nowhere-1".into();
    let finding = find(&all, Reason::SecondManagementCopy).unwrap();
    assert_eq!(finding.monthly, None);
    assert!(finding.message.contains("an unknown amount"));
}

#[test]
fn kms_noise_is_found_in_a_paid_copy_only() {
    let kms = |events| Volume { source: "kms.amazonaws.com".into(), ..volume(events, Access::Read) };
    let mut all = second_copy();
    all.volumes.management.push(kms(500_000));
    assert_eq!(find(&all, Reason::KmsNoise).unwrap().monthly, Some(decimal("10")));
    all.trails.pop();
    assert_eq!(find(&all, Reason::KmsNoise), None);
    let mut little = second_copy();
    little.volumes.management.push(kms(100));
    assert_eq!(find(&little, Reason::KmsNoise), None);
}

#[test]
fn a_trail_that_records_its_own_bucket_is_found() {
    let own = |prefixes: &[&str]| {
        let mut one = objects(Trail { bucket: Some(bucket()), ..trail("one") }, prefixes);
        one.delivered.log_files = decimal("90000");
        one.delivered.digests = decimal("10000");
        find(&situation(vec![one], vec![], vec![]), Reason::RecordsOwnBucket)
    };
    assert_eq!(own(&[]).unwrap().monthly, Some(decimal("0.1")));
    assert!(own(&["arn:aws:s3:::audit-logs/"]).unwrap().message.contains("arn:aws:s3:::audit-logs/"));
    assert_eq!(own(&["arn:aws:s3:::photos/"]), None);
}

#[test]
fn two_trails_that_record_the_same_objects_are_found() {
    let twice = |older: &[&str], younger: &[&str]| {
        let older = since(objects(trail("older"), older), 1);
        let younger = since(objects(trail("younger"), younger), 2);
        let data =
            vec![recorded(&older, Category::Data, 9_000_000), recorded(&younger, Category::Data, 2_000_000)];
        find(&situation(vec![younger, older], vec![], data), Reason::DataEventsTwice)
    };
    let photos = "arn:aws:s3:::photos/";
    assert_eq!(twice(&[], &[photos]).unwrap().monthly, Some(decimal("2")));
    assert_eq!(twice(&[photos], &[]).unwrap().monthly, Some(decimal("9")));
    assert_eq!(twice(&[photos], &[photos]).unwrap().trail, trail("younger").arn);
    assert_eq!(twice(&[photos], &["arn:aws:s3:::videos/"]), None);
}

#[test]
fn a_bucket_that_refuses_deliveries_bills_on() {
    let mut all = second_copy();
    all.trails[1].bucket = Some(Bucket { refuses: true, ..bucket() });
    all.trails[1].delivered.stored_bytes = GIB;
    let estimate = estimate(&all);
    let finding = estimate.findings.iter().find(|finding| finding.reason == Reason::BucketRefuses).unwrap();
    assert_eq!(finding.monthly, Some(decimal("20")));
    assert_eq!(of(&estimate, Component::LogStorage), decimal("0"), "nothing is stored");
}

#[test]
fn the_dearest_is_first() {
    let mut all = second_copy();
    all.volumes
        .management
        .push(Volume { source: "kms.amazonaws.com".into(), ..volume(500_000, Access::Read) });
    let reasons: Vec<_> = estimate(&all).findings.iter().map(|finding| finding.reason).collect();
    assert_eq!(reasons, [Reason::SecondManagementCopy, Reason::KmsNoise]);
}
