//! What AWS has of a trail as objects: a Trail and its EventSelectors. Pure.
//!
//! Whether the objects say all of it is not judged here: they are planned afterwards.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::{Value, json};
use trail_operator_crds::{
    AdoptionPolicy, AdvancedEventSelector, Aggregation, BasicEventSelector, CloudWatchLogs, DataResource,
    EventSelector, EventSelectorSpec, InsightCategory, InsightSelector, InsightType, Kms, Logging,
    ManagementEvents, ManagementReadWriteType, OWNER_TAG, ReadWriteType, Sns, Trail, TrailRef, TrailSpec,
};
use trail_operator_domain::selectors::{AdvancedSelector, BasicSelector, ReadWrite, Selectors};
use trail_operator_reconcile::{
    aws::{Insights, TrailDescription, TrailSettings},
    event_selector,
    trail::ObservedTrail,
};

use super::names::{self, Names};
use crate::yaml::Node;

/// A spec may set this many tags.
pub(super) const MOST_TAGS: usize = 48;
/// Priority of the first EventSelector, and how far apart they are: enough to put one in between.
const FIRST: i32 = 100;
const APART: i32 = 10;

/// What the objects are to be called.
#[derive(Clone, Debug)]
pub(super) struct Naming {
    /// Namespace that they name; none when they name none.
    pub(super) namespace: Option<String>,
    /// Name of the Trail; made from the trail's when unset.
    pub(super) name: Option<String>,
    /// AwsAccount.
    pub(super) account_ref: String,
}

/// The objects.
#[derive(Clone, Debug)]
pub(super) struct Manifests {
    pub(super) trail: Trail,
    pub(super) event_selectors: Vec<EventSelector>,
    /// What is not in them, and why.
    pub(super) left_out: Vec<String>,
}

/// A Trail of which only that is said by which AWS is asked for the rest.
pub(super) fn draft(description: &TrailDescription, naming: &Naming) -> Result<Trail> {
    let name = naming.name.clone().unwrap_or_else(|| names::of_trail(&description.name));
    let mut spec = bare_spec()?;
    spec.trail_name = (name != description.name).then(|| description.name.clone());
    spec.region.clone_from(&description.home_region);
    spec.account_ref.name.clone_from(&naming.account_ref);
    spec.s3.bucket_name.clone_from(&description.settings.s3_bucket_name);
    spec.kms = key(&description.settings);
    spec.is_organization_trail = description.settings.is_organization_trail;
    let mut trail = Trail::new(&name, spec);
    trail.metadata.namespace.clone_from(&naming.namespace);
    Ok(trail)
}

/// A spec that says nothing, with what the schema says then.
fn bare_spec() -> Result<TrailSpec> {
    Ok(serde_json::from_value(json!({"region": "", "s3": {"bucketName": ""}}))?)
}

/// Everything that AWS said, as objects that begin with the draft.
pub(super) fn of(draft: Trail, observed: &ObservedTrail) -> Manifests {
    let mut trail = draft;
    let mut left_out = Vec::new();
    let spec = &mut trail.spec;
    set(spec, &observed.settings);
    spec.logging = if observed.status.is_logging { Logging::Enabled } else { Logging::Disabled };
    spec.adoption_policy = AdoptionPolicy::IfUnowned;
    let selectors = observed.recorded.selectors.clone().unwrap_or(Selectors::Default);
    spec.insight_selectors = insights(observed.recorded.insights.as_ref());
    let templates: Vec<_> = observed.recorded.aggregation.iter().flatten().cloned().collect();
    spec.aggregation = (!templates.is_empty()).then_some(Aggregation { templates });
    let tags = observed.tags.iter().flatten().filter(|(key, _)| is_free(key));
    spec.tags = tags.map(|(key, value)| (key.clone(), value.clone())).collect();
    while spec.tags.len() > MOST_TAGS
        && let Some((key, _)) = spec.tags.pop_last()
    {
        left_out.push(format!(
            "the tag '{key}': a Trail sets at most {MOST_TAGS} tags, and leaves all others alone"
        ));
    }
    trail.spec.management_events = management_events(&trail, &selectors);
    let event_selectors = event_selectors(&trail, &selectors);
    Manifests { trail, event_selectors, left_out }
}

/// Whether the tag may be declared: neither AWS's nor the operator's own.
pub(super) fn is_free(key: &str) -> bool {
    let aws = key.get(..4).is_some_and(|beginning| beginning.eq_ignore_ascii_case("aws:"));
    let own = OWNER_TAG.split_once('/').is_some_and(|(group, _)| key.starts_with(&format!("{group}/")));
    !aws && !own
}

/// Taken apart by name, so that a setting that nobody imports does not compile.
fn set(spec: &mut TrailSpec, settings: &TrailSettings) {
    let TrailSettings {
        s3_bucket_name,
        s3_key_prefix,
        sns_topic_arn,
        include_global_service_events,
        is_multi_region_trail,
        enable_log_file_validation,
        cloud_watch_logs_log_group_arn,
        cloud_watch_logs_role_arn,
        kms_key_id: _,
        is_organization_trail,
        recursive_logging,
    } = settings;
    let given = |text: &String| (!text.is_empty()).then(|| text.clone());
    spec.s3.bucket_name.clone_from(s3_bucket_name);
    spec.s3.key_prefix = given(s3_key_prefix);
    spec.sns = given(sns_topic_arn).map(|topic_arn| Sns { topic_arn });
    spec.include_global_service_events = *include_global_service_events;
    spec.is_multi_region_trail = *is_multi_region_trail;
    spec.enable_log_file_validation = *enable_log_file_validation;
    spec.cloud_watch_logs = log_group_name(cloud_watch_logs_log_group_arn)
        .map(|log_group_name| CloudWatchLogs { log_group_name, role_arn: cloud_watch_logs_role_arn.clone() });
    spec.kms = key(settings);
    spec.is_organization_trail = *is_organization_trail;
    // True is what AWS has where nobody said anything (`cloudtrail.md` 1.3).
    spec.recursive_logging = recursive_logging.filter(|on| !on);
}

fn key(settings: &TrailSettings) -> Option<Kms> {
    let key_id = settings.kms_key_id.clone();
    (!key_id.is_empty()).then_some(Kms { key_id })
}

fn log_group_name(arn: &str) -> Option<String> {
    arn.split(':').nth(6).filter(|name| !name.is_empty()).map(str::to_owned)
}

fn insights(insights: Option<&Insights>) -> Vec<InsightSelector> {
    let known = |(type_, categories): (&String, &BTreeSet<String>)| {
        let categories: Vec<InsightCategory> = categories.iter().filter_map(|one| word(one)).collect();
        Some(InsightSelector {
            insight_type: word::<InsightType>(type_)?,
            event_categories: (categories != [InsightCategory::Management]).then_some(categories),
        })
    };
    insights.into_iter().flatten().filter_map(known).collect()
}

/// A word of the schema; `None` where AWS has a newer one.
pub(super) fn word<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(Value::from(text)).ok()
}

/// The narrowest that a Trail can say and that, in the judgement of the operator, records no less than these selectors.
fn management_events(trail: &Trail, selectors: &Selectors) -> ManagementEvents {
    use ManagementReadWriteType::{All, None, ReadOnly, WriteOnly};
    let wanted = selectors.management_events();
    let excluded = excluded_everywhere(selectors);
    let candidates = [None, ReadOnly, WriteOnly, All].into_iter().flat_map(|read_write_type| {
        let excluding = ManagementEvents { read_write_type, exclude_event_sources: excluded.clone() };
        let plain = ManagementEvents { read_write_type, exclude_event_sources: vec![] };
        // Nothing needs no exceptions.
        if read_write_type == None { vec![plain] } else { vec![excluding, plain] }
    });
    let records_no_less = |candidate: &ManagementEvents| {
        let mut trail = trail.clone();
        trail.spec.management_events = candidate.clone();
        let selector = event_selector::management_of(&trail);
        Selectors::Advanced(selector.into_iter().collect()).management_events().covers(&wanted)
    };
    let mut candidates = candidates.filter(records_no_less);
    candidates.next().unwrap_or_default()
}

/// Sources that every selector of management events leaves out.
fn excluded_everywhere(selectors: &Selectors) -> Vec<String> {
    let management: Vec<AdvancedSelector> =
        selectors.advanced().into_iter().filter(AdvancedSelector::is_management).collect();
    let excluded = management.iter().map(|selector| {
        let fields = selector.fields.iter().filter(|field| field.field == "eventSource");
        fields.flat_map(|field| field.not_equals.clone()).collect::<BTreeSet<_>>()
    });
    excluded.reduce(|all, these| &all & &these).unwrap_or_default().into_iter().collect()
}

/// One object for each selector, in AWS's order.
fn event_selectors(trail: &Trail, selectors: &Selectors) -> Vec<EventSelector> {
    let specs: Vec<(String, Option<BasicEventSelector>, Option<Vec<AdvancedEventSelector>>)> = match selectors
    {
        Selectors::Default => vec![],
        Selectors::Basic(list) => {
            let with_data = list.iter().filter(|selector| !selector.data_resources.is_empty());
            let basic = with_data.map(basic);
            basic.map(|basic| (basic_title(&basic), Some(basic), None)).collect()
        }
        Selectors::Advanced(list) => {
            let others = list.iter().filter(|selector| !selector.is_management());
            others.map(|one| (title(one), None, Some(vec![advanced(one)]))).collect()
        }
    };
    let name = trail.metadata.name.clone().unwrap_or_default();
    let mut names = Names::beginning_with(&name);
    let priorities = (FIRST..).step_by(APART.unsigned_abs() as usize);
    let object = |(priority, (title, basic, advanced)): (i32, (String, _, _))| {
        let trail_ref = TrailRef { name: name.clone(), namespace: None };
        let mut object = EventSelector::new(
            &names.next(&title),
            EventSelectorSpec { trail_ref, priority, basic, advanced },
        );
        object.metadata.namespace.clone_from(&trail.metadata.namespace);
        object
    };
    priorities.zip(specs).map(object).collect()
}

fn basic(selector: &BasicSelector) -> BasicEventSelector {
    let mut data_resources: Vec<DataResource> = Vec::new();
    for (kind, value) in &selector.data_resources {
        match data_resources.iter_mut().find(|resource| resource.r#type == *kind) {
            Some(resource) => resource.values.push(value.clone()),
            None => data_resources.push(DataResource { r#type: kind.clone(), values: vec![value.clone()] }),
        }
    }
    let read_write_type = match selector.read_write_type {
        ReadWrite::All => ReadWriteType::All,
        ReadWrite::ReadOnly => ReadWriteType::ReadOnly,
        ReadWrite::WriteOnly => ReadWriteType::WriteOnly,
    };
    BasicEventSelector { read_write_type, data_resources }
}

/// With the fields first that say what kind of events it is about.
fn advanced(selector: &AdvancedSelector) -> AdvancedEventSelector {
    let mut advanced = event_selector::to_advanced(selector);
    advanced.field_selectors.sort_by_key(|field| match field.field.as_str() {
        "eventCategory" => 0,
        "resources.type" | "eventSource" => 1,
        _ => 2,
    });
    advanced
}

/// What people call it, or what it is about.
fn title(selector: &AdvancedSelector) -> String {
    if !selector.name.is_empty() {
        return selector.name.clone();
    }
    let value = |name: &str| {
        let mut fields = selector.fields.iter().filter(|field| field.field == name);
        fields.find_map(|field| field.equals.first()).cloned()
    };
    let subject = value("resources.type").map(|kind| kind.trim_start_matches("AWS::").to_owned());
    let source = || value("eventSource").map(|source| source.replace(".amazonaws.com", ""));
    subject.or_else(source).unwrap_or_default()
}

fn basic_title(selector: &BasicEventSelector) -> String {
    let kinds = selector.data_resources.iter().map(|resource| resource.r#type.trim_start_matches("AWS::"));
    kinds.collect::<Vec<_>>().join(" ")
}

/// The Trail as a manifest: what differs from what the schema fills in by itself.
pub(super) fn trail_node(trail: &Trail) -> Result<Node> {
    let mut node = Node::of(trail)?;
    let default = Node::of(&bare_spec()?)?;
    if let Some(spec) = node.member("spec") {
        *spec = spec.clone().without(&default);
    }
    Ok(node)
}
