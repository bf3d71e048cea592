//! Which presets are meant by a name. Pure.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use trail_operator_domain::presets::{self, Preset};

/// So many names are proposed in the place of a wrong one.
const MOST_PROPOSED: usize = 4;
/// Names less alike than this are no proposal.
const ALIKE: f64 = 0.45;

/// Presets in the order in which they are listed.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) presets: Vec<&'static Preset>,
    /// Those that were named themselves, not only through their standard.
    pub(super) named: BTreeSet<&'static str>,
    /// What is good to know of the names.
    pub(crate) notes: Vec<String>,
}

/// The presets of these names, each once; all of them where there is no name.
pub(crate) fn choose(names: &[String]) -> Result<Chosen> {
    let mut chosen = Chosen { presets: vec![], named: BTreeSet::new(), notes: vec![] };
    let mut wanted = BTreeSet::new();
    for name in names {
        if let Some(preset) = one(name) {
            chosen.named.insert(preset.name);
            wanted.insert(preset.name);
            chosen.notes.extend(renamed(name, preset));
        } else if let Some(presets) = presets::of_standard(name) {
            let other = presets.iter().any(|preset| is_other_version(name, preset));
            chosen.notes.extend(other.then(|| renumbered(name)));
            wanted.extend(presets.iter().map(|preset| preset.name));
        } else {
            bail!(unknown(name));
        }
    }
    let is_wanted = |preset: &&Preset| names.is_empty() || wanted.contains(preset.name);
    chosen.presets = presets::all().iter().filter(is_wanted).collect();
    Ok(chosen)
}

/// By its name, or by its standard, however that is written, and its number there.
fn one(name: &str) -> Option<&'static Preset> {
    presets::find(name).or_else(|| {
        let (standard, control) = name.split_once('/')?;
        let of = presets::of_standard(standard)?;
        let is_other = of.iter().any(|preset| is_other_version(standard, preset));
        // Chapters of other versions have other numbers.
        of.into_iter().find(|preset| !is_other && preset.control().eq_ignore_ascii_case(control))
    })
}

/// Whether a version of CIS was named that these are not.
fn is_other_version(standard: &str, preset: &Preset) -> bool {
    let version = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (asked, found) = (version(standard), version(preset.standard()));
    !asked.is_empty() && asked != found
}

fn renamed(name: &str, preset: &Preset) -> Option<String> {
    let standard = name.split_once('/').map_or(name, |(standard, _)| standard);
    is_other_version(standard, preset).then(|| format!("{name} is another name for {}", preset.name))
}

fn renumbered(name: &str) -> String {
    format!(
        "the sections of {name} are here under their numbers in CIS 5.0.0, with the patterns of that version"
    )
}

/// What a wrong name might have meant, and what there is.
fn unknown(name: &str) -> String {
    let wanted = name.to_lowercase();
    let alike = |name: &str| strsim::normalized_damerau_levenshtein(&wanted, &name.to_lowercase());
    let of_presets =
        presets::all().iter().map(|preset| (preset.name, alike(preset.name).max(alike(preset.control()))));
    let of_standards = presets::standards().into_iter().map(|standard| (standard, alike(standard)));
    let mut candidates: Vec<_> =
        of_standards.chain(of_presets).filter(|(_, alike)| *alike >= ALIKE).collect();
    candidates.sort_by(|one, other| other.1.total_cmp(&one.1));
    let closest: Vec<_> = candidates.into_iter().take(MOST_PROPOSED).map(|(name, _)| name).collect();
    let standards = presets::standards().join(", ");
    let proposal = match closest.as_slice() {
        [] => String::new(),
        closest => format!(" Do you mean {}?", closest.join(", ")),
    };
    format!(
        "there is no preset and no standard '{name}'.{proposal} Standards are {standards}; `kubectl cloudtrail presets` lists the presets of all of them"
    )
}
