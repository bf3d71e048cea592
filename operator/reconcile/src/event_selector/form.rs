//! What an `EventSelector` asks for, in CloudTrail's advanced form, or what is wrong with it. Pure.

use sha2::{Digest, Sha256};
use trail_operator_crds::{
    AdvancedEventSelector, AdvancedFieldSelector, BasicEventSelector, EventSelectorSpec, ReadWriteType,
};
use trail_operator_domain::selectors::{AdvancedSelector, BasicSelector, FieldSelector, ReadWrite};

/// An object's values together may have this many bytes: they are kept in its status a second time, and the API server
/// takes objects of 1.5 MB.
const MAX_BYTES: usize = 200_000;

/// The selectors of an object, in order. `name` is given to those that the basic form leaves without one.
///
/// # Errors
/// Everything that CloudTrail would refuse or never find, a sentence each.
pub fn form(spec: &EventSelectorSpec, name: &str) -> Result<Vec<AdvancedSelector>, Vec<String>> {
    let (selectors, problems) = match (&spec.basic, &spec.advanced) {
        (Some(basic), None) => {
            let basic = from_basic(basic);
            (basic.to_advanced(name), prefixed("spec.basic", basic.problems()))
        }
        (None, Some(list)) => advanced(list),
        _ => (vec![], vec!["exactly one of spec.basic and spec.advanced must be set".to_owned()]),
    };
    let mut problems = problems;
    if bytes(&selectors) > MAX_BYTES {
        problems.push(format!(
            "its values have more than {MAX_BYTES} bytes together; make several EventSelectors of it"
        ));
    }
    if problems.is_empty() { Ok(selectors) } else { Err(problems) }
}

/// Names a form: the same for the same selectors, whatever their order.
pub fn id(selectors: &[AdvancedSelector]) -> String {
    let mut all: Vec<_> = selectors.iter().collect();
    all.sort();
    let digest = Sha256::digest(format!("{all:?}"));
    digest.iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn advanced(list: &[AdvancedEventSelector]) -> (Vec<AdvancedSelector>, Vec<String>) {
    let mut problems = Vec::new();
    let mut selectors = Vec::new();
    for (at, declared) in list.iter().enumerate() {
        let path = format!("spec.advanced[{at}]");
        let selector = from_advanced(declared);
        if selector.is_management() {
            problems.push(format!(
                "{path}: ManagementEventsBelongToTrail: management events are the Trail's, which says in spec.managementEvents which it records"
            ));
        } else {
            // Two equal fields become one in a set, and are as likely a mistake as two that differ.
            let repeated = declared.field_selectors.len() != selector.fields.len();
            problems.extend(repeated.then(|| format!("{path}: a field is there twice; keep one of them")));
            problems.extend(prefixed(&path, selector.problems()));
        }
        selectors.push(selector);
    }
    (selectors, problems)
}

fn prefixed(path: &str, problems: Vec<String>) -> Vec<String> {
    problems.into_iter().map(|problem| format!("{path}: {problem}")).collect()
}

fn bytes(selectors: &[AdvancedSelector]) -> usize {
    let fields = selectors.iter().flat_map(|selector| &selector.fields);
    let values = fields.flat_map(|field| {
        [
            &field.equals,
            &field.starts_with,
            &field.ends_with,
            &field.not_equals,
            &field.not_starts_with,
            &field.not_ends_with,
        ]
        .into_iter()
        .flatten()
    });
    values.map(String::len).sum()
}

fn from_basic(basic: &BasicEventSelector) -> BasicSelector {
    let pairs = basic
        .data_resources
        .iter()
        .flat_map(|resource| resource.values.iter().map(|value| (resource.r#type.clone(), value.clone())));
    BasicSelector {
        read_write_type: match basic.read_write_type {
            ReadWriteType::All => ReadWrite::All,
            ReadWriteType::ReadOnly => ReadWrite::ReadOnly,
            ReadWriteType::WriteOnly => ReadWrite::WriteOnly,
        },
        include_management_events: false,
        exclude_management_event_sources: <_>::default(),
        data_resources: pairs.collect(),
    }
}

/// From manifests and from status.
pub fn from_advanced(selector: &AdvancedEventSelector) -> AdvancedSelector {
    AdvancedSelector {
        name: selector.name.clone().unwrap_or_default(),
        fields: selector.field_selectors.iter().map(from_field).collect(),
    }
}

/// For manifests and for status.
pub fn to_advanced(selector: &AdvancedSelector) -> AdvancedEventSelector {
    AdvancedEventSelector {
        name: (!selector.name.is_empty()).then(|| selector.name.clone()),
        field_selectors: selector.fields.iter().map(to_field).collect(),
    }
}

fn from_field(field: &AdvancedFieldSelector) -> FieldSelector {
    let set = |list: &Option<Vec<String>>| list.iter().flatten().cloned().collect();
    FieldSelector {
        field: field.field.clone(),
        equals: set(&field.equals),
        starts_with: set(&field.starts_with),
        ends_with: set(&field.ends_with),
        not_equals: set(&field.not_equals),
        not_starts_with: set(&field.not_starts_with),
        not_ends_with: set(&field.not_ends_with),
    }
}

fn to_field(field: &FieldSelector) -> AdvancedFieldSelector {
    let list = |set: &std::collections::BTreeSet<String>| {
        (!set.is_empty()).then(|| set.iter().cloned().collect::<Vec<_>>())
    };
    AdvancedFieldSelector {
        field: field.field.clone(),
        equals: list(&field.equals),
        starts_with: list(&field.starts_with),
        ends_with: list(&field.ends_with),
        not_equals: list(&field.not_equals),
        not_starts_with: list(&field.not_starts_with),
        not_ends_with: list(&field.not_ends_with),
    }
}
