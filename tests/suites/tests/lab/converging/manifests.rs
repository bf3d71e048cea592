//! Random manifests, every one such that the API server would take it.

use anyhow::Result;
use fastrand::Rng;
use serde_json::{Value, json};
use trail_operator_crds::{Trail, TrailSpec};

use crate::keeping::place::Place;
use crate::keeping::{Keeper, spec};

/// Members of the spec that are drawn one by one.
const MEMBERS: [&str; 13] = [
    "s3",
    "kms",
    "sns",
    "cloudWatchLogs",
    "isMultiRegionTrail",
    "enableLogFileValidation",
    "recursiveLogging",
    "logging",
    "managementEvents",
    "insightSelectors",
    "aggregation",
    "tags",
    "dataEvents",
];

/// A manifest, and whether data events are recorded besides.
pub fn any(rng: &mut Rng, place: &Place) -> Result<(TrailSpec, bool)> {
    let mut members = json!({});
    for member in MEMBERS {
        members[member] = draw(rng, member);
    }
    made(members, place)
}

/// The object's manifest with up to four members drawn anew.
pub fn edited(rng: &mut Rng, keeper: &Keeper<'_>) -> Result<(TrailSpec, bool)> {
    let mut members = json!(keeper.trail.spec);
    members["dataEvents"] = keeper.data_events().into();
    for _ in 0..rng.u8(1..5) {
        let member = MEMBERS[rng.usize(..MEMBERS.len())];
        members[member] = draw(rng, member);
    }
    made(members, keeper.place)
}

/// What is set of it, on one line.
pub fn told(trail: &Trail, data_events: bool) -> Result<String> {
    let mut spec = serde_json::to_value(&trail.spec)?;
    for constant in [
        "region",
        "accountRef",
        "adoptionPolicy",
        "deletionPolicy",
        "managementPolicy",
        "suspend",
        "intervalSeconds",
    ] {
        spec.as_object_mut().map(|spec| spec.remove(constant));
    }
    Ok(format!("{spec}, data events: {data_events}"))
}

fn draw(rng: &mut Rng, member: &str) -> Value {
    let mut one_of = |choices: &[Value]| choices[rng.usize(..choices.len())].clone();
    let (null, on, off) = (Value::Null, json!(true), json!(false));
    match member {
        "s3" => json!({
            "bucketName": one_of(&[json!("{bucket0}"), json!("{bucket0}"), json!("{bucket1}")]),
            "keyPrefix": one_of(&[json!(""), json!("audit"), json!("other")]),
        }),
        "kms" => {
            let names = ["{alias0}", "{aliasArn0}", "{keyId0}", "{keyArn0}", "{alias1}", "{keyArn1}"];
            let choices: Vec<_> =
                names.iter().map(|name| json!({"keyId": name})).chain([null.clone(), null]).collect();
            one_of(&choices)
        }
        "sns" => one_of(&[null, json!({"topicArn": "{topic0}"}), json!({"topicArn": "{topic1}"})]),
        "cloudWatchLogs" => one_of(&[
            null,
            json!({"logGroupName": "{group0}", "roleArn": "{role0}"}),
            json!({"logGroupName": "{group0}", "roleArn": "{role1}"}),
            json!({"logGroupName": "{group1}", "roleArn": "{role1}"}),
        ]),
        // Stands for both switches; see below.
        "isMultiRegionTrail" => one_of(&[json!("all"), json!("all"), json!("global"), json!("local")]),
        "recursiveLogging" => one_of(&[null, on, off]),
        "logging" => one_of(&[json!("Enabled"), json!("Enabled"), json!("Disabled")]),
        "managementEvents" => json!({
            "readWriteType": one_of(&[json!("All"), json!("All"), json!("WriteOnly"), json!("ReadOnly")]),
            "excludeEventSources": one_of(&[
                json!([]), json!([]), json!(["kms.amazonaws.com"]), json!(["rdsdata.amazonaws.com", "kms.amazonaws.com"]),
            ]),
        }),
        "insightSelectors" => one_of(&[
            json!([]),
            json!([{"insightType": "ApiCallRateInsight"}]),
            json!([{"insightType": "ApiErrorRateInsight", "eventCategories": ["Management", "Data"]}]),
            json!([{"insightType": "ApiErrorRateInsight"}, {"insightType": "ApiCallRateInsight", "eventCategories": ["Data"]}]),
        ]),
        "aggregation" => one_of(&[
            null,
            json!({"templates": ["API_ACTIVITY"]}),
            json!({"templates": ["USER_ACTIONS", "API_ACTIVITY"]}),
        ]),
        "tags" => {
            let tags = [("Team", "audit"), ("Team", "other"), ("Empty", ""), ("Größe", "Ω")];
            let chosen =
                tags.iter().filter(|_| rng.bool()).map(|(key, value)| ((*key).to_owned(), json!(value)));
            Value::Object(chosen.collect())
        }
        _ => one_of(&[on, off]),
    }
}

/// The members in the form of a spec, without those that do not go together.
fn made(mut members: Value, place: &Place) -> Result<(TrailSpec, bool)> {
    let scope = match &members["isMultiRegionTrail"] {
        Value::String(scope) => Some((scope == "all", scope != "local")),
        _ => None,
    };
    if let Some((multi_region, global)) = scope {
        members["isMultiRegionTrail"] = multi_region.into();
        members["includeGlobalServiceEvents"] = global.into();
    }
    let data_events = members["dataEvents"] == true;
    let writes = members["managementEvents"]["readWriteType"] != "ReadOnly";
    if let Some(insights) = members["insightSelectors"].as_array_mut() {
        let needs_data = |insight: &Value| insight["eventCategories"].to_string().contains("Data");
        let needs_writes = |insight: &Value| {
            insight["insightType"] == "ApiCallRateInsight"
                && !insight["eventCategories"].to_string().contains("Data")
        };
        insights
            .retain(|insight| (data_events || !needs_data(insight)) && (writes || !needs_writes(insight)));
    }
    if !data_events {
        members["aggregation"] = Value::Null;
    }
    if let Some(members) = members.as_object_mut() {
        members.remove("dataEvents");
        members.remove("region");
        members.retain(|_, value| !value.is_null());
    }
    let yaml = members.as_object().into_iter().flatten().map(|(name, value)| format!("{name}: {value}\n"));
    Ok((spec(place, &yaml.collect::<String>())?, data_events))
}
