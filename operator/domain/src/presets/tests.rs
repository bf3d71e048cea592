use super::*;

#[test]
fn every_standard_has_its_presets() {
    let of = |standard: &str| all().iter().filter(|preset| preset.standard() == standard).count();
    assert_eq!((of("SecurityHub"), of("CIS-5.0.0"), of("guide")), (14, 15, 5));
    for topic in Topic::ALL {
        assert_eq!(topic.cis().map(|preset| preset.topic), Some(*topic));
        assert_eq!(topic.security_hub().is_some(), *topic != Topic::OrganizationsChanges);
    }
}

#[test]
fn other_versions_of_cis_are_other_names() {
    for (name, found) in [
        ("CIS-5.0.0/4.3", Some("CIS-5.0.0/4.3")),
        ("cis-5.0.0/4.3", Some("CIS-5.0.0/4.3")),
        ("CIS-1.2.0/3.3", Some("CIS-5.0.0/4.3")),
        ("CIS-1.2.0/3.15", None),
        ("CIS-1.4.0/4.15", Some("CIS-5.0.0/4.15")),
        ("CIS-3.0.0/4.10", Some("CIS-5.0.0/4.10")),
        ("CIS-6.0.0/5.1", Some("CIS-5.0.0/4.1")),
        ("CIS-7.0.0/5.15", Some("CIS-5.0.0/4.15")),
        ("CIS-7.0.0/5.16", None),
        ("CIS-7.0.0/4.1", None),
        ("CIS-5.0.0/4.0", None),
        ("securityhub/cloudwatch.14", Some("SecurityHub/CloudWatch.14")),
        ("SecurityHub/CloudWatch.15", None),
        ("", None),
    ] {
        assert_eq!(find(name).map(|preset| preset.name), found, "{name}");
    }
}

#[test]
fn a_standard_is_found_however_it_is_written() {
    let count = |name: &str| of_standard(name).map(|presets| presets.len());
    for (name, presets) in [
        ("SecurityHub", Some(14)),
        ("security-hub", Some(14)),
        ("CIS-5.0.0", Some(15)),
        ("cis", Some(15)),
        ("cis_1.2.0", Some(14)),
        ("CIS-7.0.0", Some(15)),
        ("Guide", Some(5)),
        ("cis-2.0.0", None),
        ("", None),
    ] {
        assert_eq!(count(name), presets, "{name}");
    }
    assert!(standards().iter().all(|name| of_standard(name).is_some()), "{:?}", standards());
}

/// AWS takes no longer ones (`cloudtrail.md` 5.1).
#[test]
fn patterns_fit() {
    for preset in all() {
        assert!(preset.newest().is_some_and(|revision| revision.pattern.len() <= 1024), "{}", preset.name);
    }
}

/// Alarms are held at what was released: changing it in place would change them all at the next upgrade. A new state is a
/// new revision.
#[test]
fn what_was_released_does_not_change() {
    let released = all()
        .iter()
        .flat_map(|preset| preset.revisions.iter().map(move |revision| (preset, revision)))
        .filter(|(_, revision)| revision.revision == "2026-11");
    let lines = released.map(|(preset, revision)| {
        let Revision { metric_namespace, pattern, .. } = revision;
        format!("{} {} {metric_namespace} {pattern}\n", preset.name, preset.topic.metric_name())
    });
    let text = lines.collect::<Vec<_>>().concat();
    let sum = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    assert_eq!(sum, 6_536_151_550_487_903_030, "presets of 2026-11 were changed, added or removed");
}
