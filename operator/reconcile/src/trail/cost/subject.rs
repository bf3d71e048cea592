//! A trail whose cost is asked for, with the alarms on its log group, as they are declared.

use std::{collections::BTreeSet, str::FromStr as _};

use trail_operator_crds::{DeclaredVolume, Logging, MetricAlarm, Trail as TrailObject, Validation};
use trail_operator_domain::{
    cost::{Alarm, Decimal, Object, ObjectKind, Regions, Resolution, Trail, counting::NamedSelector},
    selectors::Selectors,
};

use super::insight_selectors;
use crate::{
    metric_alarm,
    references::References,
    trail::{DeclaredSelectors, Recording},
};

/// A trail whose cost is asked for, as it is declared.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// The trail, as it would be.
    pub trail: Trail,
    /// The object.
    pub object: Object,
    /// What EventSelectors add, each called namespace/name.
    pub named: Vec<NamedSelector>,
    /// Whether it delivers digests, and how they are verified; `None` where it does not.
    pub validation: Option<Validation>,
    /// Pairs of account and Region that deliver.
    pub pairs: u32,
    /// What is expected of it.
    pub declared: Declared,
    /// The log group that its events go to.
    pub log_group: Option<String>,
    /// The alarms on its log group.
    pub alarms: Vec<Alarm>,
    /// Whether its bucket refuses deliveries, as far as that was seen.
    pub bucket_refuses: bool,
}

/// What the manifest says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Events a month.
    pub volume: Option<DeclaredVolume>,
    /// Events a month that Insights analyses, where these are not to follow from what is recorded.
    pub insight_events: Option<Decimal>,
    /// US dollars a month that it may cost.
    pub monthly_budget: Option<Decimal>,
}

impl Subject {
    /// What is declared. `arn` and `account_id` are the trail's, `recording` is all that it is to record.
    pub fn of(
        trail: &TrailObject,
        arn: &str,
        account_id: &str,
        recording: &Recording,
        references: &impl References,
    ) -> Self {
        let object =
            object(ObjectKind::Trail, trail.metadata.namespace.as_deref(), trail.metadata.name.as_deref());
        let cost = trail.spec.cost.clone().unwrap_or_default();
        let delivering = trail.status.as_ref().and_then(|status| Some(status.coverage.as_ref()?.delivering));
        let alarms = references.metric_alarms();
        let is_on_it = |alarm: &&std::sync::Arc<MetricAlarm>| {
            alarm.metadata.namespace.as_deref() == Some(&object.namespace)
                && alarm.spec.trail_ref.name == object.name
        };
        Self {
            alarms: alarms
                .iter()
                .filter(is_on_it)
                .filter_map(|alarm| priced(alarm, account_id, &trail.spec.region))
                .collect(),
            log_group: trail.spec.cloud_watch_logs.as_ref().map(|logs| logs.log_group_name.clone()),
            trail: as_declared(trail, arn, account_id, recording),
            named: named(&recording.selectors),
            validation: trail.spec.enable_log_file_validation.then(|| trail.spec.validation.clone()),
            bucket_refuses: false,
            pairs: delivering.and_then(|pairs| u32::try_from(pairs).ok()).unwrap_or_default().max(1),
            declared: Declared {
                volume: cost.volume,
                insight_events: None,
                monthly_budget: cost.monthly_budget.and_then(|budget| Decimal::from_str(&budget).ok()),
            },
            object,
        }
    }
}

fn as_declared(object: &TrailObject, arn: &str, account_id: &str, recording: &Recording) -> Trail {
    let spec = &object.spec;
    let declared = &recording.selectors;
    Trail {
        regions: if spec.is_multi_region_trail {
            Regions::All
        } else {
            Regions::Only(BTreeSet::from([spec.region.clone()]))
        },
        organization: spec.is_organization_trail,
        logging: spec.logging == Logging::Enabled,
        selectors: Selectors::declared(declared.management.clone(), &declared.added),
        insights: insight_selectors(&recording.insights),
        aggregation: !recording.aggregation.is_empty(),
        ..Trail::new(arn, account_id, &spec.region)
    }
}

fn named(declared: &DeclaredSelectors) -> Vec<NamedSelector> {
    let members = declared.composition.verdicts.iter().flat_map(|((namespace, name), verdict)| {
        let name = format!("{namespace}/{name}");
        verdict
            .selectors()
            .iter()
            .map(move |selector| NamedSelector { name: name.clone(), selector: selector.clone() })
    });
    members.collect()
}

/// What an alarm and its metric are charged by; `None` where the manifest means nothing.
fn priced(alarm: &MetricAlarm, account_id: &str, region: &str) -> Option<Alarm> {
    let effective = metric_alarm::effective(alarm).ok()?;
    let metric = &effective.metric;
    let name = |part: &Option<String>| part.clone().unwrap_or_default();
    // CloudWatch calls a period of less than a minute high resolution (AWS page "Metrics concepts").
    let is_high = effective.alarm.period_seconds.is_some_and(|seconds| seconds < 60);
    Some(Alarm {
        account: account_id.to_owned(),
        region: region.to_owned(),
        metric: format!("{}/{}", name(&metric.namespace), name(&metric.name)),
        hours_with_data: None,
        alarm_metrics: 1,
        resolution: if is_high { Resolution::High } else { Resolution::Standard },
        object: Some(object(
            ObjectKind::MetricAlarm,
            alarm.metadata.namespace.as_deref(),
            alarm.metadata.name.as_deref(),
        )),
    })
}

fn object(kind: ObjectKind, namespace: Option<&str>, name: Option<&str>) -> Object {
    Object {
        kind,
        namespace: namespace.unwrap_or_default().to_owned(),
        name: name.unwrap_or_default().to_owned(),
    }
}
