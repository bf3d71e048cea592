//! Records of CloudTrail from files and buckets: which there are, and what is in them one after the other.
//!
//! Knows files, folders, S3, gzip and the two forms in which records come. Must not know what is done with a record.

mod bucket;
mod objects;
mod reading;
#[cfg(test)]
mod tests;
mod walking;

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::stdin,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};
use tokio::task::block_in_place;
use trail_operator_aws::{Clients, Objects, Observer, configured_region};
use trail_operator_integrity::ObjectSource;
use trail_operator_reconcile::references::ActAs;

use crate::{output, untrusted::shown};
use objects::Ahead;

/// So many places of bad records are told.
const MOST_TOLD: usize = 20;
/// How often the progress is brought up to date, in events.
const STEP: u64 = 500;
/// Where a bucket is looked for first when nothing says otherwise; S3 tells where it is.
const FALLBACK_REGION: &str = "us-east-1";

/// With whose credentials AWS is asked.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Access {
    /// Profile of AWS's configuration.
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,

    /// Region in which AWS is asked; by default that of the environment or the profile.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

impl Access {
    /// An account of the caller's own credentials.
    pub(crate) async fn account(&self) -> Result<trail_operator_aws::Account> {
        crate::plan::check_environment()?;
        let clients =
            Clients::with(self.profile.as_deref(), self.region.as_deref(), Observer::new(|_| ())).await?;
        let own = ActAs { account_id: String::new(), role_arn: None, external_id: None };
        Ok(clients.account(&own).await)
    }

    /// The Region, where one is known.
    pub(crate) async fn region(&self) -> Option<String> {
        match &self.region {
            Some(region) => Some(region.clone()),
            None => configured_region(self.profile.as_deref()).await,
        }
    }
}

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) events: u64,
    pub(crate) elapsed: Duration,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of a clock that has just started any rate could come.
        let millis = u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = self.events.saturating_mul(1000) / millis;
        let seconds = self.elapsed.as_secs_f64();
        write!(f, "{} events in {seconds:.1} s, {} a second", HumanCount(self.events), HumanCount(rate))
    }
}

/// Something with events in it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Stdin,
    File(PathBuf),
    Object { bucket: String, key: String },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("stdin"),
            Self::File(path) => path.display().fmt(f),
            Self::Object { bucket, key } => write!(f, "s3://{bucket}/{}", shown(key)),
        }
    }
}

/// What to read, in order.
#[derive(Debug, Default)]
struct Sources {
    list: Vec<Source>,
    /// What is not read, and why.
    notes: Vec<String>,
}

/// What was no record, or could not be read.
#[derive(Debug, Default)]
struct Bad {
    count: u64,
    told: Vec<String>,
}

impl Bad {
    fn add(&mut self, place: impl fmt::Display, why: &str) {
        self.count += 1;
        if self.told.len() < MOST_TOLD {
            self.told.push(format!("{place}: {why}"));
        }
    }
}

/// Gives the text of every record of these files, folders and buckets to `each`, in order; `-` is stdin. Tells how far it
/// is where stderr is a terminal.
///
/// # Errors
/// When anything in them is no record, or cannot be read. All of it is told on stderr with its place.
pub(crate) async fn each(
    paths: &[PathBuf],
    access: &Access,
    each: impl FnMut(&str) -> Result<(), String>,
) -> Result<Done> {
    let mut s3 = None;
    if paths.iter().any(|path| bucket::is_one(path)) {
        let region = access.region().await.unwrap_or_else(|| FALLBACK_REGION.to_owned());
        s3 = Some(Arc::new(Objects::new(&access.account().await?, &region, BTreeMap::new())));
    }
    each_of(paths, s3, each).await
}

async fn each_of<S: ObjectSource>(
    paths: &[PathBuf],
    s3: Option<Arc<S>>,
    each: impl FnMut(&str) -> Result<(), String>,
) -> Result<Done> {
    let mut sources = Sources::default();
    for path in paths {
        match (bucket::place(path)?, &s3) {
            (Some(place), Some(s3)) => bucket::add(s3.as_ref(), &place, &mut sources).await?,
            _ => walking::add(path, &mut sources)?,
        }
    }
    block_in_place(|| read_all(&sources, s3, each))
}

fn read_all<S: ObjectSource>(
    sources: &Sources,
    s3: Option<Arc<S>>,
    mut each: impl FnMut(&str) -> Result<(), String>,
) -> Result<Done> {
    let (started, progress) = (Instant::now(), progress());
    let mut ahead = s3.map(|s3| Ahead::new(s3, &sources.list));
    let (mut events, mut bad) = (0, Bad::default());
    for (at, source) in sources.list.iter().enumerate() {
        progress.set_message(format!("file {} of {}: {source}", at + 1, sources.list.len()));
        let mut take = |within: reading::Place, record: &[u8]| {
            let text = str::from_utf8(record).map_err(|error| error.to_string());
            match text.and_then(&mut each) {
                Ok(()) => {
                    events += 1;
                    if events % STEP == 0 {
                        progress.set_position(events);
                    }
                }
                Err(why) => bad.add(format_args!("{source}, {within}"), &why),
            }
        };
        let read = match (source, &mut ahead) {
            (Source::Stdin, _) => reading::read(stdin(), &mut take),
            (Source::File(path), _) => open(path).and_then(|file| reading::read(file, &mut take)),
            (Source::Object { .. }, Some(ahead)) => reading::read(ahead.next(), &mut take),
            (Source::Object { .. }, None) => Err("S3 is not asked".to_owned()),
        };
        if let Err(why) = read {
            bad.add(source, &why);
        }
    }
    progress.finish_and_clear();
    for note in &sources.notes {
        output::tell(note);
    }
    refuse(&bad, events)?;
    Ok(Done { events, elapsed: started.elapsed() })
}

fn open(path: &Path) -> Result<File, String> {
    File::open(path).map_err(|error| error.to_string())
}

fn refuse(bad: &Bad, events: u64) -> Result<()> {
    if bad.count == 0 {
        return Ok(());
    }
    for one in &bad.told {
        output::tell(one);
    }
    let untold = bad.count - u64::try_from(bad.told.len()).unwrap_or_default();
    if untold > 0 {
        output::tell(format_args!("and {untold} more"));
    }
    bail!(
        "{} records are none of CloudTrail's or cannot be read, beside {events} that can; take them out, or correct them",
        bad.count
    )
}

/// On a terminal only.
fn progress() -> ProgressBar {
    let progress = ProgressBar::new_spinner();
    let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
        // Writing into a text does not fail.
        let _ = write!(out, "{:.0}", state.per_sec());
    };
    if let Ok(style) = ProgressStyle::with_template("{human_pos} events, {rate}/s, {wide_msg}") {
        progress.set_style(style.with_key("rate", rate));
    }
    progress
}
