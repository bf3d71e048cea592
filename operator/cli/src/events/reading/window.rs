//! The part of a text of JSON that is in memory: where its values begin and end, and nothing else of them.

use std::io::{ErrorKind, Read};

use super::unreadable;

/// What is read at once.
const FIRST: usize = 64 * 1024;
/// A value that is longer is no record: CloudTrail's have at most some hundred kilobytes.
const MOST: usize = 64 * 1024 * 1024;

/// A reader that knows where it is.
pub(super) struct Window<R> {
    source: R,
    buffer: Vec<u8>,
    /// So much of the buffer has been read into.
    filled: usize,
    /// What is before this is not needed any more.
    kept: usize,
    /// Where the last value begins.
    begin: usize,
    /// What comes next.
    at: usize,
    /// Lines are counted up to here.
    counted: usize,
    /// Line of `counted`, from 1.
    line: u64,
    /// Bytes that have left the buffer.
    gone: u64,
}

impl<R: Read> Window<R> {
    pub(super) fn new(source: R) -> Self {
        let buffer = vec![0; FIRST];
        Self { source, buffer, filled: 0, kept: 0, begin: 0, at: 0, counted: 0, line: 1, gone: 0 }
    }

    /// The line of what comes next.
    pub(super) fn line(&mut self) -> u64 {
        let new = self.buffer.get(self.counted..self.at).unwrap_or_default();
        self.line += new.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        self.counted = self.at;
        self.line
    }

    /// What is said of what comes next.
    pub(super) fn wrong(&mut self, what: &str) -> String {
        let byte = self.gone + u64::try_from(self.at).unwrap_or_default();
        let what = if self.at == self.filled { "the file ends in the middle of a record" } else { what };
        format!("line {}, byte {byte}: {what}; nothing after that is read", self.line())
    }

    /// What was before is not needed any more.
    pub(super) fn forget(&mut self) {
        self.kept = self.at;
    }

    /// Everything since then.
    pub(super) fn kept(&self) -> &[u8] {
        self.buffer.get(self.kept..self.at).unwrap_or_default()
    }

    /// The last value.
    pub(super) fn last(&self) -> &[u8] {
        self.buffer.get(self.begin..self.at).unwrap_or_default()
    }

    /// The next byte that is no blank; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<u8>, String> {
        loop {
            let rest = self.buffer.get(self.at..self.filled).unwrap_or_default();
            if let Some(blanks) = rest.iter().position(|byte| !byte.is_ascii_whitespace()) {
                self.at += blanks;
                return Ok(self.buffer.get(self.at).copied());
            }
            self.at = self.filled;
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    /// Steps over this byte, if it comes next.
    pub(super) fn eat(&mut self, byte: u8) -> Result<bool, String> {
        let is_next = self.next()? == Some(byte);
        self.at += usize::from(is_next);
        Ok(is_next)
    }

    /// Steps over one value. Only quotes and brackets are looked at: whether it is JSON, whoever reads it finds out.
    pub(super) fn value(&mut self) -> Result<(), String> {
        self.next()?;
        self.begin = self.at;
        let mut depth = 0_usize;
        loop {
            match self.find(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']') || depth == 0)? {
                b'"' => self.text()?,
                b'{' | b'[' => {
                    self.at += 1;
                    depth += 1;
                }
                b'}' | b']' if depth > 0 => {
                    self.at += 1;
                    depth -= 1;
                }
                _ => return self.word(),
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// A text with its quotes.
    fn text(&mut self) -> Result<(), String> {
        self.at += 1;
        while self.find(|byte| matches!(byte, b'"' | b'\\'))? == b'\\' {
            // What it takes the meaning from may not be there yet.
            self.at += 1;
            self.find(|_| true)?;
            self.at += 1;
        }
        self.at += 1;
        Ok(())
    }

    /// A number, true, false or null.
    fn word(&mut self) -> Result<(), String> {
        let ends = |byte: u8| matches!(byte, b',' | b':' | b'}' | b']') || byte.is_ascii_whitespace();
        self.find(ends)?;
        if self.at == self.begin {
            return Err(self.wrong("here a value belongs"));
        }
        Ok(())
    }

    /// Steps up to such a byte, which has to come.
    fn find(&mut self, wanted: impl Fn(u8) -> bool) -> Result<u8, String> {
        loop {
            let rest = self.buffer.get(self.at..self.filled).unwrap_or_default();
            if let Some(before) = rest.iter().position(|byte| wanted(*byte)) {
                self.at += before;
                return Ok(self.buffer.get(self.at).copied().unwrap_or_default());
            }
            self.at = self.filled;
            if !self.more()? {
                return Err(self.wrong(""));
            }
        }
    }

    /// Reads on; false at the end.
    fn more(&mut self) -> Result<bool, String> {
        self.make_room()?;
        loop {
            let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
            match self.source.read(room) {
                Ok(read) => {
                    self.filled += read;
                    return Ok(read > 0);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(&error)),
            }
        }
    }

    fn make_room(&mut self) -> Result<(), String> {
        if self.filled < self.buffer.len() {
            return Ok(());
        }
        if self.kept == 0 {
            if self.buffer.len() >= MOST {
                let what =
                    format!("this record has more than {} MB, and none of CloudTrail's has", MOST >> 20);
                self.at = self.begin;
                return Err(self.wrong(&what));
            }
            self.buffer.resize(self.buffer.len() * 2, 0);
            return Ok(());
        }
        self.line();
        self.buffer.copy_within(self.kept..self.filled, 0);
        self.gone += u64::try_from(self.kept).unwrap_or_default();
        self.filled -= self.kept;
        self.begin = self.begin.saturating_sub(self.kept);
        self.at -= self.kept;
        self.counted -= self.kept;
        self.kept = 0;
        Ok(())
    }
}
