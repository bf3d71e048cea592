//! What AWS has becomes objects of which the operator makes the same again.

use std::collections::{BTreeMap, BTreeSet};

use trail_operator_crds::OWNER_TAG;
use trail_operator_domain::selectors::{
    AdvancedSelector, BasicSelector, FieldSelector, ReadWrite, Selectors,
};
use trail_operator_reconcile::{
    aws::{Insights, TrailDescription, TrailSettings},
    event_selector,
    trail::{Observed, ObservedTrail, Recorded},
};

use super::{
    check::{Checked, checked},
    manifests::{MOST_TAGS, Naming, draft, of, trail_node},
};
use crate::yaml::Node;

const ACCOUNT: &str = "111122223333";
const KMS: &str = "kms.amazonaws.com";
const RDS: &str = "rdsdata.amazonaws.com";

fn description(name: &str) -> TrailDescription {
    TrailDescription {
        arn: format!("arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/{name}"),
        name: name.to_owned(),
        home_region: "eu-west-1".to_owned(),
        settings: TrailSettings {
            s3_bucket_name: "logs".to_owned(),
            include_global_service_events: true,
            is_multi_region_trail: true,
            enable_log_file_validation: true,
            recursive_logging: Some(true),
            ..TrailSettings::default()
        },
        has_custom_event_selectors: true,
        has_insight_selectors: true,
        tags: Some(BTreeMap::new()),
    }
}

/// The smallest trail, changed.
fn observed(name: &str, change: impl FnOnce(&mut ObservedTrail)) -> ObservedTrail {
    let TrailDescription { arn, home_region, settings, tags, .. } = description(name);
    let recorded = Recorded {
        selectors: Some(Selectors::Default),
        insights: Some(Insights::new()),
        aggregation: Some(BTreeSet::new()),
    };
    let mut trail = ObservedTrail { arn, home_region, settings, tags, recorded, status: <_>::default() };
    trail.status.is_logging = true;
    change(&mut trail);
    trail
}

fn imported_as(name: &str, naming: &Naming, change: impl FnOnce(&mut ObservedTrail)) -> Checked {
    let trail = observed(name, change);
    let mut description = description(name);
    description.settings.is_organization_trail = trail.settings.is_organization_trail;
    let manifests = of(draft(&description, naming).unwrap(), &trail);
    let key = trail.settings.kms_key_id.clone();
    let key_arn = (!key.is_empty()).then_some(key);
    checked(manifests, &Observed { trail: Some(trail), key_arn, ..Observed::default() }, ACCOUNT).unwrap()
}

fn imported(change: impl FnOnce(&mut ObservedTrail)) -> Checked {
    imported_as("audit", &naming(), change)
}

fn naming() -> Naming {
    Naming { namespace: None, name: None, account_ref: "default".to_owned() }
}

fn yaml(imported: &Checked) -> String {
    trail_node(&imported.manifests.trail).unwrap().yaml().unwrap()
}

/// What is behind `spec:`.
fn spec(imported: &Checked) -> String {
    let yaml = yaml(imported);
    let (_, spec) = yaml.split_once("spec:\n").unwrap();
    spec.lines().map(|line| line.strip_prefix("  ").unwrap()).collect::<Vec<_>>().join("\n")
}

fn with(selectors: Selectors) -> Checked {
    imported(|trail| trail.recorded.selectors = Some(selectors))
}

fn data(name: &str, fields: &[FieldSelector]) -> AdvancedSelector {
    let kind = [
        FieldSelector::equals("eventCategory", ["Data"]),
        FieldSelector::equals("resources.type", ["AWS::S3::Object"]),
    ];
    AdvancedSelector {
        name: name.to_owned(),
        fields: kind.into_iter().chain(fields.iter().cloned()).collect(),
    }
}

fn set<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
    texts.map(str::to_owned).into()
}

#[test]
fn the_smallest_trail_is_the_smallest_manifest() {
    let imported = imported(|_| {});
    assert_eq!(
        yaml(&imported),
        "apiVersion: trail-operator.dev/v1alpha1\nkind: Trail\nmetadata:\n  name: audit\nspec:\n  region: eu-west-1\n  s3:\n    bucketName: logs\n  adoptionPolicy: IfUnowned\n"
    );
    assert_eq!(
        (imported.warnings, imported.notes.len(), imported.manifests.event_selectors.len()),
        (vec![], 0, 0)
    );
}

#[test]
fn every_setting_is_said_where_it_differs_and_in_the_order_of_the_reference() {
    let naming = Naming {
        namespace: Some("security".to_owned()),
        name: Some("main".to_owned()),
        account_ref: "prod".to_owned(),
    };
    let imported = imported_as("Audit_Trail", &naming, |trail| {
        trail.settings = TrailSettings {
            s3_bucket_name: "logs".to_owned(),
            s3_key_prefix: "a/b".to_owned(),
            sns_topic_arn: format!("arn:aws:sns:eu-west-1:{ACCOUNT}:audit"),
            cloud_watch_logs_log_group_arn: format!("arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:audit:*"),
            cloud_watch_logs_role_arn: format!("arn:aws:iam::{ACCOUNT}:role/audit"),
            kms_key_id: format!("arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"),
            is_organization_trail: true,
            recursive_logging: Some(false),
            ..TrailSettings::default()
        };
        trail.status.is_logging = false;
        trail.recorded.selectors = Some(Selectors::Advanced(vec![data("Objects", &[])]));
        trail.recorded.insights = Some(Insights::from([("ApiErrorRateInsight".to_owned(), set(["Data"]))]));
        trail.recorded.aggregation = Some(set(["API_ACTIVITY"]));
        trail.tags = Some(
            [("Team", "a"), ("AWS:x", "b"), ("aws:y", "c"), ("on", "yes"), ("trail-operator.dev/x", "d")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        );
    });
    let wanted = format!(
        "trailName: Audit_Trail
region: eu-west-1
accountRef:
  name: prod
logging: Disabled
isMultiRegionTrail: false
includeGlobalServiceEvents: false
isOrganizationTrail: true
enableLogFileValidation: false
recursiveLogging: false
managementEvents:
  readWriteType: None
s3:
  bucketName: logs
  keyPrefix: a/b
kms:
  keyId: arn:aws:kms:eu-west-1:{ACCOUNT}:key/1
cloudWatchLogs:
  logGroupName: audit
  roleArn: arn:aws:iam::{ACCOUNT}:role/audit
sns:
  topicArn: arn:aws:sns:eu-west-1:{ACCOUNT}:audit
insightSelectors:
- insightType: ApiErrorRateInsight
  eventCategories:
  - Data
aggregation:
  templates:
  - API_ACTIVITY
tags:
  Team: a
  \"on\": \"yes\"
adoptionPolicy: IfUnowned"
    );
    assert_eq!(spec(&imported), wanted);
    assert_eq!(imported.warnings, [""; 0]);
    let object = &imported.manifests.event_selectors[0];
    let name = (object.metadata.namespace.as_deref(), object.metadata.name.as_deref());
    assert_eq!(name, (Some("security"), Some("main-objects")));
    assert_eq!(object.spec.trail_ref.name, "main");
}

#[test]
fn management_events_are_said_exactly_where_a_trail_can_say_them() {
    let only = |read_write, excluded: &[&str]| {
        vec![AdvancedSelector::management(read_write, excluded.iter().copied())]
    };
    let basic = |read_write_type, excluded: &[&str]| BasicSelector {
        read_write_type,
        exclude_management_event_sources: excluded.iter().map(|&source| source.to_owned()).collect(),
        ..BasicSelector::all_management()
    };
    for (selectors, said, excluded) in [
        (Selectors::Default, "All", vec![]),
        (Selectors::Advanced(only(ReadWrite::All, &[])), "All", vec![]),
        (Selectors::Advanced(only(ReadWrite::ReadOnly, &[KMS])), "ReadOnly", vec![KMS]),
        (Selectors::Advanced(only(ReadWrite::All, &[KMS, RDS])), "All", vec![KMS, RDS]),
        (Selectors::Advanced(vec![data("", &[])]), "None", vec![]),
        (Selectors::Basic(vec![basic(ReadWrite::WriteOnly, &[])]), "WriteOnly", vec![]),
        (
            Selectors::Basic(vec![basic(ReadWrite::ReadOnly, &[]), basic(ReadWrite::WriteOnly, &[])]),
            "All",
            vec![],
        ),
        (
            Selectors::Basic(vec![basic(ReadWrite::WriteOnly, &[KMS]), basic(ReadWrite::All, &[KMS, RDS])]),
            "All",
            vec![KMS],
        ),
    ] {
        let imported = with(selectors.clone());
        let management = &imported.manifests.trail.spec.management_events;
        assert_eq!(format!("{:?}", management.read_write_type), said, "{selectors:?}");
        // The third basic case records reads without two services, writes without one.
        let narrower = matches!(&selectors, Selectors::Basic(list) if list.len() == 2 && said == "All" && !excluded.is_empty());
        assert_eq!(management.exclude_event_sources, excluded, "{selectors:?}");
        assert_eq!(imported.warnings.len(), usize::from(narrower), "{selectors:?}: {:?}", imported.warnings);
    }
}

#[test]
fn what_a_trail_cannot_say_of_management_events_is_told_and_never_less_is_recorded() {
    let named = AdvancedSelector {
        name: "Everything".to_owned(),
        ..AdvancedSelector::management(ReadWrite::All, ["kms.amazonaws.com"])
    };
    let reads = AdvancedSelector::management(ReadWrite::ReadOnly, []);
    let writes = AdvancedSelector::management(ReadWrite::WriteOnly, ["kms.amazonaws.com"]);
    for list in [vec![named], vec![reads, writes]] {
        let selectors = Selectors::Advanced(list);
        let imported = with(selectors.clone());
        let [warning] = imported.warnings.as_slice() else { panic!("{:?}", imported.warnings) };
        assert!(
            warning.contains("managementEvents: '") && warning.contains("PutEventSelectors"),
            "{warning}"
        );
        let said = event_selector::management_of(&imported.manifests.trail).unwrap();
        assert!(Selectors::Advanced(vec![said]).management_events().covers(&selectors.management_events()));
    }
}

#[test]
fn selectors_become_one_object_each_in_the_order_of_aws() {
    let every_operator = FieldSelector {
        field: "resources.ARN".to_owned(),
        equals: set(["arn:aws:s3:::a/b"]),
        starts_with: set(["arn:aws:s3:::c/"]),
        ends_with: set([".log"]),
        not_equals: set(["arn:aws:s3:::c/d"]),
        not_starts_with: set(["arn:aws:s3:::c/e"]),
        not_ends_with: set([".tmp", ".swp"]),
    };
    let network = AdvancedSelector {
        name: String::new(),
        fields: [
            FieldSelector::equals("eventCategory", ["NetworkActivity"]),
            FieldSelector::equals("eventSource", ["kms.amazonaws.com"]),
        ]
        .into(),
    };
    let list = vec![
        data("Bucket: writes", &[FieldSelector::equals("readOnly", ["false"])]),
        AdvancedSelector::management(ReadWrite::All, []),
        network,
        data("bucket writes", &[every_operator]),
        data("", &[]),
    ];
    let imported = with(Selectors::Advanced(list.clone()));
    assert_eq!((imported.warnings, imported.of_event_selectors), (vec![], vec![Vec::<String>::new(); 4]));
    let objects = &imported.manifests.event_selectors;
    let names: Vec<_> = objects
        .iter()
        .map(|object| (object.spec.priority, object.metadata.name.as_deref().unwrap_or_default()))
        .collect();
    let wanted = [
        (100, "audit-bucket-writes"),
        (110, "audit-kms"),
        (120, "audit-bucket-writes-2"),
        (130, "audit-s3-object"),
    ];
    assert_eq!(names, wanted);
    let others = list.iter().filter(|selector| !selector.is_management());
    for (object, selector) in objects.iter().zip(others) {
        assert_eq!(event_selector::form(&object.spec, "x"), Ok(vec![selector.clone()]));
    }
    let yaml = Node::of(&objects[0]).unwrap().yaml().unwrap();
    assert!(
        yaml.contains("readOnly\n      equals:\n      - \"false\"") || yaml.contains("- 'false'"),
        "{yaml}"
    );
    assert!(!yaml.contains("null") && !yaml.contains("status"), "{yaml}");
}

#[test]
fn basic_selectors_of_every_shape_stay_basic() {
    let shape = |read_write_type, include_management_events, resources: &[(&str, &str)]| BasicSelector {
        read_write_type,
        include_management_events,
        exclude_management_event_sources: BTreeSet::new(),
        data_resources: resources.iter().map(|(kind, arn)| ((*kind).to_owned(), (*arn).to_owned())).collect(),
    };
    let function = "arn:aws:lambda:eu-west-1:111122223333:function:f";
    let list = vec![
        shape(
            ReadWrite::All,
            true,
            &[("AWS::S3::Object", "arn:aws:s3"), ("AWS::Lambda::Function", function)],
        ),
        shape(
            ReadWrite::ReadOnly,
            false,
            &[("AWS::S3::Object", "arn:aws:s3:::a/"), ("AWS::S3::Object", "arn:aws:s3:::b/c")],
        ),
        shape(
            ReadWrite::WriteOnly,
            false,
            &[("AWS::DynamoDB::Table", "arn:aws:dynamodb:eu-west-1:111122223333:table/t")],
        ),
        shape(ReadWrite::WriteOnly, false, &[("AWS::DynamoDB::Table", "arn:aws:dynamodb")]),
        shape(ReadWrite::ReadOnly, false, &[]),
    ];
    let imported = with(Selectors::Basic(list));
    assert_eq!(imported.warnings, [""; 0]);
    assert!(imported.notes[0].contains("basic form"), "{:?}", imported.notes);
    let objects = &imported.manifests.event_selectors;
    let names: Vec<_> =
        objects.iter().map(|object| object.metadata.name.as_deref().unwrap_or_default()).collect();
    let wanted = [
        "audit-lambda-function-s3-object",
        "audit-s3-object",
        "audit-dynamodb-table",
        "audit-dynamodb-table-2",
    ];
    assert_eq!(names, wanted);
    assert!(objects.iter().all(|object| object.spec.basic.is_some() && object.spec.advanced.is_none()));
    assert_eq!(objects[1].spec.basic.as_ref().unwrap().data_resources[0].values.len(), 2);
}

#[test]
fn selectors_that_no_object_can_hold_are_told_at_the_object() {
    let newer = AdvancedSelector {
        name: "New".to_owned(),
        fields: [FieldSelector::equals("eventCategory", ["Telepathy"])].into(),
    };
    let imported = with(Selectors::Advanced(vec![AdvancedSelector::management(ReadWrite::All, []), newer]));
    assert!(imported.of_event_selectors[0][0].starts_with("Invalid: "), "{:?}", imported.of_event_selectors);
    assert!(imported.warnings[0].contains("eventSelectors: '"), "{:?}", imported.warnings);
}

#[test]
fn whose_trail_it_is_decides_how_it_is_taken_over() {
    let owned_by = |owner: &str| {
        let tags = BTreeMap::from([(OWNER_TAG.to_owned(), owner.to_owned())]);
        imported(|trail| trail.tags = Some(tags))
    };
    let theirs = owned_by("other/security/main");
    assert!(spec(&theirs).ends_with("adoptFrom: other/security/main"), "{}", yaml(&theirs));
    assert!(!yaml(&theirs).contains("adoptionPolicy"));
    assert!(theirs.notes[0].contains("'other/security/main'"), "{:?}", theirs.notes);
    let ours = owned_by("any/default/audit");
    assert!(spec(&ours).ends_with("adoptionPolicy: IfUnowned"), "{}", yaml(&ours));
    assert!(ours.notes[0].contains("If it is that of another cluster"), "{:?}", ours.notes);
    for kept in [
        imported(|trail| trail.tags = None),
        imported_as("aws-controltower-BaselineCloudTrail", &naming(), |_| {}),
    ] {
        assert!(spec(&kept).ends_with("managementPolicy: Observe"), "{}", yaml(&kept));
        assert!(!yaml(&kept).contains("adoptionPolicy") && kept.notes[0].starts_with("Only looked at"));
        assert_eq!(kept.warnings, [""; 0]);
    }
}

#[test]
fn what_the_account_would_not_let_an_object_point_at_is_told() {
    let imported = imported(|trail| {
        trail.settings.kms_key_id = "arn:aws:kms:eu-west-1:999988887777:key/1".to_owned();
    });
    let [warning] = imported.warnings.as_slice() else { panic!("{:?}", imported.warnings) };
    assert!(
        warning.starts_with("NotPermitted: ") && warning.contains("allowedResources.kmsKeyArns"),
        "{warning}"
    );
}

#[test]
fn more_tags_than_a_trail_may_set_are_left_alone_and_told() {
    let imported = imported(|trail| {
        trail.tags = Some((10..60).map(|number| (format!("k{number}"), String::new())).collect());
    });
    assert_eq!(imported.manifests.trail.spec.tags.len(), MOST_TAGS);
    let told = imported.warnings.join(" ");
    assert!(told.contains("'k58'") && told.contains("'k59'") && imported.warnings.len() == 2, "{told}");
}
