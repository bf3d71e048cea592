//! Records of events (`cloudtrail.md` 2.2 and 5.4).
//!
//! Knows where a record tells what selectors ask about. Must not know selectors. What a record does not tell stays
//! untold: other parts decide what that means.

use serde_json::{Map, Value};

/// An event as CloudTrail records it: only what selectors ask about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub(super) category: Option<String>,
    pub(super) event_source: Option<String>,
    pub(super) event_name: Option<String>,
    pub(super) event_type: Option<String>,
    pub(super) read_only: Option<String>,
    pub(super) user_arn: Option<String>,
    pub(super) session_credential_from_console: Option<String>,
    pub(super) error_code: Option<String>,
    pub(super) vpc_endpoint_id: Option<String>,
    pub(super) resources: Vec<Resource>,
}

/// One of the resources that an event was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resource {
    /// `type`
    pub(super) kind: Option<String>,
    pub(super) arn: ResourceArn,
}

/// What a record tells of a resource's ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ResourceArn {
    /// `ARN`
    Whole(String),
    /// `ARNPrefix`: events on a bucket as a whole, such as ListObjects, name what their objects' ARNs begin with.
    Prefix(String),
    /// Neither.
    Untold,
}

/// What was given is not one record of CloudTrail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotARecord(String);

impl Record {
    /// From one record of a log file: an entry of its `Records`. Fields that no selector asks about may be missing.
    pub fn from_json(record: &Value) -> Result<Self, NotARecord> {
        let Some(fields) = record.as_object() else {
            return refuse(format!("a record of CloudTrail is a JSON object; this is {}", kind_of(record)));
        };
        recognised(fields)?;
        Ok(Self {
            category: category(fields)?,
            event_source: text(fields, "eventSource")?,
            event_name: text(fields, "eventName")?,
            event_type: text(fields, "eventType")?,
            read_only: flag(fields, "readOnly")?,
            user_arn: match object(fields, "userIdentity")? {
                Some(identity) => text(identity, "arn")?,
                None => None,
            },
            session_credential_from_console: flag(fields, "sessionCredentialFromConsole")?,
            error_code: text(fields, "errorCode")?,
            vpc_endpoint_id: text(fields, "vpcEndpointId")?,
            resources: resources(fields)?,
        })
    }
}

/// The fields of a record that selectors ask about, where they were read already. What a record does not tell is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields<'a> {
    pub(crate) category: Option<&'a str>,
    pub(crate) event_source: Option<&'a str>,
    pub(crate) event_name: Option<&'a str>,
    pub(crate) event_type: Option<&'a str>,
    pub(crate) read_only: Option<bool>,
    pub(crate) user_arn: Option<&'a str>,
    pub(crate) session_credential_from_console: Option<bool>,
    pub(crate) error_code: Option<&'a str>,
    pub(crate) vpc_endpoint_id: Option<&'a str>,
}

impl Record {
    /// From fields, and from type, `ARN` and `ARNPrefix` of each resource.
    pub(crate) fn from_fields<'a>(
        fields: &Fields<'_>,
        resources: impl IntoIterator<Item = [Option<&'a str>; 3]>,
    ) -> Self {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let flag = |flag: Option<bool>| flag.map(|flag| flag.to_string());
        let resource = |[kind, arn, prefix]: [Option<&str>; 3]| Resource {
            kind: text(kind),
            arn: match (text(arn), text(prefix)) {
                (Some(arn), _) => ResourceArn::Whole(arn),
                (None, Some(prefix)) => ResourceArn::Prefix(prefix),
                (None, None) => ResourceArn::Untold,
            },
        };
        Self {
            category: text(fields.category),
            event_source: text(fields.event_source),
            event_name: text(fields.event_name),
            event_type: text(fields.event_type),
            read_only: flag(fields.read_only),
            user_arn: text(fields.user_arn),
            session_credential_from_console: flag(fields.session_credential_from_console),
            error_code: text(fields.error_code),
            vpc_endpoint_id: text(fields.vpc_endpoint_id),
            resources: resources.into_iter().map(resource).collect(),
        }
    }
}

/// Tells the things that are mistaken for a record, by what to do with them.
fn recognised(fields: &Map<String, Value>) -> Result<(), NotARecord> {
    const ONE_OF: [&str; 4] = ["eventVersion", "eventSource", "eventName", "eventCategory"];
    if ONE_OF.iter().any(|name| fields.contains_key(*name)) {
        return Ok(());
    }
    let has = |name: &str| fields.contains_key(name);
    refuse(if has("Records") {
        "this is a whole log file: give one entry of its `Records`".into()
    } else if has("detail") {
        "this is an event of EventBridge: give what is in its `detail`".into()
    } else if has("CloudTrailEvent") {
        "this is an entry of LookupEvents: give the JSON that its `CloudTrailEvent` holds as text".into()
    } else {
        format!("this is not a record of CloudTrail: it has none of the fields {}", ONE_OF.join(", "))
    })
}

/// Records from before `eventCategory` say whether they are of management events; network activity came later.
fn category(fields: &Map<String, Value>) -> Result<Option<String>, NotARecord> {
    if let Some(category) = text(fields, "eventCategory")? {
        return Ok(Some(category));
    }
    let management = flag(fields, "managementEvent")?;
    Ok(management.map(|management| if management == "true" { "Management" } else { "Data" }.to_owned()))
}

fn resources(fields: &Map<String, Value>) -> Result<Vec<Resource>, NotARecord> {
    let list = match fields.get("resources") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(other) => return wrong("resources", "a list", other),
    };
    list.iter().map(resource).collect()
}

fn resource(entry: &Value) -> Result<Resource, NotARecord> {
    let Some(fields) = entry.as_object() else { return wrong("resources", "a list of objects", entry) };
    let arn = match (text(fields, "ARN")?, text(fields, "ARNPrefix")?) {
        (Some(arn), _) => ResourceArn::Whole(arn),
        (None, Some(prefix)) => ResourceArn::Prefix(prefix),
        (None, None) => ResourceArn::Untold,
    };
    Ok(Resource { kind: text(fields, "type")?, arn })
}

fn text(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, NotARecord> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => wrong(name, "a text", other),
    }
}

fn object<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a Map<String, Value>>, NotARecord> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(other) => wrong(name, "an object", other),
    }
}

/// As the text that selectors compare with. CloudTrail writes `readOnly` as a boolean and
/// `sessionCredentialFromConsole` as a text.
fn flag(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, NotARecord> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(flag.to_string())),
        Some(Value::String(flag)) if flag == "true" || flag == "false" => Ok(Some(flag.clone())),
        Some(other) => wrong(name, "true or false", other),
    }
}

fn wrong<T>(name: &str, expected: &str, found: &Value) -> Result<T, NotARecord> {
    refuse(format!("`{name}` of a record of CloudTrail is {expected}; this is {}", kind_of(found)))
}

fn refuse<T>(why: String) -> Result<T, NotARecord> {
    Err(NotARecord(why))
}

fn kind_of(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(flag) => format!("{flag}"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text `{}`", text.chars().take(60).collect::<String>()),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}
