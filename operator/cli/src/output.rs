//! Data on stdout, and what is told beside it on stderr. A stream that takes nothing more is an error or is left alone;
//! it never ends the program by itself.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
};

use anyhow::{Context, Result};
use serde::Serialize;

/// For people, coloured where that was chosen.
pub(crate) fn text(text: &str) -> Result<()> {
    ended(write(anstream::stdout().lock(), text))
}

/// For programs: every character as it is, which what is made for terminals would not be.
pub(crate) fn document(text: &str) -> Result<()> {
    ended(write(io::stdout().lock(), text))
}

/// The same, as JSON.
pub(crate) fn json(document: &impl Serialize) -> Result<()> {
    self::document(&format!("{}\n", serde_json::to_string_pretty(document)?))
}

/// A line beside the data. Nobody is left to tell where even this cannot be written.
pub(crate) fn tell(line: impl Display) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

fn write(mut out: impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Who closes a pipe, as `head` does, has read all he wanted.
fn ended(written: io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to stdout"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_reader_who_went_away_is_no_error() {
        assert!(ended(Ok(())).is_ok());
        assert!(ended(Err(ErrorKind::BrokenPipe.into())).is_ok());
        let error = ended(Err(ErrorKind::StorageFull.into())).unwrap_err();
        assert_eq!(format!("{error:#}"), "cannot write to stdout: no storage space");
    }
}
