//! One file: `{"Records": […]}` or one record after the other, gzip or not. At most one record is in memory at a time.

use std::{
    fmt,
    io::{self, BufRead, BufReader, Read},
};

use flate2::bufread::MultiGzDecoder;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Takes a record, told where in the file it is.
type Take<'a> = dyn FnMut(&str, &Value) + 'a;

/// Reads to the end.
///
/// # Errors
/// Where the file is not readable further, with the place in it.
pub(super) fn read(source: impl Read, take: &mut Take<'_>) -> Result<(), String> {
    let cannot = |error: io::Error| format!("cannot be read: {error}");
    let mut source = BufReader::new(source);
    // A pipe may give the two bytes that tell gzip one by one.
    let mut beginning = Vec::new();
    source.by_ref().take(2).read_to_end(&mut beginning).map_err(cannot)?;
    let is_gzip = beginning == [0x1f, 0x8b];
    let whole = io::Cursor::new(beginning).chain(source);
    if is_gzip {
        documents(Counted::new(BufReader::new(MultiGzDecoder::new(BufReader::new(whole)))), take)
    } else {
        documents(Counted::new(BufReader::new(whole)), take)
    }
}

fn documents(mut source: Counted<impl BufRead>, take: &mut Take<'_>) -> Result<(), String> {
    loop {
        let more = source.skip_blanks().map_err(|error| format!("cannot be read: {error}"))?;
        if !more {
            return Ok(());
        }
        let (line, byte) = (source.line, source.byte);
        let document = Document { line, take };
        let mut json = serde_json::Deserializer::from_reader(&mut source);
        document.deserialize(&mut json).map_err(|error| {
            let text = error.to_string();
            // That place counts from the beginning of this document.
            let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
            let line = line - 1 + u64::try_from(error.line()).unwrap_or_default().max(1);
            let place = if error.is_data() { byte } else { source.byte };
            format!("line {line}, byte {place}: {text}; nothing after that is read")
        })?;
    }
}

/// A reader that knows where it is.
struct Counted<R> {
    inner: R,
    /// From 1.
    line: u64,
    /// From 0.
    byte: u64,
}

impl<R: BufRead> Counted<R> {
    fn new(inner: R) -> Self {
        Self { inner, line: 1, byte: 0 }
    }

    /// Whether there is anything behind the blanks.
    fn skip_blanks(&mut self) -> io::Result<bool> {
        loop {
            let buffer = self.inner.fill_buf()?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let blanks = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let found = blanks < buffer.len();
            let lines = buffer.iter().take(blanks).filter(|byte| **byte == b'\n').count();
            self.inner.consume(blanks);
            self.count(blanks, lines);
            if found {
                return Ok(true);
            }
        }
    }

    fn count(&mut self, bytes: usize, lines: usize) {
        self.byte += u64::try_from(bytes).unwrap_or_default();
        self.line += u64::try_from(lines).unwrap_or_default();
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let lines = buffer.iter().take(read).filter(|byte| **byte == b'\n').count();
        self.count(read, lines);
        Ok(read)
    }
}

/// A whole log file, or one record.
struct Document<'a, 'b> {
    line: u64,
    take: &'a mut Take<'b>,
}

impl<'de> DeserializeSeed<'de> for Document<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"a log file of CloudTrail, {"Records": […]}, or one record"#)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { line, take } = self;
        let mut record = Map::new();
        let mut is_log_file = false;
        while let Some(name) = map.next_key::<String>()? {
            if name == "Records" {
                is_log_file = true;
                map.next_value_seed(Records { line, take: &mut *take })?;
            } else if is_log_file {
                map.next_value::<IgnoredAny>()?;
            } else {
                record.insert(name, map.next_value()?);
            }
        }
        if !is_log_file {
            take(&format!("line {line}"), &Value::Object(record));
        }
        Ok(())
    }
}

/// The records of a log file.
struct Records<'a, 'b> {
    line: u64,
    take: &'a mut Take<'b>,
}

impl<'de> DeserializeSeed<'de> for Records<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Records<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list in `Records`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let before = if self.line == 1 { String::new() } else { format!("line {}, ", self.line) };
        let mut at = 0_u64;
        while let Some(record) = seq.next_element::<Value>()? {
            (self.take)(&format!("{before}Records[{at}]"), &record);
            at += 1;
        }
        Ok(())
    }
}
