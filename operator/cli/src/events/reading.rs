//! One file: `{"Records": […]}` or one record after the other, gzip or not, cut into the texts of its records. What is in
//! a record is not looked at, so that whoever wants to know little of it reads little. At most one record is in memory.

mod window;

use std::{
    fmt,
    io::{self, BufReader, Read},
};

use flate2::bufread::MultiGzDecoder;

use window::Window;

/// The member of a log file that holds its records.
const RECORDS: &[u8] = br#""Records""#;

/// Where in its file a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// On which the log file begins, or the record; from 1.
    line: u64,
    /// In the log file, from 0; `None` where the record stands for itself.
    at: Option<u64>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.at) {
            (line, None) => write!(f, "line {line}"),
            (1, Some(at)) => write!(f, "Records[{at}]"),
            (line, Some(at)) => write!(f, "line {line}, Records[{at}]"),
        }
    }
}

/// Takes the bytes of a record, told where in the file they are.
pub(super) type Take<'a> = dyn FnMut(Place, &[u8]) + 'a;

/// Reads to the end.
///
/// # Errors
/// Where the file is not readable further, with the place in it.
pub(super) fn read(source: impl Read, take: &mut Take<'_>) -> Result<(), String> {
    let mut source = BufReader::new(source);
    // A pipe may give the two bytes that tell gzip one by one.
    let mut beginning = Vec::new();
    source.by_ref().take(2).read_to_end(&mut beginning).map_err(|error| unreadable(&error))?;
    let is_gzip = beginning == [0x1f, 0x8b];
    let whole = io::Cursor::new(beginning).chain(source);
    if is_gzip {
        documents(&mut Window::new(MultiGzDecoder::new(BufReader::new(whole))), take)
    } else {
        documents(&mut Window::new(whole), take)
    }
}

fn unreadable(error: &io::Error) -> String {
    format!("cannot be read: {error}")
}

fn documents(window: &mut Window<impl Read>, take: &mut Take<'_>) -> Result<(), String> {
    while window.next()?.is_some() {
        document(window, take)?;
    }
    Ok(())
}

/// A whole log file, or one record.
fn document(window: &mut Window<impl Read>, take: &mut Take<'_>) -> Result<(), String> {
    let line = window.line();
    window.forget();
    if !window.eat(b'{')? {
        return Err(window.wrong(r#"this is no log file of CloudTrail, {"Records": […]}, and no record"#));
    }
    let mut is_log_file = false;
    let mut more = !window.eat(b'}')?;
    while more {
        if window.next()? != Some(b'"') {
            return Err(window.wrong("here the name of a member belongs, in double quotes"));
        }
        window.value()?;
        let is_records = window.last() == RECORDS;
        if !window.eat(b':')? {
            return Err(window.wrong("after the name of a member comes ':'"));
        }
        if is_records {
            is_log_file = true;
            records(window, line, take)?;
        } else {
            window.value()?;
        }
        if is_log_file {
            window.forget();
        }
        more = window.eat(b',')?;
        if !more && !window.eat(b'}')? {
            return Err(window.wrong("after a member comes ',' or '}'"));
        }
    }
    if !is_log_file {
        take(Place { line, at: None }, window.kept());
    }
    Ok(())
}

/// The records of a log file.
fn records(window: &mut Window<impl Read>, line: u64, take: &mut Take<'_>) -> Result<(), String> {
    if !window.eat(b'[')? {
        return Err(window.wrong("`Records` is no list"));
    }
    let mut more = !window.eat(b']')?;
    let mut at = 0;
    while more {
        window.next()?;
        window.forget();
        window.value()?;
        take(Place { line, at: Some(at) }, window.kept());
        at += 1;
        more = window.eat(b',')?;
        if !more && !window.eat(b']')? {
            return Err(window.wrong("after a record comes ',' or ']'"));
        }
    }
    Ok(())
}
