//! The fields of a record that counting and selectors ask about, read in one pass into memory that is used again.
//!
//! Knows where they are (`cloudtrail.md` 5.4). What has another type than it should have is as if it were not there.

use std::borrow::Cow;
use std::sync::LazyLock;

use serde::Deserialize;

use super::Event;
use crate::patterns::{NotAnEvent, Paths, Scalar, Selector, Step};
use crate::selectors::Fields;

/// What is read, by number.
const TEXTS: [&[&str]; 10] = [
    &["eventCategory"],
    &["eventSource"],
    &["eventName"],
    &["eventType"],
    &["awsRegion"],
    &["recipientAccountId"],
    &["userIdentity", "arn"],
    &["userIdentity", "type"],
    &["errorCode"],
    &["vpcEndpointId"],
];
const FLAGS: [&[&str]; 3] = [&["readOnly"], &["managementEvent"], &["sessionCredentialFromConsole"]];
const OF_RESOURCES: [&str; 3] = ["type", "ARN", "ARNPrefix"];

static PATHS: LazyLock<Paths> = LazyLock::new(|| {
    let members = |path: &&[&str]| path.iter().map(|name| Step::Member((*name).to_owned())).collect();
    let resource = || vec![Step::Member("resources".to_owned()), Step::AnyElement];
    let of_resource = |name: &str| [resource(), vec![Step::Member(name.to_owned())]].concat();
    let mut paths: Vec<Vec<Step>> = TEXTS.iter().chain(&FLAGS).map(members).collect();
    paths.push(resource());
    paths.extend(OF_RESOURCES.map(of_resource));
    Paths::new(&paths.into_iter().map(Selector).collect::<Vec<_>>())
});

/// Reads records, one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Reader {
    texts: [Slot; TEXTS.len()],
    flags: [Option<bool>; FLAGS.len()],
    resources: Vec<[Slot; OF_RESOURCES.len()]>,
    /// How many of them are of this record.
    used: usize,
}

/// A text that may not be there.
#[derive(Clone, Debug, Default)]
struct Slot {
    text: String,
    is_there: bool,
}

impl Slot {
    fn set(&mut self, text: &str) {
        self.text.clear();
        self.text.push_str(text);
        self.is_there = true;
    }

    fn get(&self) -> Option<&str> {
        self.is_there.then_some(self.text.as_str())
    }
}

impl Reader {
    /// Reads a record in place of the one before.
    pub(super) fn read(&mut self, record: &str) -> Result<(), NotAnEvent> {
        self.texts.iter_mut().for_each(|slot| slot.is_there = false);
        self.flags = [None; FLAGS.len()];
        self.used = 0;
        PATHS.read(record, |place, found| self.take(place, found))
    }

    fn take(&mut self, place: usize, found: Option<Scalar<'_>>) {
        let of_flags = place.checked_sub(TEXTS.len());
        let of_resources = of_flags.and_then(|place| place.checked_sub(FLAGS.len()));
        match (of_flags, of_resources, found) {
            (None, _, Some(Scalar::Text(text))) => {
                if let Some(slot) = self.texts.get_mut(place) {
                    slot.set(text);
                }
            }
            (Some(place), None, Some(found)) => {
                if let Some(flag) = self.flags.get_mut(place) {
                    *flag = as_flag(found);
                }
            }
            (_, Some(0), None) => self.next_resource(),
            (_, Some(field), Some(Scalar::Text(text))) if field > 0 => {
                let resource = self.resources.get_mut(self.used.wrapping_sub(1));
                if let Some(slot) = resource.and_then(|resource| resource.get_mut(field - 1)) {
                    slot.set(text);
                }
            }
            _ => {}
        }
    }

    fn next_resource(&mut self) {
        match self.resources.get_mut(self.used) {
            Some(resource) => resource.iter_mut().for_each(|slot| slot.is_there = false),
            None => self.resources.push(<_>::default()),
        }
        self.used += 1;
    }

    /// What selectors ask about.
    pub(super) fn fields(&self) -> Fields<'_> {
        let [_, _, session_credential_from_console] = self.flags;
        let [_, _, _, _, _, _, user_arn, _, _, vpc_endpoint_id] = self.texts.each_ref().map(Slot::get);
        Fields { user_arn, session_credential_from_console, vpc_endpoint_id, ..self.event("").fields() }
    }

    /// Who did it.
    pub(super) fn principal(&self) -> Option<&str> {
        let [_, _, _, _, _, _, user_arn, user_type, ..] = self.texts.each_ref().map(Slot::get);
        user_arn.or(user_type)
    }

    /// Type, `ARN` and `ARNPrefix` of each resource.
    pub(super) fn resources(&self) -> impl Iterator<Item = [Option<&str>; 3]> {
        self.resources.iter().take(self.used).map(|resource| resource.each_ref().map(Slot::get))
    }

    /// What is counted.
    pub(super) fn event<'a>(&'a self, raw: &'a str) -> Event<'a> {
        let [category, source, name, event_type, region, account, _, _, error_code, _] =
            self.texts.each_ref().map(Slot::get);
        let [read_only, management_event, _] = self.flags;
        Event {
            category,
            management_event,
            source,
            name,
            event_type,
            error_code,
            read_only,
            region,
            account,
            resources: None,
            raw,
        }
    }
}

/// A resource of an event, read from its JSON alone.
#[derive(Deserialize)]
pub(super) struct Resource<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Cow<'a, str>>,
    #[serde(rename = "ARN", borrow, default)]
    arn: Option<Cow<'a, str>>,
    #[serde(rename = "ARNPrefix", borrow, default)]
    prefix: Option<Cow<'a, str>>,
}

impl Resource<'_> {
    pub(super) fn parts(&self) -> [Option<&str>; 3] {
        [self.kind.as_deref(), self.arn.as_deref(), self.prefix.as_deref()]
    }
}

/// The resources of an event; `None` where they are not as they should be, so that the whole record is looked at.
pub(super) fn resources(json: &str) -> Option<Vec<Resource<'_>>> {
    serde_json::from_str(json).ok()
}

/// CloudTrail writes some flags as text.
fn as_flag(found: Scalar<'_>) -> Option<bool> {
    match found {
        Scalar::Bool(flag) => Some(flag),
        Scalar::Text(text) => text.parse().ok(),
        Scalar::Null | Scalar::Whole(_) | Scalar::Fraction(_) => None,
    }
}
