//! Which patterns are tested: one that is written out, those of presets, or those of MetricAlarms in manifests. Pure, but for
//! reading manifests.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use trail_operator_crds::MetricAlarm;
use trail_operator_domain::patterns::{Pattern, PatternError};
use trail_operator_reconcile::metric_alarm::effective;

use crate::{output, plan, presets, untrusted::shown};

/// A pattern, and what it is called.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) pattern: Pattern,
}

/// The pattern as it is written.
pub(super) fn of_text(text: &str) -> Result<Asked> {
    let pattern = Pattern::parse(text).map_err(|error| invalid("the pattern", text, &error))?;
    Ok(Asked { name: shown(text), pattern })
}

/// Those of presets or standards.
pub(super) fn of_presets(names: &[String]) -> Result<Vec<Asked>> {
    let chosen = presets::choose(names)?;
    for note in &chosen.notes {
        output::tell(format_args!("note: {note}"));
    }
    let patterns = chosen.presets.iter().map(|preset| {
        let text = preset.newest().map_or("", |revision| revision.pattern);
        let pattern = Pattern::parse(text).map_err(|error| invalid(preset.name, text, &error))?;
        Ok(Asked { name: preset.name.to_owned(), pattern })
    });
    patterns.collect()
}

/// Those of MetricAlarms, with what their presets fill in.
pub(super) fn of_manifests(paths: &[PathBuf]) -> Result<Vec<Asked>> {
    let objects = plan::read_all_manifests(paths, None, None)?;
    if objects.metric_alarms.is_empty() {
        let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        bail!("there is no MetricAlarm in {}", paths.join(", "));
    }
    let called = |object: &MetricAlarm| {
        let metadata = &object.metadata;
        let [namespace, name] =
            [&metadata.namespace, &metadata.name].map(|text| text.clone().unwrap_or_default());
        format!("MetricAlarm {namespace}/{name}")
    };
    let patterns = objects.metric_alarms.iter().map(|object| {
        let name = called(object);
        let place =
            objects.files.get(&name).map(|file| format!(" in {}", file.display())).unwrap_or_default();
        let effective = effective(object)
            .map_err(|invalid| anyhow!(invalid.message))
            .context(format!("{name}{place}"))?;
        let text = effective.filter.pattern.unwrap_or_default();
        let what = format!("{name}{place}: spec.filter.pattern");
        let pattern = Pattern::parse(&text).map_err(|error| invalid(&what, &text, &error))?;
        Ok(Asked { name, pattern })
    });
    patterns.collect()
}

/// What is wrong and where, with a caret below the character.
fn invalid(what: &str, text: &str, error: &PatternError) -> anyhow::Error {
    let pointing = error.pointing(text);
    let lines: Vec<_> = pointing.lines().map(|line| format!("  {}", shown(line))).collect();
    anyhow!("{what} is invalid: {error}\n{}", lines.join("\n"))
}
