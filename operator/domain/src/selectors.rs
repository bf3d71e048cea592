//! Event selectors: what a trail records, in both of AWS's forms (`cloudtrail.md` 2.1 to 2.3).
//!
//! Compares selectors, and says of management events, data events and Insights what a set of selectors covers. Resource
//! types and fields are never enumerated: AWS adds to them faster than anybody releases.

use std::collections::BTreeSet;

/// Name of the selector of management events. Auditing tools accept an advanced selector by this very name
/// (`peers.md` 1, finding 11).
pub const MANAGEMENT_SELECTOR_NAME: &str = "Management events selector";

/// The selectors of a trail, in the form they have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selectors {
    /// None were set, or the default was: all management events, nothing else.
    Default,
    /// The basic form.
    Basic(Vec<BasicSelector>),
    /// The advanced form.
    Advanced(Vec<AdvancedSelector>),
}

/// One basic selector.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BasicSelector {
    /// `ReadWriteType`
    pub read_write_type: ReadWrite,
    /// `IncludeManagementEvents`
    pub include_management_events: bool,
    /// `ExcludeManagementEventSources`
    pub exclude_management_event_sources: BTreeSet<String>,
    /// `DataResources`: type and value, one pair for each value.
    pub data_resources: BTreeSet<(String, String)>,
}

/// Reads, writes, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReadWrite {
    /// Both.
    #[default]
    All,
    /// `ReadOnly`
    ReadOnly,
    /// `WriteOnly`
    WriteOnly,
}

impl ReadWrite {
    fn reads(self) -> bool {
        self != Self::WriteOnly
    }

    fn writes(self) -> bool {
        self != Self::ReadOnly
    }
}

/// One advanced selector: fields that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AdvancedSelector {
    /// `Name`; empty for none.
    pub name: String,
    /// `FieldSelectors`
    pub fields: BTreeSet<FieldSelector>,
}

/// One field of an advanced selector with its operators; lists are sets, since their order means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldSelector {
    /// `Field`
    pub field: String,
    /// `Equals`
    pub equals: BTreeSet<String>,
    /// `StartsWith`
    pub starts_with: BTreeSet<String>,
    /// `EndsWith`
    pub ends_with: BTreeSet<String>,
    /// `NotEquals`
    pub not_equals: BTreeSet<String>,
    /// `NotStartsWith`
    pub not_starts_with: BTreeSet<String>,
    /// `NotEndsWith`
    pub not_ends_with: BTreeSet<String>,
}

impl FieldSelector {
    /// `field` Equals these values.
    pub fn equals<'a>(field: &str, values: impl IntoIterator<Item = &'a str>) -> Self {
        let equals = values.into_iter().map(str::to_owned).collect();
        Self { field: field.to_owned(), equals, ..Self::default() }
    }

    /// `field` NotEquals these values.
    pub fn not_equals<'a>(field: &str, values: impl IntoIterator<Item = &'a str>) -> Self {
        let not_equals = values.into_iter().map(str::to_owned).collect();
        Self { field: field.to_owned(), not_equals, ..Self::default() }
    }

    fn only_value(&self) -> Option<&str> {
        let mut values = self.equals.iter();
        values.next().filter(|_| values.next().is_none()).map(String::as_str)
    }
}

impl AdvancedSelector {
    /// The selector of management events that AWS's console makes: no `readOnly` field unless one half is asked for.
    pub fn management<'a>(read_write: ReadWrite, excluded: impl IntoIterator<Item = &'a str>) -> Self {
        let mut fields = BTreeSet::from([FieldSelector::equals("eventCategory", ["Management"])]);
        match read_write {
            ReadWrite::All => {}
            ReadWrite::ReadOnly => drop(fields.insert(FieldSelector::equals("readOnly", ["true"]))),
            ReadWrite::WriteOnly => drop(fields.insert(FieldSelector::equals("readOnly", ["false"]))),
        }
        let excluded = FieldSelector::not_equals("eventSource", excluded);
        if !excluded.not_equals.is_empty() {
            fields.insert(excluded);
        }
        Self { name: MANAGEMENT_SELECTOR_NAME.to_owned(), fields }
    }

    fn field(&self, name: &str) -> Option<&FieldSelector> {
        self.fields.iter().find(|field| field.field == name)
    }

    /// `Management`, `Data`, `NetworkActivity`.
    fn category(&self) -> Option<&str> {
        self.field("eventCategory")?.only_value()
    }
}

impl Selectors {
    /// Management events of this kind, then these selectors in the advanced form. Default management events alone are
    /// left in AWS's default form.
    pub fn declared<'a>(
        read_write: ReadWrite,
        excluded: impl IntoIterator<Item = &'a str>,
        members: &[AdvancedSelector],
    ) -> Self {
        let management = AdvancedSelector::management(read_write, excluded);
        let default = management == AdvancedSelector::management(ReadWrite::All, []);
        if default && members.is_empty() {
            return Self::Default;
        }
        Self::Advanced([&[management], members].concat())
    }

    /// The same selectors in one form: the two default forms, which AWS's pages both show, are one (`cloudtrail.md`
    /// 2.3), and order means nothing.
    #[must_use]
    pub fn normalised(&self) -> Self {
        match self {
            Self::Default => Self::Default,
            Self::Basic(list) => match list.as_slice() {
                [only] if *only == BasicSelector::all_management() => Self::Default,
                _ => Self::Basic(sorted(list)),
            },
            Self::Advanced(list) => match list.as_slice() {
                [only] if only.fields == AdvancedSelector::management(ReadWrite::All, []).fields => {
                    Self::Default
                }
                _ => Self::Advanced(sorted(list)),
            },
        }
    }

    /// Which management events are recorded.
    pub fn management_events(&self) -> ManagementCoverage {
        let mut coverage = ManagementCoverage::default();
        match self {
            Self::Default => coverage.add(ReadWrite::All, &BTreeSet::new()),
            Self::Basic(list) => {
                for selector in list.iter().filter(|selector| selector.include_management_events) {
                    coverage.add(selector.read_write_type, &selector.exclude_management_event_sources);
                }
            }
            Self::Advanced(list) => {
                for selector in list.iter().filter(|selector| selector.category() == Some("Management")) {
                    coverage.add_advanced(selector);
                }
            }
        }
        coverage
    }

    /// Whether data events of any kind are recorded.
    pub fn record_data_events(&self) -> bool {
        match self {
            Self::Default => false,
            Self::Basic(list) => list.iter().any(|selector| !selector.data_resources.is_empty()),
            Self::Advanced(list) => list.iter().any(|selector| selector.category() == Some("Data")),
        }
    }
}

impl BasicSelector {
    /// AWS's default.
    pub fn all_management() -> Self {
        Self {
            read_write_type: ReadWrite::All,
            include_management_events: true,
            exclude_management_event_sources: BTreeSet::new(),
            data_resources: BTreeSet::new(),
        }
    }
}

fn sorted<T: Ord + Clone>(list: &[T]) -> Vec<T> {
    let mut list = list.to_vec();
    list.sort();
    list
}

/// Which management events a trail records: reads and writes, each `None` when they are not recorded, else without the
/// events of these sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagementCoverage {
    reads: Option<BTreeSet<String>>,
    writes: Option<BTreeSet<String>>,
    /// A selector restricts management events in a way that is not known here.
    unclear: bool,
}

impl ManagementCoverage {
    fn add(&mut self, read_write: ReadWrite, excluded: &BTreeSet<String>) {
        if read_write.reads() {
            add(&mut self.reads, excluded);
        }
        if read_write.writes() {
            add(&mut self.writes, excluded);
        }
    }

    fn add_advanced(&mut self, selector: &AdvancedSelector) {
        let mut read_write = ReadWrite::All;
        let mut excluded = BTreeSet::new();
        for field in &selector.fields {
            match (field.field.as_str(), field.only_value()) {
                ("eventCategory", _) => {}
                ("readOnly", Some("true")) => read_write = ReadWrite::ReadOnly,
                ("readOnly", Some("false")) => read_write = ReadWrite::WriteOnly,
                ("eventSource", None)
                    if *field
                        == FieldSelector::not_equals(
                            "eventSource",
                            field.not_equals.iter().map(String::as_str),
                        ) =>
                {
                    excluded.clone_from(&field.not_equals);
                }
                _ => {
                    self.unclear = true;
                    return;
                }
            }
        }
        self.add(read_write, &excluded);
    }

    /// Whether everything that `other` records is recorded. What is unclear about `other` may be anything; what is
    /// unclear about this one is nothing.
    pub fn covers(&self, other: &Self) -> bool {
        if other.unclear {
            return *self == Selectors::Default.management_events();
        }
        half_covers(self.reads.as_ref(), other.reads.as_ref())
            && half_covers(self.writes.as_ref(), other.writes.as_ref())
    }

    /// Whether events that change something are recorded.
    pub fn has_writes(&self) -> bool {
        self.writes.is_some()
    }

    /// Whether any are recorded.
    pub fn has_any(&self) -> bool {
        self.reads.is_some() || self.writes.is_some()
    }
}

/// An event is recorded when any selector takes it, so what one of them excludes another may bring back.
fn add(half: &mut Option<BTreeSet<String>>, excluded: &BTreeSet<String>) {
    *half = Some(half.take().map_or_else(|| excluded.clone(), |old| &old & excluded));
}

fn half_covers(new: Option<&BTreeSet<String>>, old: Option<&BTreeSet<String>>) -> bool {
    match (new, old) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(new), Some(old)) => new.is_subset(old),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KMS: &str = "kms.amazonaws.com";
    const RDS: &str = "rdsdata.amazonaws.com";

    fn declared(read_write: ReadWrite, excluded: &[&str]) -> Selectors {
        Selectors::declared(read_write, excluded.iter().copied(), &[])
    }

    fn data() -> AdvancedSelector {
        let fields = [
            FieldSelector::equals("eventCategory", ["Data"]),
            FieldSelector::equals("resources.type", ["AWS::S3::Object"]),
        ];
        AdvancedSelector { name: "Objects".into(), fields: fields.into() }
    }

    #[test]
    fn default_management_events_alone_are_left_in_the_default_form() {
        assert_eq!(declared(ReadWrite::All, &[]), Selectors::Default);
        assert!(matches!(declared(ReadWrite::WriteOnly, &[]), Selectors::Advanced(_)));
        let Selectors::Advanced(list) = Selectors::declared(ReadWrite::All, [], &[data()]) else { panic!() };
        assert_eq!(list[0].name, "Management events selector");
        assert_eq!(list[0].fields.len(), 1, "no readOnly field unless it is asked for");
        assert_eq!(list[1], data());
    }

    #[test]
    fn both_ways_in_which_aws_tells_the_default_are_the_default() {
        let basic = Selectors::Basic(vec![BasicSelector::all_management()]);
        let advanced = Selectors::Advanced(vec![AdvancedSelector::management(ReadWrite::All, [])]);
        for form in [basic, advanced, Selectors::Default] {
            assert_eq!(form.normalised(), Selectors::Default, "{form:?}");
        }
        let twice = Selectors::Basic(vec![BasicSelector::all_management(), BasicSelector::all_management()]);
        assert_ne!(twice.normalised(), Selectors::Default);
    }

    #[test]
    fn order_is_no_difference() {
        let management = AdvancedSelector::management(ReadWrite::WriteOnly, [KMS]);
        let one = Selectors::Advanced(vec![management.clone(), data()]);
        let other = Selectors::Advanced(vec![data(), management]);
        assert_ne!(one, other);
        assert_eq!(one.normalised(), other.normalised());
    }

    #[test]
    fn fewer_management_events_are_told_from_more() {
        let all = declared(ReadWrite::All, &[]).management_events();
        let writes = declared(ReadWrite::WriteOnly, &[]).management_events();
        let reads = declared(ReadWrite::ReadOnly, &[]).management_events();
        let without_kms = declared(ReadWrite::All, &[KMS]).management_events();
        let without_both = declared(ReadWrite::All, &[KMS, RDS]).management_events();
        let none = Selectors::Advanced(vec![data()]).management_events();
        for (new, old, covers) in [
            (&all, &writes, true),
            (&writes, &all, false),
            (&reads, &writes, false),
            (&writes, &reads, false),
            (&all, &without_kms, true),
            (&without_kms, &all, false),
            (&without_kms, &without_both, true),
            (&without_both, &without_kms, false),
            (&all, &none, true),
            (&none, &reads, false),
            (&none, &none, true),
        ] {
            assert_eq!(new.covers(old), covers, "{new:?} over {old:?}");
        }
    }

    #[test]
    fn what_one_selector_excludes_another_brings_back() {
        let without = |source| AdvancedSelector::management(ReadWrite::All, [source]);
        let both = Selectors::Advanced(vec![without(KMS), without(RDS)]);
        assert!(both.management_events().covers(&Selectors::Default.management_events()));
        let basic = BasicSelector {
            exclude_management_event_sources: BTreeSet::from([KMS.to_owned()]),
            ..BasicSelector::all_management()
        };
        let same = Selectors::Basic(vec![basic.clone(), basic]);
        assert!(!same.management_events().covers(&Selectors::Default.management_events()));
    }

    #[test]
    fn only_everything_is_sure_to_cover_what_is_not_understood() {
        let mut odd = AdvancedSelector::management(ReadWrite::All, []);
        odd.fields.insert(FieldSelector::equals("eventName", ["Decrypt"]));
        let odd = Selectors::Advanced(vec![odd]).management_events();
        assert!(Selectors::Default.management_events().covers(&odd));
        assert!(!declared(ReadWrite::All, &[KMS]).management_events().covers(&odd));
        assert!(!odd.covers(&declared(ReadWrite::WriteOnly, &[]).management_events()));
    }

    #[test]
    fn data_events_are_seen_in_both_forms() {
        let mut basic = BasicSelector::all_management();
        assert!(!Selectors::Basic(vec![basic.clone()]).record_data_events());
        basic.data_resources.insert(("AWS::S3::Object".into(), "arn:aws:s3".into()));
        assert!(Selectors::Basic(vec![basic]).record_data_events());
        assert!(Selectors::Advanced(vec![data()]).record_data_events());
        assert!(!Selectors::Default.record_data_events());
    }
}
