//! Usage files of Infracost, which say three numbers of a trail, and its document. Pure but for reading the file.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use serde_json::Value;
use trail_operator_crds::DeclaredVolume;
use trail_operator_domain::cost::{
    Component, Decimal, Prices, Trail,
    infracost::{self, Resource, Usage},
};
use trail_operator_domain::selectors::{AdvancedSelector, FieldSelector, ReadWrite, Selectors};
use trail_operator_reconcile::trail::cost::{Account, Subject};

use super::priced::{Priced, quantity};

/// Stands for the trail whose copy of the management events is free: Infracost counts those beyond it.
const FIRST: &str = "another trail";

/// What a file says, by the name of a Trail.
#[derive(Debug)]
pub(super) struct Usages(BTreeMap<String, Usage>);

impl Usages {
    /// Reads a file. Every trail that it names has to be there.
    pub(super) fn read<'a>(path: &Path, subjects: impl Iterator<Item = &'a Subject>) -> Result<Self> {
        let what = || format!("--usage: cannot read {}", path.display());
        let text = fs::read_to_string(path).with_context(what)?;
        let value: Value = serde_saphyr::from_str(&text).with_context(what)?;
        let usages = infracost::read_usage(&value).map_err(anyhow::Error::msg).with_context(what)?;
        let names: Vec<_> = subjects.map(|subject| subject.object.name.clone()).collect();
        if let Some(stranger) = usages.keys().find(|name| !names.contains(name)) {
            bail!(
                "--usage: {} speaks of aws_cloudtrail.{stranger}, and there is no such Trail; there is {}",
                path.display(),
                names.join(", ")
            );
        }
        Ok(Self(usages))
    }

    /// Puts what the file says of a trail in place of what its manifest does.
    pub(super) fn put(&self, subject: &mut Subject, account: Account) -> Account {
        let Some(usage) = self.0.get(&subject.object.name) else { return account };
        let whole = |events: Option<Decimal>| {
            events.and_then(|events| i64::try_from(events.round()).ok()).unwrap_or_default()
        };
        subject.declared.volume = Some(DeclaredVolume {
            management_write_events: whole(usage.additional_management_events),
            data_events: whole(usage.data_events),
            ..DeclaredVolume::default()
        });
        // Infracost does not look at selectors: its data events are those that are recorded, whatever they are. Of a type
        // of which the operator's own reads are none, since these are not in its number.
        let data = FieldSelector::equals("eventCategory", ["Data"]);
        let kind = FieldSelector::equals("resources.type", ["AWS::Lambda::Function"]);
        let data = AdvancedSelector { name: String::new(), fields: [data, kind].into() };
        let management = AdvancedSelector::management(ReadWrite::All, []);
        subject.trail.selectors = Selectors::declared(Some(management), &[data]);
        subject.declared.insight_events = Some(usage.insight_events.unwrap_or_default());
        let first = Trail {
            logging_since: Some(i64::MIN),
            ..Trail::new(FIRST, &subject.trail.account, &subject.trail.home_region)
        };
        Account { trails: vec![first], ..account }
    }

    fn of(&self, trail: &Priced) -> Usage {
        self.0.get(&trail.name.1).copied().unwrap_or_default()
    }
}

/// The document that Infracost would write: of what the file says, or of what was estimated.
pub(super) fn document<'a>(
    subjects: impl Iterator<Item = &'a Subject>,
    trails: &[Priced],
    usages: Option<&Usages>,
    project: &str,
    prices: &Prices,
    now: Timestamp,
) -> Result<Value> {
    let resource = |(subject, trail): (&Subject, &Priced)| {
        let estimated =
            |components: &[Component]| Some(quantity(trail, components)).filter(|all| !all.is_zero());
        Resource {
            name: trail.name.1.clone(),
            region: subject.trail.home_region.clone(),
            management_events: true,
            insights: !subject.trail.insights.is_empty(),
            usage: usages.map_or_else(
                || Usage {
                    additional_management_events: estimated(&[Component::ManagementEvents]),
                    data_events: estimated(&[Component::DataEvents]),
                    insight_events: estimated(&[Component::ManagementInsights]),
                },
                |usages| usages.of(trail),
            ),
        }
    };
    let resources: Vec<_> = subjects.zip(trails).map(resource).collect();
    let time = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    infracost::breakdown(project, &resources, prices, &time)
        .context("Infracost's document has no place for a price that is not known")
}
