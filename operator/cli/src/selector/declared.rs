//! What one Trail of the manifests and its EventSelectors record, in the judgement of the operator. Pure.

use anyhow::{Result, bail};
use serde_json::Value;
use trail_operator_crds::{EventSelector, Logging, Trail};
use trail_operator_domain::selectors::AdvancedSelector;
use trail_operator_reconcile::event_selector::{self, Composition, View};

use super::counting::Counts;
use crate::plan::Objects;

/// A Trail and all that it records.
#[derive(Debug)]
pub(super) struct Declared {
    /// Namespace and name.
    pub(super) trail: String,
    /// What each is called, and the selector itself.
    pub(super) selectors: Vec<(String, AdvancedSelector)>,
    logs: bool,
    /// Its Region, where it records one only.
    only_region: Option<String>,
}

/// The one Trail, or the one that is asked for.
pub(super) fn of(objects: &Objects, wanted: Option<&str>) -> Result<Declared> {
    let trail = choose(&objects.trails, wanted)?;
    let key = key_of(trail);
    for object in &objects.event_selectors {
        if object.trail() == (key.0.as_str(), key.1.as_str()) {
            accepted(object, objects)?;
        }
    }
    let composition = event_selector::composition_of(trail, objects);
    let management = event_selector::management_of(trail);
    let added =
        composition.selectors.iter().map(|selector| (called(selector, &composition), selector.clone()));
    let selectors: Vec<_> =
        management.into_iter().map(|selector| (selector.name.clone(), selector)).chain(added).collect();
    let name = format!("{}/{}", key.0, key.1);
    if selectors.is_empty() {
        bail!(
            "Trail {name}{} would record nothing: spec.managementEvents.readWriteType is None, and there is no EventSelector for it in the manifests",
            place(objects, &format!("Trail {name}"))
        );
    }
    Ok(Declared {
        trail: name,
        selectors,
        logs: trail.spec.logging == Logging::Enabled,
        only_region: (!trail.spec.is_multi_region_trail).then(|| trail.spec.region.clone()),
    })
}

fn choose<'a>(trails: &'a [Trail], wanted: Option<&str>) -> Result<&'a Trail> {
    let fits = |trail: &&Trail| {
        let (namespace, name) = key_of(trail);
        wanted.is_none_or(|wanted| wanted == name || wanted == format!("{namespace}/{name}"))
    };
    let fitting: Vec<_> = trails.iter().filter(fits).collect();
    let listed = |trails: &[&Trail]| {
        let names =
            trails.iter().map(|trail| key_of(trail)).map(|(namespace, name)| format!("{namespace}/{name}"));
        names.collect::<Vec<_>>().join(", ")
    };
    match (fitting.as_slice(), wanted) {
        ([only], _) => Ok(only),
        ([], Some(wanted)) => {
            bail!(
                "there is no Trail '{wanted}' in the manifests; there is {}",
                listed(&trails.iter().collect::<Vec<_>>())
            )
        }
        (several, _) => bail!("there is more than one Trail; say which with --trail: {}", listed(several)),
    }
}

/// Whether the Trail takes the object as it is; otherwise which file, which object and why not.
pub(crate) fn accepted(object: &EventSelector, objects: &Objects) -> Result<()> {
    let namespace = object.metadata.namespace.clone().unwrap_or_default();
    let name = object.metadata.name.clone().unwrap_or_default();
    let subject = format!("EventSelector {namespace}/{name}");
    let place = place(objects, &subject);
    match event_selector::view(object, objects) {
        View::None { reason, message } => bail!("{subject}{place}: {reason}: {message}"),
        View::Trail(found) => {
            match found.composition.verdicts.get(&(namespace, name)).and_then(|one| one.refusal()) {
                Some(refusal) => bail!("{subject}{place}: {}: {}", refusal.reason, refusal.message),
                None => Ok(()),
            }
        }
    }
}

fn place(objects: &Objects, object: &str) -> String {
    objects.files.get(object).map(|file| format!(" in {}", file.display())).unwrap_or_default()
}

fn key_of(trail: &Trail) -> (String, String) {
    let metadata = &trail.metadata;
    (metadata.namespace.clone().unwrap_or_default(), metadata.name.clone().unwrap_or_default())
}

/// Its name, or that of the object that asks for it.
fn called(selector: &AdvancedSelector, composition: &Composition) -> String {
    if !selector.name.is_empty() {
        return selector.name.clone();
    }
    let mut members = composition.verdicts.iter();
    let asks = members.find(|(_, verdict)| verdict.selectors().contains(selector));
    asks.map(|((namespace, name), _)| format!("{namespace}/{name}")).unwrap_or_default()
}

impl Declared {
    /// Whether the event happened where this trail does not look. Selectors do not speak of Regions.
    pub(super) fn is_elsewhere(&self, event: &Value) -> bool {
        let region = event["awsRegion"].as_str();
        self.only_region.as_deref().is_some_and(|only| region.is_some_and(|region| region != only))
    }

    /// What the answer leaves out.
    pub(super) fn notes(&self, counts: &Counts) -> Vec<String> {
        let off = (!self.logs).then(|| {
            "spec.logging is Disabled: until it is Enabled the trail records nothing at all".to_owned()
        });
        let elsewhere = (counts.elsewhere > 0).then(|| {
            format!(
                "{} of the recorded events are of other Regions than {}, and spec.isMultiRegionTrail is false; only selectors are judged here, which do not speak of Regions",
                counts.elsewhere,
                self.only_region.as_deref().unwrap_or_default()
            )
        });
        off.into_iter().chain(elsewhere).collect()
    }
}
