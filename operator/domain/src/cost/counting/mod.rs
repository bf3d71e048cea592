//! Counts records of CloudTrail by what their price depends on.
//!
//! Exact, in bounded memory: kinds beyond a bound are counted together, and lists of the most frequent say how much they may
//! be wrong. One counter for each thread, merged at the end. Knows records and selectors; must not know prices.

mod fields;
mod kinds;
mod top;

use std::{collections::BTreeMap, sync::Arc};

pub use self::{
    kinds::{Count, Kind, MOST_KINDS},
    top::{Frequent, MOST_FREQUENT},
};

use self::{fields::Reader, kinds::Kinds, top::Top};
use super::{Basis, Category, Extrapolated, Object, Recorded, Regions, Trail, Volume, Volumes};
use crate::patterns::NotAnEvent;
use crate::selectors::{Admission, AdvancedSelector, Fields, ManagementCoverage, Record};

/// A selector with a name of its own, which events are attributed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedSelector {
    /// What it is called; several selectors of one object share a name.
    pub name: String,
    /// What it admits.
    pub selector: AdvancedSelector,
}

/// A record of which the fields that are counted were read already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Event<'a> {
    /// `eventCategory`
    pub category: Option<&'a str>,
    /// `managementEvent`, which tells the category of records from before there was one.
    pub management_event: Option<bool>,
    /// `eventSource`
    pub source: Option<&'a str>,
    /// `eventName`
    pub name: Option<&'a str>,
    /// `eventType`
    pub event_type: Option<&'a str>,
    /// `errorCode`
    pub error_code: Option<&'a str>,
    /// `readOnly`
    pub read_only: Option<bool>,
    /// `awsRegion`
    pub region: Option<&'a str>,
    /// `recipientAccountId`
    pub account: Option<&'a str>,
    /// `resources`, the JSON of its value; without it a record is read again where its resources matter.
    pub resources: Option<&'a str>,
    /// The whole record, as it stands in its file.
    pub raw: &'a str,
}

/// Counts records.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    selectors: Arc<[NamedSelector]>,
    /// Whether they ask about fields that an [`Event`] has not.
    asks_for_more: bool,
    reader: Reader,
    kinds: Kinds,
    most_frequent: Option<Tops>,
    only: Option<Scope>,
}

/// What one trail records, but for what selectors with a name say.
#[derive(Clone, Debug)]
struct Scope {
    regions: Regions,
    management: ManagementCoverage,
}

impl Scope {
    /// Also where that is not sure: the dearer reading.
    fn has(&self, event: &Event<'_>, category: &str) -> bool {
        self.regions.has(event.region.unwrap_or_default())
            && (Category::of(category) != Category::Management
                || self.management.admits(event.read_only, event.source.unwrap_or_default()) != Admission::No)
    }
}

/// By category, and by the first selector of the name of the one that admits.
type Tops = BTreeMap<(String, Option<usize>), (Top, Top)>;

/// The most frequent events of one category that one selector admits, or none of those that are told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MostFrequent {
    /// The category.
    pub category: String,
    /// The selector's name.
    pub selector: Option<String>,
    /// All events of them.
    pub events: u64,
    /// Event names, each with its service: `s3.amazonaws.com GetObject`.
    pub names: Vec<Frequent>,
    /// Principals.
    pub principals: Vec<Frequent>,
}

impl<'a> Event<'a> {
    /// As selectors ask for them.
    fn fields(&self) -> Fields<'a> {
        let category = category(self.category, self.management_event);
        Fields {
            category: (!category.is_empty()).then_some(category),
            event_source: self.source,
            event_name: self.name,
            event_type: self.event_type,
            read_only: self.read_only,
            error_code: self.error_code,
            ..Fields::default()
        }
    }
}

impl Counter {
    /// A counter that attributes data and network activity events to the first of these selectors that surely admits them.
    pub fn new(selectors: impl Into<Arc<[NamedSelector]>>) -> Self {
        const MORE: [&str; 3] = ["userIdentity.arn", "vpcEndpointId", "sessionCredentialFromConsole"];
        let selectors = selectors.into();
        let mut fields = selectors.iter().flat_map(|named| &named.selector.fields);
        let asks_for_more = fields.any(|field| MORE.contains(&field.field.as_str()));
        Self { selectors, asks_for_more, ..Self::default() }
    }

    /// The same, also listing the most frequent event names and principals.
    #[must_use]
    pub fn with_most_frequent(self) -> Self {
        Self { most_frequent: Some(Tops::new()), ..self }
    }

    /// The same, leaving out records of Regions, and management events, that this trail does not record. Whose account they
    /// are of is not looked at.
    #[must_use]
    pub fn only_of(self, trail: &Trail) -> Self {
        let management = trail.selectors.management_events();
        Self { only: Some(Scope { regions: trail.regions.clone(), management }), ..self }
    }

    /// Counts one record, given as JSON.
    pub fn add_record(&mut self, record: &str) -> Result<(), NotAnEvent> {
        let mut reader = std::mem::take(&mut self.reader);
        let read = reader.read(record);
        if read.is_ok() {
            let fields = reader.fields();
            let category = fields.category;
            let selector =
                self.first_admitting(category, || Record::from_fields(&fields, reader.resources()));
            self.count(&reader.event(record), selector, reader.principal());
        }
        self.reader = reader;
        read
    }

    /// Counts one record that was read already. It is read again only where a selector asks about what is not given here, or
    /// principals are listed.
    pub fn add(&mut self, event: &Event<'_>) {
        if self.most_frequent.is_some() && self.add_record(event.raw).is_ok() {
            return;
        }
        let category = category(event.category, event.management_event);
        if !self.has_selectors(category) {
            self.count(event, None, None);
            return;
        }
        let known = if self.asks_for_more { None } else { event.resources.and_then(fields::resources) };
        let selector = match known {
            Some(resources) => {
                let each = resources.iter().map(fields::Resource::parts);
                self.first_admitting(Some(category), || Record::from_fields(&event.fields(), each))
            }
            None => self.selector_of(category, event.raw),
        };
        self.count(event, selector, None);
    }

    /// Reads the whole record to find its selector.
    fn selector_of(&mut self, category: &str, raw: &str) -> Option<usize> {
        let mut reader = std::mem::take(&mut self.reader);
        let selector = match reader.read(raw) {
            Ok(()) => {
                let fields = reader.fields();
                self.first_admitting(Some(category), || Record::from_fields(&fields, reader.resources()))
            }
            Err(_) => None,
        };
        self.reader = reader;
        selector
    }

    /// Takes in what another one counted, which attributes to the same selectors.
    pub fn merge(&mut self, other: Self) {
        self.kinds.merge(other.kinds);
        match (&mut self.most_frequent, other.most_frequent) {
            (Some(own), Some(others)) => {
                for (of, (names, principals)) in others {
                    let own = own.entry(of).or_default();
                    own.0.merge(names);
                    own.1.merge(principals);
                }
            }
            (own @ None, others) => *own = others,
            (Some(_), None) => {}
        }
    }

    /// Everything that was counted, by kind.
    pub fn kinds(&self) -> BTreeMap<Kind, Count> {
        self.kinds.all(&self.selectors)
    }

    /// Records of further kinds than [`MOST_KINDS`]; they are in no list of kinds.
    pub fn others(&self) -> Count {
        self.kinds.others()
    }

    /// Everything together.
    pub fn total(&self) -> Count {
        self.kinds.total()
    }

    /// The most frequent names and principals, at most so many of each.
    pub fn most_frequent(&self, most: usize) -> Vec<MostFrequent> {
        let tops = self.most_frequent.iter().flatten();
        let list = |((category, selector), (names, principals)): (&(String, Option<usize>), &(Top, Top))| {
            let selector = selector.and_then(|place| self.selectors.get(place));
            MostFrequent {
                category: category.clone(),
                selector: selector.map(|named| named.name.clone()),
                events: names.all(),
                names: names.list(most),
                principals: principals.list(most),
            }
        };
        tops.map(list).collect()
    }

    fn count(&mut self, event: &Event<'_>, selector: Option<usize>, principal: Option<&str>) {
        let category = category(event.category, event.management_event);
        if self.only.as_ref().is_some_and(|only| !only.has(event, category)) {
            return;
        }
        self.kinds.add(event, category, selector);
        let first = selector.map(|place| self.first_of_its_name(place));
        if let Some(tops) = &mut self.most_frequent {
            // A record may say any category at all.
            let category = if Category::of(category) == Category::Other { "" } else { category };
            let (names, principals) = tops.entry((category.to_owned(), first)).or_default();
            names.add(&[event.source.unwrap_or_default(), event.name.unwrap_or_default()]);
            principals.add(&[principal.unwrap_or("unknown")]);
        }
    }

    fn first_of_its_name(&self, place: usize) -> usize {
        let name = self.selectors.get(place).map(|named| &named.name);
        let first = self.selectors.iter().position(|other| Some(&other.name) == name);
        first.unwrap_or(place)
    }

    fn has_selectors(&self, category: &str) -> bool {
        self.selectors.iter().any(|named| named.selector.category() == Some(category))
    }

    fn first_admitting(&self, category: Option<&str>, record: impl FnOnce() -> Record) -> Option<usize> {
        if !self.has_selectors(category?) {
            return None;
        }
        let record = record();
        self.selectors.iter().position(|named| named.selector.admits(&record) == Admission::Yes)
    }
}

/// The category of a record; records from before `eventCategory` say whether they are of management events.
fn category(category: Option<&str>, management_event: Option<bool>) -> &str {
    match (category, management_event) {
        (Some(category), _) => category,
        (None, Some(true)) => "Management",
        (None, Some(false)) => "Data",
        (None, None) => "",
    }
}

impl Extrapolated<Kind> {
    /// The volumes that one trail's records stand for. Management events are told once, as what happens: give those of the
    /// trail that records most of them. Names of selectors become objects where there is one.
    pub fn volumes(&self, trail: &str, object: impl Fn(&str) -> Option<Object>) -> Volumes {
        let mut volumes = Volumes::default();
        for (kind, month) in &self.monthly {
            let volume = Volume {
                account: kind.account.clone(),
                region: kind.region.clone(),
                source: kind.source.clone(),
                access: kind.access,
                events: month.events,
                basis: Basis::Measured,
            };
            match Category::of(&kind.category) {
                Category::Management => volumes.management.push(volume),
                category @ (Category::Data | Category::NetworkActivity) => volumes.recorded.push(Recorded {
                    trail: trail.to_owned(),
                    object: kind.selector.as_deref().and_then(&object),
                    category,
                    volume,
                }),
                Category::Insight | Category::Other => {}
            }
        }
        volumes
    }
}
