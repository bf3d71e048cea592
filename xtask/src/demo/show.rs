//! How the demo looks: chapters, commands, their output.
//!
//! Knows: layout. Must not know: the story. What is shown as a command is what was run, and its output is what it gave.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use test_cluster::progress::human;

use crate::terminal::{Paint, table};
use crate::workspace;

/// A heading.
pub(crate) fn chapter(title: &str) {
    let paint = Paint::stdout();
    println!("\n{}\n", paint.bold(&paint.cyan(title)));
}

/// A sentence.
pub(crate) fn say(text: &str) {
    println!("  {text}");
}

/// Something that went as it should.
pub(crate) fn good(text: &str) {
    println!("  {} {text}", Paint::stdout().green("✓"));
}

/// A line of output with the time it came.
pub(crate) fn timed(at: Duration, line: &str) {
    println!("  {}  {line}", Paint::stdout().dim(&format!("{:>7}", format!("+{}", human(at)))));
}

/// A command, as one would type it.
pub(crate) fn command(command: &Command) {
    let paint = Paint::stdout();
    println!("  {} {}", paint.dim("$"), paint.bold(&line(command)));
}

/// Output.
pub(crate) fn output(text: &str) {
    for line in text.trim_end().lines() {
        println!("    {line}");
    }
}

/// Facts, one a line.
pub(crate) fn facts(facts: &[(String, String)]) {
    let rows: Vec<_> = facts.iter().map(|(name, value)| vec![name.clone(), value.clone()]).collect();
    for line in table(&rows, &[]) {
        println!("  {line}");
    }
}

/// Shows a command, runs it in the root of the work tree, and shows and gives its output.
pub(crate) fn run(mut command: Command) -> Result<String> {
    let text = run_quiet(&mut command)?;
    output(&text);
    Ok(text)
}

/// The same without its output, where that would be a page.
pub(crate) fn run_quiet(command: &mut Command) -> Result<String> {
    self::command(command);
    let output = command.current_dir(workspace::root()).output();
    let output = output.with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!("{}: {}", line(command), String::from_utf8_lossy(&output.stderr).trim());
    }
    // kubectl says there that it found nothing.
    Ok([output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat())
}

/// The program's name without its folder, and the arguments, quoted where a shell needs it.
fn line(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or_default();
    let mut words = vec![program.display().to_string()];
    for arg in command.get_args() {
        let arg = arg.to_string_lossy();
        let plain = arg.chars().all(|c| c.is_ascii_alphanumeric() || "-_=./:,@%+".contains(c));
        words.push(if plain && !arg.is_empty() { arg.into_owned() } else { crate::parts::quoted(&arg) });
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_typed_as_it_is_shown() {
        let mut command = Command::new("/opt/bin/helm");
        command.args(["install", "--set", "names={a,b}", "--set", "listenAddress=127.0.0.1"]);
        assert_eq!(line(&command), "helm install --set 'names={a,b}' --set listenAddress=127.0.0.1");
    }
}
