//! Reading records, and telling what is no record.

use serde_json::{Value, json};

use super::super::Record;
use super::{create_role, denied_at_the_endpoint, get_object, list_objects, with};

#[test]
fn records_of_every_category_are_read() {
    for record in [get_object(), list_objects(), create_role(), denied_at_the_endpoint()] {
        Record::from_json(&record).unwrap();
    }
}

#[test]
fn older_records_tell_their_category_by_another_field() {
    for (flag, category) in [(true, "Management"), (false, "Data")] {
        let old = json!({"eventVersion": "1.05", "eventSource": "s3.amazonaws.com", "managementEvent": flag});
        let new = with(&old, &json!({"eventCategory": category}));
        assert_eq!(Record::from_json(&old), Record::from_json(&new));
    }
}

#[test]
fn null_is_as_good_as_missing() {
    let record = get_object();
    let mut nulls = record.clone();
    for name in ["readOnly", "eventName", "userIdentity", "resources", "errorCode"] {
        nulls[name] = Value::Null;
    }
    let gone =
        with(&record, &json!({"readOnly": null, "eventName": null, "userIdentity": null, "resources": null}));
    assert_eq!(Record::from_json(&nulls), Record::from_json(&gone));
}

#[test]
fn what_is_mistaken_for_a_record_is_told_by_what_to_do() {
    for (what, says) in [
        (json!({"Records": [get_object()]}), "one entry of its `Records`"),
        (
            json!({"detail-type": "AWS API Call via CloudTrail", "detail": get_object()}),
            "what is in its `detail`",
        ),
        (json!({"EventId": "1", "CloudTrailEvent": get_object().to_string()}), "`CloudTrailEvent`"),
        (json!({"hello": "world"}), "none of the fields eventVersion, eventSource"),
        (json!([get_object()]), "JSON object; this is a list"),
        (json!(get_object().to_string()), "JSON object; this is the text"),
        (
            with(&get_object(), &json!({"readOnly": "maybe"})),
            "`readOnly` of a record of CloudTrail is true or false",
        ),
        (
            with(&get_object(), &json!({"eventName": 7})),
            "`eventName` of a record of CloudTrail is a text; this is the number 7",
        ),
        (with(&get_object(), &json!({"resources": {}})), "`resources` of a record of CloudTrail is a list"),
        (
            with(&get_object(), &json!({"resources": ["arn"]})),
            "`resources` of a record of CloudTrail is a list of objects",
        ),
        (
            with(&get_object(), &json!({"userIdentity": "alice"})),
            "`userIdentity` of a record of CloudTrail is an object",
        ),
    ] {
        let refused = Record::from_json(&what).unwrap_err().to_string();
        assert!(refused.contains(says), "{refused}");
    }
}
