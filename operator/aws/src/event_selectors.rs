//! Event selectors between the SDK's types and the domain's (`cloudtrail.md` 2.1 to 2.3).

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudtrail::{
    error::BuildError,
    operation::get_event_selectors::GetEventSelectorsOutput,
    types::{AdvancedEventSelector, AdvancedFieldSelector, DataResource, EventSelector, ReadWriteType},
};
use trail_operator_domain::selectors::{
    AdvancedSelector, BasicSelector, FieldSelector, ReadWrite, Selectors,
};

/// AWS answers with one of the two lists.
pub(crate) fn selectors(answer: GetEventSelectorsOutput) -> Selectors {
    let advanced = answer.advanced_event_selectors.unwrap_or_default();
    if !advanced.is_empty() {
        return Selectors::Advanced(advanced.into_iter().map(from_advanced).collect());
    }
    let basic = answer.event_selectors.unwrap_or_default();
    if basic.is_empty() {
        return Selectors::Default;
    }
    Selectors::Basic(basic.into_iter().map(from_basic).collect())
}

/// One of the two lists, the other empty. The default is written in the basic form: AWS has no word for "none".
pub(crate) fn lists(
    selectors: &Selectors,
) -> Result<(Vec<EventSelector>, Vec<AdvancedEventSelector>), BuildError> {
    Ok(match selectors {
        Selectors::Default => (vec![to_basic(&BasicSelector::all_management())], Vec::new()),
        Selectors::Basic(list) => (list.iter().map(to_basic).collect(), Vec::new()),
        Selectors::Advanced(list) => (Vec::new(), list.iter().map(to_advanced).collect::<Result<_, _>>()?),
    })
}

fn from_basic(selector: EventSelector) -> BasicSelector {
    let read_write_type = match selector.read_write_type {
        Some(ReadWriteType::ReadOnly) => ReadWrite::ReadOnly,
        Some(ReadWriteType::WriteOnly) => ReadWrite::WriteOnly,
        _ => ReadWrite::All,
    };
    let data_resources = selector.data_resources.unwrap_or_default().into_iter().flat_map(|resource| {
        let kind = resource.r#type.unwrap_or_default();
        resource.values.unwrap_or_default().into_iter().map(move |value| (kind.clone(), value))
    });
    BasicSelector {
        read_write_type,
        // Management events are recorded unless that is switched off.
        include_management_events: selector.include_management_events.unwrap_or(true),
        exclude_management_event_sources: set(selector.exclude_management_event_sources),
        data_resources: data_resources.collect(),
    }
}

fn to_basic(selector: &BasicSelector) -> EventSelector {
    let read_write_type = match selector.read_write_type {
        ReadWrite::All => ReadWriteType::All,
        ReadWrite::ReadOnly => ReadWriteType::ReadOnly,
        ReadWrite::WriteOnly => ReadWriteType::WriteOnly,
    };
    let mut values: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (kind, value) in &selector.data_resources {
        values.entry(kind).or_default().push(value.clone());
    }
    let data_resources = values
        .into_iter()
        .map(|(kind, values)| DataResource::builder().r#type(kind).set_values(Some(values)).build());
    EventSelector::builder()
        .read_write_type(read_write_type)
        .include_management_events(selector.include_management_events)
        .set_exclude_management_event_sources(Some(list(&selector.exclude_management_event_sources)))
        .set_data_resources(Some(data_resources.collect()))
        .build()
}

fn from_advanced(selector: AdvancedEventSelector) -> AdvancedSelector {
    AdvancedSelector {
        name: selector.name.unwrap_or_default(),
        fields: selector.field_selectors.into_iter().map(from_field).collect(),
    }
}

fn to_advanced(selector: &AdvancedSelector) -> Result<AdvancedEventSelector, BuildError> {
    let fields = selector.fields.iter().map(to_field).collect::<Result<_, _>>()?;
    let name = (!selector.name.is_empty()).then(|| selector.name.clone());
    AdvancedEventSelector::builder().set_name(name).set_field_selectors(Some(fields)).build()
}

fn from_field(field: AdvancedFieldSelector) -> FieldSelector {
    FieldSelector {
        field: field.field,
        equals: set(field.equals),
        starts_with: set(field.starts_with),
        ends_with: set(field.ends_with),
        not_equals: set(field.not_equals),
        not_starts_with: set(field.not_starts_with),
        not_ends_with: set(field.not_ends_with),
    }
}

fn to_field(field: &FieldSelector) -> Result<AdvancedFieldSelector, BuildError> {
    let FieldSelector { field, equals, starts_with, ends_with, not_equals, not_starts_with, not_ends_with } =
        field;
    // AWS takes no empty list of an operator.
    let given = |values: &BTreeSet<String>| (!values.is_empty()).then(|| list(values));
    AdvancedFieldSelector::builder()
        .field(field)
        .set_equals(given(equals))
        .set_starts_with(given(starts_with))
        .set_ends_with(given(ends_with))
        .set_not_equals(given(not_equals))
        .set_not_starts_with(given(not_starts_with))
        .set_not_ends_with(given(not_ends_with))
        .build()
}

fn set(list: Option<Vec<String>>) -> BTreeSet<String> {
    list.unwrap_or_default().into_iter().collect()
}

fn list(set: &BTreeSet<String>) -> Vec<String> {
    set.iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(basic: Vec<EventSelector>, advanced: Vec<AdvancedEventSelector>) -> Selectors {
        selectors(
            GetEventSelectorsOutput::builder()
                .set_event_selectors(Some(basic))
                .set_advanced_event_selectors(Some(advanced))
                .build(),
        )
    }

    fn texts<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
        texts.map(str::to_owned).into()
    }

    #[test]
    fn what_is_written_reads_back() {
        let basic = BasicSelector {
            read_write_type: ReadWrite::WriteOnly,
            include_management_events: true,
            exclude_management_event_sources: texts(["kms.amazonaws.com"]),
            data_resources: [
                ("AWS::S3::Object", "arn:aws:s3:::one/"),
                ("AWS::S3::Object", "arn:aws:s3:::two/"),
                ("AWS::Lambda::Function", "arn:aws:lambda"),
            ]
            .map(|(kind, value)| (kind.to_owned(), value.to_owned()))
            .into(),
        };
        let every_operator = FieldSelector {
            field: "resources.ARN".to_owned(),
            equals: texts(["a"]),
            starts_with: texts(["b"]),
            ends_with: texts(["c"]),
            not_equals: texts(["d"]),
            not_starts_with: texts(["e", "f"]),
            not_ends_with: texts(["g"]),
        };
        let advanced = AdvancedSelector { name: "Objects".to_owned(), fields: [every_operator].into() };
        let unnamed = AdvancedSelector { name: String::new(), ..advanced.clone() };
        for selectors in [
            Selectors::Basic(vec![basic, BasicSelector::all_management()]),
            Selectors::Advanced(vec![
                AdvancedSelector::management(ReadWrite::ReadOnly, []),
                advanced,
                unnamed,
            ]),
        ] {
            let (basic, advanced) = lists(&selectors).unwrap();
            assert!(basic.is_empty() || advanced.is_empty(), "AWS takes one of them");
            assert_eq!(read(basic, advanced), selectors);
        }
    }

    #[test]
    fn the_default_is_written_as_one_basic_selector_and_read_as_the_default() {
        let (basic, advanced) = lists(&Selectors::Default).unwrap();
        assert_eq!((basic.len(), advanced.len()), (1, 0));
        assert_eq!(read(basic, advanced).normalised(), Selectors::Default);
        assert_eq!(read(Vec::new(), Vec::new()), Selectors::Default);
    }

    #[test]
    fn absent_members_of_a_basic_selector_are_aws_s_defaults() {
        let absent = read(vec![EventSelector::builder().build()], Vec::new());
        assert_eq!(absent, Selectors::Basic(vec![BasicSelector::all_management()]));
    }

    #[test]
    fn values_of_one_type_are_one_data_resource_and_empty_operators_are_left_out() {
        let mut basic = BasicSelector::all_management();
        for bucket in ["arn:aws:s3:::one/", "arn:aws:s3:::two/"] {
            basic.data_resources.insert(("AWS::S3::Object".to_owned(), bucket.to_owned()));
        }
        let written = to_basic(&basic);
        assert_eq!(written.data_resources().len(), 1);
        assert_eq!(written.data_resources()[0].values().len(), 2);
        let field = to_field(&FieldSelector::equals("eventCategory", ["Data"])).unwrap();
        assert_eq!(field.equals.as_deref(), Some(&["Data".to_owned()][..]));
        assert_eq!((field.starts_with, field.not_equals), (None, None));
    }
}
