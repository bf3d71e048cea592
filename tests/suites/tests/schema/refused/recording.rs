//! Bad Trails: what is recorded, and how it is tagged.

use serde_json::{Map, Value, json};

use super::{Row, row};

pub fn rows() -> Vec<Row> {
    [management_events(), event_selectors_from(), insights(), aggregation(), tags()]
        .into_iter()
        .flatten()
        .collect()
}

fn spec(what: &'static str, spec: &Value, at: &'static str, says: &'static str) -> Row {
    row("Trail", what, json!({"spec": spec}), at, says)
}

fn management_events() -> Vec<Row> {
    const SOURCES: &str = "spec.managementEvents.excludeEventSources";
    const SERVICES: &str = "must be names of services such as 'kms.amazonaws.com'";
    let excluding = |what, sources: &[String], says| {
        spec(what, &json!({"managementEvents": {"excludeEventSources": sources}}), SOURCES, says)
    };
    let service = |what, name: &str| excluding(what, &[name.to_owned()], SERVICES);
    let many: Vec<_> = (0..17).map(|n| format!("s{n}.amazonaws.com")).collect();
    vec![
        spec(
            "other management events",
            &json!({"managementEvents": {"readWriteType": "Some"}}),
            "spec.managementEvents.readWriteType",
            "supported values: \"All\", \"ReadOnly\", \"WriteOnly\", \"None\"",
        ),
        spec(
            "no management events, and none of a service",
            &json!({"managementEvents": {"readWriteType": "None"}, "insightSelectors": null}),
            "spec",
            "`managementEvents.excludeEventSources` means nothing when `managementEvents.readWriteType` is None",
        ),
        service("an excluded service by its short name", "kms"),
        service("an excluded service without its name", ".amazonaws.com"),
        service("an excluded service with a wildcard", "*.amazonaws.com"),
        service("an excluded service in capitals", "KMS.amazonaws.com"),
        service("an empty excluded service", ""),
        excluding("17 excluded services", &many, "must have at most 16 items"),
        excluding(
            "an excluded service of 129 characters",
            &[format!("{}.amazonaws.com", "s".repeat(115))],
            "may not be more than 128 bytes",
        ),
        excluding(
            "an excluded service twice",
            &["kms.amazonaws.com".into(), "kms.amazonaws.com".into()],
            "must not name a service twice",
        ),
    ]
}

fn event_selectors_from() -> Vec<Row> {
    const AT: &str = "spec.eventSelectorsFrom";
    const LABELS: &str = "spec.eventSelectorsFrom.selector.matchLabels";
    const SELECTOR: &str = "`selector` must be set when `namespaces` is Selector, and only then";
    let from = |what, from: Value, at, says| spec(what, &json!({"eventSelectorsFrom": from}), at, says);
    // The good manifest has a label already.
    let many: Map<_, _> = (0..16).map(|n| (format!("label-{n}"), json!("x"))).collect();
    vec![
        from(
            "EventSelectors of nowhere",
            json!({"namespaces": "None", "selector": null}),
            "spec.eventSelectorsFrom.namespaces",
            "supported values: \"Same\", \"All\", \"Selector\"",
        ),
        from("labels that are not said", json!({"selector": null}), AT, SELECTOR),
        from("labels beside all namespaces", json!({"namespaces": "All"}), AT, SELECTOR),
        from("labels beside the Trail's own namespace", json!({"namespaces": "Same"}), AT, SELECTOR),
        from("labels that nothing asks for", json!({"namespaces": null}), AT, SELECTOR),
        from("17 labels", json!({"selector": {"matchLabels": many}}), LABELS, "must have at most 16 items"),
        from(
            "a label of 64 characters",
            json!({"selector": {"matchLabels": {"audited": "x".repeat(64)}}}),
            "spec.eventSelectorsFrom.selector.matchLabels.audited",
            "may not be more than 63 bytes",
        ),
    ]
}

fn insights() -> Vec<Row> {
    const AT: &str = "spec.insightSelectors";
    const CATEGORIES: &str = "spec.insightSelectors[0].eventCategories";
    const WRITES: &str = "`insightSelectors` with 'ApiCallRateInsight' for Management needs write events";
    const MANAGEMENT: &str = "`insightSelectors` for Management need management events: set `managementEvents.readWriteType`, or name";
    let of = |what, selectors: Value, at, says| spec(what, &json!({"insightSelectors": selectors}), at, says);
    let of_reads = |what, selector: Value| {
        let reads =
            json!({"managementEvents": {"readWriteType": "ReadOnly"}, "insightSelectors": [selector]});
        spec(what, &reads, "spec", WRITES)
    };
    let of_no_management = |what, selectors: Value| {
        let none = json!({"readWriteType": "None", "excludeEventSources": null});
        spec(what, &json!({"managementEvents": none, "insightSelectors": selectors}), "spec", MANAGEMENT)
    };
    let categories = |what, categories: Value, at, says| {
        of(what, json!([{"insightType": "ApiCallRateInsight", "eventCategories": categories}]), at, says)
    };
    let rate = json!({"insightType": "ApiCallRateInsight"});
    vec![
        of(
            "an unknown Insight",
            json!([{"insightType": "CostInsight"}]),
            "spec.insightSelectors[0].insightType",
            "supported values: \"ApiCallRateInsight\", \"ApiErrorRateInsight\"",
        ),
        of(
            "an Insight without its type",
            json!([{"eventCategories": ["Management"]}]),
            "spec.insightSelectors[0].insightType",
            "Required value",
        ),
        of("an Insight twice", json!([rate, rate]), "spec.insightSelectors[1]", "Duplicate value"),
        of("9 Insights", json!(vec![&rate; 9]), AT, "must have at most 8 items"),
        categories("an Insight of nothing", json!([]), CATEGORIES, "should have at least 1 items"),
        categories(
            "an Insight of an unknown category",
            json!(["NetworkActivity"]),
            CATEGORIES,
            "supported values: \"Management\", \"Data\"",
        ),
        categories("an Insight of a category twice", json!(["Data", "Data"]), CATEGORIES, "Duplicate value"),
        categories(
            "an Insight of 3 categories",
            json!(["Management", "Data", "Management"]),
            CATEGORIES,
            "must have at most 2 items",
        ),
        of_reads("a rate of calls where only reads are recorded", rate.clone()),
        of_reads(
            "a rate of calls of management events, among others, where only reads are recorded",
            json!({"insightType": "ApiCallRateInsight", "eventCategories": ["Data", "Management"]}),
        ),
        of_no_management(
            "errors where no management events are recorded",
            json!([{"insightType": "ApiErrorRateInsight"}]),
        ),
        of_no_management(
            "calls of management events where none are recorded, after calls of data events",
            json!([
                {"insightType": "ApiErrorRateInsight", "eventCategories": ["Data"]},
                {"insightType": "ApiCallRateInsight", "eventCategories": ["Data", "Management"]},
            ]),
        ),
    ]
}

fn aggregation() -> Vec<Row> {
    const AT: &str = "spec.aggregation.templates";
    const NAMES: &str = "must be names of templates such as 'API_ACTIVITY'";
    let templates = |what, templates: &[String], says| {
        spec(what, &json!({"aggregation": {"templates": templates}}), AT, says)
    };
    let name = |what, name: &str| templates(what, &[name.to_owned()], NAMES);
    let many: Vec<_> = (0..51).map(|n| format!("T{n}")).collect();
    vec![
        name("a template in small letters", "api_activity"),
        name("an empty template", ""),
        name("a template with a blank", "API ACTIVITY"),
        templates("no template in the list", &[], "should have at least 1 items"),
        templates("51 templates", &many, "must have at most 50 items"),
        templates("a template of 65 characters", &["T".repeat(65)], "may not be more than 64 bytes"),
        templates("a template twice", &["T".into(), "T".into()], "must not name a template twice"),
        spec(
            "aggregation without templates",
            &json!({"aggregation": {"templates": null}}),
            AT,
            "Required value",
        ),
    ]
}

fn tags() -> Vec<Row> {
    const KEYS: &str = "keys must have 1 to 128 letters, digits, blanks or '_.:/=+@-'";
    const VALUES: &str = "values must consist of letters, digits, blanks or '_.:/=+@-'";
    let tag = |what, key: &str, value: Value, at, says| {
        let tags: Map<_, _> = [(key.to_owned(), value)].into_iter().collect();
        spec(what, &json!({"tags": tags}), at, says)
    };
    let key = |what, key: &str| tag(what, key, json!(""), "spec.tags", KEYS);
    let value = |what, value: &str| tag(what, "Team", json!(value), "spec.tags", VALUES);
    // The good manifest has a tag already.
    let many: Map<_, _> = (0..48).map(|n| (format!("tag-{n}"), json!("x"))).collect();
    vec![
        key("an empty tag key", ""),
        key("a tag key of 129 characters", &"k".repeat(129)),
        key("a tag key of AWS", "aws:createdBy"),
        key("a tag key of AWS in capitals", "AWS:createdBy"),
        key("the owner tag", "trail-operator.dev/owner"),
        key("a tag key with a sign that AWS refuses", "Team!"),
        key("a tag key with a line break", "Te\nam"),
        value("a tag value with a sign that AWS refuses", "a&b"),
        value("a tag value with a line break", "a\n"),
        tag(
            "a tag value of 257 characters",
            "Team",
            json!("v".repeat(257)),
            "spec.tags.Team",
            "may not be more than 256 bytes",
        ),
        tag("a number for a tag value", "Team", json!(7), "spec.tags.Team", "must be of type string"),
        spec("49 tags", &json!({"tags": many}), "spec.tags", "must have at most 48 items"),
    ]
}
