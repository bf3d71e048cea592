//! The forms of selectors: what is declared, what AWS answers, what counts.

use super::super::{AdvancedSelector, BasicSelector, FieldSelector, ReadWrite, Selectors};
use super::{KMS, objects, of};
use serde_json::json;

fn default_management() -> AdvancedSelector {
    AdvancedSelector::management(ReadWrite::All, [])
}

fn basic(read_write_type: ReadWrite, management: bool, resources: &[(&str, &str)]) -> BasicSelector {
    BasicSelector {
        read_write_type,
        include_management_events: management,
        data_resources: resources.iter().map(|(kind, value)| ((*kind).into(), (*value).into())).collect(),
        ..BasicSelector::all_management()
    }
}

#[test]
fn default_management_events_alone_are_left_in_the_default_form() {
    assert_eq!(Selectors::declared(Some(default_management()), &[]), Selectors::Default);
    let writes = AdvancedSelector::management(ReadWrite::WriteOnly, []);
    assert_eq!(Selectors::declared(Some(writes.clone()), &[]), Selectors::Advanced(vec![writes]));
}

#[test]
fn management_events_come_first_and_members_keep_their_order() {
    let members = [of("NetworkActivity", &[json!({"Field": "eventSource", "Equals": [KMS]})]), objects(&[])];
    let Selectors::Advanced(list) = Selectors::declared(Some(default_management()), &members) else {
        panic!()
    };
    assert_eq!(list[0].name, "Management events selector");
    assert_eq!(list[0].fields.len(), 1, "no readOnly field unless it is asked for");
    assert_eq!(list[1..], members);
    assert_eq!(Selectors::declared(None, &members), Selectors::Advanced(members.to_vec()));
}

#[test]
fn both_ways_in_which_aws_tells_the_default_are_the_default() {
    let basic = Selectors::Basic(vec![BasicSelector::all_management()]);
    let advanced = Selectors::Advanced(vec![default_management()]);
    for form in [basic, advanced, Selectors::Default] {
        assert_eq!(form.normalised(), Selectors::Default, "{form:?}");
        assert_eq!(form.advanced(), [default_management()], "{form:?}");
    }
    let twice = Selectors::Basic(vec![BasicSelector::all_management(), BasicSelector::all_management()]);
    assert_ne!(twice.normalised(), Selectors::Default);
}

#[test]
fn order_is_no_difference() {
    let management = AdvancedSelector::management(ReadWrite::WriteOnly, [KMS]);
    let one = Selectors::Advanced(vec![management.clone(), objects(&[])]);
    let other = Selectors::Advanced(vec![objects(&[]), management]);
    assert_ne!(one, other);
    assert_eq!(one.normalised(), other.normalised());
}

#[test]
fn data_events_are_seen_in_both_forms() {
    let recording = basic(ReadWrite::All, true, &[("AWS::S3::Object", "arn:aws:s3")]);
    assert!(!Selectors::Basic(vec![BasicSelector::all_management()]).record_data_events());
    assert!(Selectors::Basic(vec![recording.clone()]).record_data_events());
    assert!(Selectors::Advanced(vec![objects(&[])]).record_data_events());
    assert!(!Selectors::Default.record_data_events());
    for selectors in [Selectors::Basic(vec![recording]), Selectors::Advanced(vec![objects(&[])])] {
        assert_eq!(selectors.data_resource_types().into_iter().collect::<Vec<_>>(), ["AWS::S3::Object"]);
    }
    assert!(Selectors::Default.data_resource_types().is_empty());
}

#[test]
fn every_value_of_every_operator_counts() {
    let selector = objects(&[json!({
        "Field": "resources.ARN",
        "Equals": ["arn:aws:s3:::a/1", "arn:aws:s3:::a/2"], "StartsWith": ["arn:aws:s3:::b/"], "EndsWith": [".gz"],
        "NotEquals": ["arn:aws:s3:::b/1"], "NotStartsWith": ["arn:aws:s3:::b/tmp/"], "NotEndsWith": [".tmp"],
    })]);
    assert_eq!(selector.values(), 2 + 7, "category and type count too");
    assert_eq!(default_management().values(), 1);
}

#[test]
fn the_category_is_what_one_field_equals() {
    assert_eq!(objects(&[]).category(), Some("Data"));
    assert!(default_management().is_management());
    let two = selector_of(&[FieldSelector::equals("eventCategory", ["Data", "Management"])]);
    let twice = selector_of(&[
        FieldSelector::equals("eventCategory", ["Data"]),
        FieldSelector::equals("eventCategory", ["Management"]),
    ]);
    let otherwise = selector_of(&[FieldSelector::starts_with("eventCategory", ["Data"])]);
    for unclear in [two, twice, otherwise, selector_of(&[])] {
        assert_eq!(unclear.category(), None, "{unclear:?}");
        assert!(!unclear.is_management());
    }
}

fn selector_of(fields: &[FieldSelector]) -> AdvancedSelector {
    AdvancedSelector { name: String::new(), fields: fields.iter().cloned().collect() }
}

#[test]
fn a_basic_selector_becomes_its_management_part_and_one_selector_for_each_type() {
    let mut selector = basic(
        ReadWrite::WriteOnly,
        true,
        &[
            ("AWS::S3::Object", "arn:aws:s3:::photos/2026"),
            ("AWS::S3::Object", "arn:aws:s3:::films/"),
            ("AWS::Lambda::Function", "arn:aws:lambda:us-east-1:111122223333:function:resize"),
            ("AWS::DynamoDB::Table", "arn:aws:dynamodb:us-east-1:111122223333:table/music"),
        ],
    );
    selector.exclude_management_event_sources.insert(KMS.into());
    let write = json!({"Field": "readOnly", "Equals": ["false"]});
    let data = |kind: &str, arns| {
        let fields = of("Data", &[json!({"Field": "resources.type", "Equals": [kind]}), write.clone(), arns]);
        AdvancedSelector { name: format!("team: {kind}"), ..fields }
    };
    let table = "arn:aws:dynamodb:us-east-1:111122223333:table/music";
    assert_eq!(
        selector.to_advanced("team"),
        [
            AdvancedSelector::management(ReadWrite::WriteOnly, [KMS]),
            data(
                "AWS::DynamoDB::Table",
                json!({"Field": "resources.ARN", "Equals": [table], "StartsWith": [format!("{table}/stream/")]})
            ),
            data(
                "AWS::Lambda::Function",
                json!({"Field": "resources.ARN", "Equals": ["arn:aws:lambda:us-east-1:111122223333:function:resize"]})
            ),
            data(
                "AWS::S3::Object",
                json!({"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::films/", "arn:aws:s3:::photos/2026"]})
            ),
        ]
    );
}

#[test]
fn the_values_for_everything_become_no_condition_in_any_partition() {
    for (kind, value) in [
        ("AWS::S3::Object", "arn:aws:s3"),
        ("AWS::S3::Object", "arn:aws:s3:::"),
        ("AWS::S3::Object", "arn:aws-us-gov:s3"),
        ("AWS::Lambda::Function", "arn:aws-cn:lambda"),
        ("AWS::DynamoDB::Table", "arn:aws:dynamodb"),
    ] {
        let selector = basic(ReadWrite::All, false, &[(kind, value), (kind, "arn:aws:s3:::beside/")]);
        let expected = of("Data", &[json!({"Field": "resources.type", "Equals": [kind]})]);
        assert_eq!(selector.to_advanced(""), [expected], "{value}");
    }
}

#[test]
fn the_name_carries_the_type_only_where_there_are_several() {
    let one = basic(ReadWrite::All, false, &[("AWS::S3::Object", "arn:aws:s3")]);
    let two = basic(
        ReadWrite::All,
        true,
        &[("AWS::S3::Object", "arn:aws:s3"), ("AWS::Lambda::Function", "arn:aws:lambda")],
    );
    let names = |selector: &BasicSelector, name| {
        selector.to_advanced(name).into_iter().map(|one| one.name).collect::<Vec<_>>()
    };
    assert_eq!(names(&one, "team"), ["team"]);
    assert_eq!(
        names(&two, "team"),
        ["Management events selector", "team: AWS::Lambda::Function", "team: AWS::S3::Object"]
    );
    assert_eq!(names(&two, ""), ["Management events selector", "", ""]);
}

#[test]
fn what_basic_selectors_say_twice_is_translated_once() {
    let photos = basic(ReadWrite::All, true, &[("AWS::S3::Object", "arn:aws:s3:::photos/")]);
    let functions = basic(ReadWrite::All, true, &[("AWS::Lambda::Function", "arn:aws:lambda")]);
    let selectors = Selectors::Basic(vec![photos.clone(), functions, photos]).advanced();
    let categories = selectors.iter().map(|one| one.category().unwrap()).collect::<Vec<_>>();
    assert_eq!(categories, ["Management", "Data", "Data"]);
    assert_eq!(Selectors::Advanced(selectors.clone()).advanced(), selectors);
}
