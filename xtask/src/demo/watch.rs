//! `kubectl get --watch`, line by line, until a column says what is waited for.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};

/// A running watch; dropped, it is ended.
pub(crate) struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().context("cannot run kubectl")?;
        let (send, lines) = mpsc::channel();
        if let Some(out) = child.stdout.take() {
            thread::spawn(move || {
                BufReader::new(out).lines().map_while(Result::ok).all(|line| send.send(line).is_ok())
            });
        }
        Ok(Self { child, lines })
    }

    /// Hands over each line that differs from the one before by more than its age, until the column `name` is `value`;
    /// gives the time since `start`.
    pub(crate) fn until(
        self,
        name: &str,
        value: &str,
        start: Instant,
        timeout: Duration,
        mut show: impl FnMut(Duration, &str),
    ) -> Result<Duration> {
        let (mut column, mut last) = (None, String::new());
        loop {
            let line = self.lines.recv_timeout(timeout.saturating_sub(start.elapsed()));
            let line = line
                .map_err(|_| anyhow!("{name} is not {value} after {timeout:?}; the last line was: {last}"))?;
            let at = start.elapsed();
            let without_age = line.trim_end().rsplit_once(' ').map_or("", |(head, _)| head.trim_end());
            if without_age != last {
                show(at, &line);
                without_age.clone_into(&mut last);
            }
            match column {
                None => column = line.find(name),
                Some(column) if cell(&line, column) == value => return Ok(at),
                Some(_) => {}
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The word at a column's place.
fn cell(line: &str, column: usize) -> &str {
    line.get(column..).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_ends_with_the_line_that_is_waited_for() {
        let mut command = Command::new("sh");
        let rows = "NAME  READY  AGE\naudit False  0s\naudit False  1s\naudit True   1s\naudit False  9s";
        command.args(["-c", "echo \"$0\"; sleep 60", rows]);
        let mut seen = Vec::new();
        let timeout = Duration::from_secs(10);
        let watch = Watch::start(&mut command).unwrap();
        watch.until("READY", "True", Instant::now(), timeout, |_, line| seen.push(line.to_owned())).unwrap();
        assert_eq!(seen, ["NAME  READY  AGE", "audit False  0s", "audit True   1s"]);
    }
}
