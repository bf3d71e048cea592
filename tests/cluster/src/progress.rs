//! Tells a person what takes long: a spinner on a terminal, plain lines elsewhere, and how long it took last time.
//!
//! Knows: terminals and remembered durations. Must not know: what the work is.
//! Writes to standard error itself, not by the print macros, whose output the test runner holds back.

use std::fs;
use std::io::{IsTerminal as _, Write as _, stderr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cache;

/// Away from a terminal a line is written this often, so that a CI log shows life.
const PLAIN_INTERVAL: Duration = Duration::from_secs(30);

/// Writes one line.
pub fn say(line: &str) {
    // Nobody reads standard error: no reason to stop.
    let _ = writeln!(stderr(), "{line}");
}

/// Something under way. [`Task::done`] ends it and remembers how long it took; dropped without that, it failed.
#[derive(Debug)]
pub struct Task {
    label: String,
    started: Instant,
    bar: Option<ProgressBar>,
    said: Mutex<Instant>,
    ended: AtomicBool,
}

impl Task {
    /// Begins `label`, whose duration is remembered under that name.
    pub fn start(label: &str) -> Self {
        Self::start_numbered("", label)
    }

    /// The same with a number before it, such as `1/3`, which is not part of the name.
    pub fn start_numbered(number: &str, label: &str) -> Self {
        let number = if number.is_empty() { String::new() } else { format!("[{number}] ") };
        let last = last_time(label).map(|took| format!(" (last time {})", human(took))).unwrap_or_default();
        let bar = stderr().is_terminal().then(|| spinner(format!("{number}{label}{last}")));
        if bar.is_none() {
            say(&format!("{number}{label}{last} ..."));
        }
        let now = Instant::now();
        Self {
            label: label.to_owned(),
            started: now,
            bar,
            said: Mutex::new(now),
            ended: AtomicBool::new(false),
        }
    }

    /// Shows where it stands.
    pub fn note(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("· {text}"));
            return;
        }
        let Ok(mut said) = self.said.lock() else { return };
        if said.elapsed() >= PLAIN_INTERVAL {
            *said = Instant::now();
            say(&format!("{} ... {}, {text}", self.label, human(self.started.elapsed())));
        }
    }

    /// Ends it well and gives how long it took.
    pub fn done(self) -> Duration {
        let took = self.end("32", "✓", "done in");
        remember(&self.label, took);
        took
    }

    /// Ends it badly.
    pub fn failed(self) -> Duration {
        self.end("31", "✗", "failed after")
    }

    /// `colour` is the number of a terminal's colour.
    fn end(&self, colour: &str, mark: &str, how: &str) -> Duration {
        self.ended.store(true, Ordering::Relaxed);
        let took = self.started.elapsed();
        let (label, time) = (&self.label, human(took));
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            // https://no-color.org
            let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let mark = if plain { mark.to_owned() } else { format!("\x1b[{colour}m{mark}\x1b[0m") };
            say(&format!("  {mark} {label:<60} {time:>7}"));
        } else {
            say(&format!("{label}: {how} {time}"));
        }
        took
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if !self.ended.load(Ordering::Relaxed) {
            self.end("31", "✗", "failed after");
        }
    }
}

fn spinner(prefix: String) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // The template is a constant; were it wrong, indicatif's own style would do.
    if let Ok(style) = ProgressStyle::with_template("  {spinner} {prefix} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(prefix);
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// How long `label` took when it last ended well.
pub fn last_time(label: &str) -> Option<Duration> {
    let text = fs::read_to_string(file(label)?).ok()?;
    text.trim().parse().ok().map(Duration::from_millis)
}

/// Remembers how long `label` took. A cache that cannot be written costs only the memory.
pub fn remember(label: &str, took: Duration) {
    if let Some(path) = file(label) {
        let _ = path.parent().map(fs::create_dir_all);
        let _ = fs::write(path, took.as_millis().to_string());
    }
}

fn file(label: &str) -> Option<std::path::PathBuf> {
    let name: String = label.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    Some(cache::root().ok()?.join("durations").join(name))
}

/// A duration as people say it: `0.4s`, `12.3s`, `1m32s`, `1h05m`.
pub fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{:.1}s", duration.as_secs_f64()),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        let said: Vec<_> = [0.44, 12.34, 92.9, 3900.0].map(Duration::from_secs_f64).map(human).into();
        assert_eq!(said, ["0.4s", "12.3s", "1m32s", "1h05m"]);
    }
}
