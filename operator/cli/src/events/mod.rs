//! Records of CloudTrail from files: which files there are, and what is in them one after the other.
//!
//! Knows files, folders, gzip and the two forms in which records come. Must not know what is done with a record.

mod reading;
#[cfg(test)]
mod tests;
mod walking;

use std::{io::stdin, path::PathBuf};

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

/// So many places of bad records are told.
const MOST_TOLD: usize = 20;
/// How often the progress is brought up to date.
const STEP: u64 = 500;

/// What was no record, or could not be read.
#[derive(Debug, Default)]
struct Bad {
    count: u64,
    told: Vec<String>,
}

impl Bad {
    fn add(&mut self, place: &str, why: &str) {
        self.count += 1;
        if self.told.len() < MOST_TOLD {
            self.told.push(format!("{place}: {why}"));
        }
    }
}

/// Gives every record of these files and folders to `each`, in order; `-` is stdin. Tells how far it is where stderr is
/// a terminal.
///
/// # Errors
/// When anything in them is no record, or cannot be read. All of it is told on stderr with its place.
pub(crate) fn each(paths: &[PathBuf], mut each: impl FnMut(&Value) -> Result<(), String>) -> Result<()> {
    let files = walking::files(paths)?;
    let progress = progress();
    let (mut events, mut bad) = (0, Bad::default());
    for (at, file) in files.list.iter().enumerate() {
        progress.set_message(format!("file {} of {}: {}", at + 1, files.list.len(), file.display()));
        let place = if file.as_os_str() == "-" { "stdin".to_owned() } else { file.display().to_string() };
        let mut take = |within: &str, record: &Value| match each(record) {
            Ok(()) => {
                events += 1;
                if events % STEP == 0 {
                    progress.set_position(events);
                }
            }
            Err(why) => bad.add(&format!("{place}, {within}"), &why),
        };
        let read = if file.as_os_str() == "-" {
            reading::read(stdin(), &mut take)
        } else {
            std::fs::File::open(file)
                .map_err(|error| error.to_string())
                .and_then(|file| reading::read(file, &mut take))
        };
        if let Err(why) = read {
            bad.add(&place, &why);
        }
    }
    progress.finish_and_clear();
    for note in &files.notes {
        anstream::eprintln!("{note}");
    }
    refuse(&bad, events)
}

fn refuse(bad: &Bad, events: u64) -> Result<()> {
    if bad.count == 0 {
        return Ok(());
    }
    for one in &bad.told {
        anstream::eprintln!("{one}");
    }
    let untold = bad.count - u64::try_from(bad.told.len()).unwrap_or_default();
    if untold > 0 {
        anstream::eprintln!("and {untold} more");
    }
    bail!(
        "{} records are none of CloudTrail's or cannot be read, beside {events} that can; take them out, or correct them",
        bad.count
    )
}

/// On a terminal only.
fn progress() -> ProgressBar {
    let progress = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{pos} events, {wide_msg}") {
        progress.set_style(style);
    }
    progress
}
