//! What objects are called that stand for something in AWS. Pure.

use std::collections::BTreeSet;

/// A part of a name that comes from free text is no longer than this.
const MOST: usize = 60;

/// A name for the Trail object: that of the trail, where an object can be called so.
pub(super) fn of_trail(trail_name: &str) -> String {
    fit(trail_name, true)
}

/// Names that begin alike, each different from all the others.
#[derive(Debug)]
pub(super) struct Names {
    beginning: String,
    taken: BTreeSet<String>,
}

impl Names {
    pub(super) fn beginning_with(beginning: &str) -> Self {
        Self { beginning: beginning.to_owned(), taken: BTreeSet::new() }
    }

    /// A name made from this text; numbered where it is taken.
    pub(super) fn next(&mut self, text: &str) -> String {
        let mut part: String = fit(text, false).chars().take(MOST).collect();
        part.truncate(part.trim_end_matches('-').len());
        let part = if part.is_empty() { "selector" } else { &part };
        let plain = format!("{}-{part}", self.beginning);
        let numbered = (2..).map(|number| format!("{plain}-{number}"));
        let mut candidates = std::iter::once(plain.clone()).chain(numbered);
        let free = candidates.find(|name| !self.taken.contains(name)).unwrap_or(plain);
        self.taken.insert(free.clone());
        free
    }
}

/// In the letters of object names: lower case, everything else a '-', and no two such side by side.
fn fit(text: &str, dots: bool) -> String {
    let mut fitted = String::new();
    for char in text.chars() {
        let char = match char.to_ascii_lowercase() {
            char @ ('a'..='z' | '0'..='9') => char,
            '.' if dots => '.',
            _ => '-',
        };
        if char.is_ascii_alphanumeric() || fitted.ends_with(|last: char| last.is_ascii_alphanumeric()) {
            fitted.push(char);
        }
    }
    fitted.truncate(fitted.trim_end_matches(['-', '.']).len());
    fitted
}

/// What is wrong with a name for a Trail, if anything. They have at most 128 characters, as part of the owner tag.
pub(crate) fn problem(name: &str) -> Option<String> {
    let is_label = |label: &str| {
        let fits = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
        !label.is_empty() && label.chars().all(fits) && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_fit = name.len() <= 128 && name.split('.').all(is_label);
    (!is_fit).then(|| {
        format!(
            "'{name}' is no name for a Trail: those have at most 128 lower-case letters, digits, '-' and '.', the first and last a letter or digit"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_s_name_becomes_one_that_objects_can_have() {
        for (trail, object) in [
            ("audit", "audit"),
            ("Management-Events", "management-events"),
            ("org_trail.v2", "org-trail.v2"),
            ("A1_b-C", "a1-b-c"),
        ] {
            assert_eq!(of_trail(trail), object);
            assert_eq!(problem(object), None);
        }
    }

    #[test]
    fn names_from_free_text_are_fit_and_each_is_different() {
        let mut names = Names::beginning_with("audit");
        let made: Vec<_> = ["Bucket: writes!", "bucket writes", "", "***", "Bücher", &"x".repeat(900)]
            .map(|text| names.next(text))
            .into();
        let long = format!("audit-{}", "x".repeat(MOST));
        let wanted = [
            "audit-bucket-writes",
            "audit-bucket-writes-2",
            "audit-selector",
            "audit-selector-2",
            "audit-b-cher",
            &long,
        ];
        assert_eq!(made, wanted);
        assert!(made.iter().all(|name| problem(name).is_none()), "{made:?}");
    }

    #[test]
    fn names_that_no_object_can_have_are_told() {
        for name in ["", "Audit", "a_b", "-a", "a-", "a b", &"a".repeat(129)] {
            assert!(problem(name).is_some(), "{name}");
        }
        assert_eq!(problem("audit--1.prod"), None);
    }
}
