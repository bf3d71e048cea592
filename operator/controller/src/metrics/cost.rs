//! Metrics of what trails cost.

use std::{collections::HashMap, sync::atomic::AtomicU64};

use jiff::civil::Date;
use parking_lot::Mutex;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};
use trail_operator_crds::CostStatus;

use super::Object;

/// The metrics.
#[derive(Default)]
pub(super) struct Cost {
    monthly: Family<ComponentLabels, Gauge<f64, AtomicU64>>,
    price_list: Gauge,
    /// Which components each object has.
    shown: Mutex<HashMap<Object, Vec<ComponentLabels>>>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ComponentLabels {
    namespace: String,
    name: String,
    component: String,
}

impl Cost {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "estimated_monthly_cost_usd",
            "US dollars a month that a trail is estimated to cost, by component",
            self.monthly.clone(),
        );
        registry.register_with_unit(
            "price_list_timestamp",
            "When the prices were captured",
            Unit::Seconds,
            self.price_list.clone(),
        );
    }

    /// The prices are of this day, as year-month-day.
    pub(super) fn prices_of(&self, date: &str) {
        let midnight = date.parse::<Date>().ok().and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
        if let Some(midnight) = midnight {
            self.price_list.set(midnight.timestamp().as_second());
        }
    }

    /// What a trail costs, as its status says.
    pub(super) fn known(&self, object: &Object, status: Option<&CostStatus>) {
        let components = status.map(|status| status.components.as_slice()).unwrap_or_default();
        let mut labels = Vec::new();
        for component in components {
            let of = ComponentLabels {
                namespace: object.namespace.clone(),
                name: object.name.clone(),
                component: component.name.clone(),
            };
            self.monthly.get_or_create(&of).set(component.monthly_cost.parse().unwrap_or_default());
            labels.push(of);
        }
        let before = if labels.is_empty() {
            self.shown.lock().remove(object)
        } else {
            self.shown.lock().insert(object.clone(), labels.clone())
        };
        for gone in before.unwrap_or_default().iter().filter(|before| !labels.contains(before)) {
            self.monthly.remove(gone);
        }
    }
}
