//! The members of a record that are asked for, found by the places of quotes and brackets.
//!
//! Knows what stands between members; what stands within values that are not asked for it never sees.

#![expect(clippy::inline_always, reason = "a sixth of the time that scanning a log file takes, as measured")]

use std::borrow::Cow;

use super::bits::lowest;
use super::{Record, Text};

/// Marks in one block: a bit for each byte from `base` on, which of the first block is before the record.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    pub base: usize,
    pub bits: u64,
}

/// Reads a record into one that is empty; `None` if it is not JSON. `marks` are where the quotes of its members are, and the
/// brackets of their values. `has_escapes` is false where there is no backslash.
pub(super) fn read<'a>(
    text: &'a str,
    marks: &[Marks],
    has_escapes: bool,
    record: &mut Record<'a>,
) -> Option<()> {
    let block = Marks::default();
    let mut cursor = Cursor { text, marks: marks.iter(), block, at: 1, has_escapes };
    record.raw = text;
    if cursor.next()? == b'}' {
        return (cursor.at + 1 == text.len()).then_some(());
    }
    loop {
        let name = cursor.name()?;
        let value = cursor.value()?;
        cursor.keep(record, &name, value)?;
        let end = cursor.next()?;
        cursor.at += 1;
        match end {
            b',' => {}
            b'}' => return (cursor.at == text.len()).then_some(()),
            _ => return None,
        }
    }
}

/// A value; texts and what is nested by where they are.
#[derive(Clone, Copy)]
enum Value {
    /// With its quotes.
    Text(usize, usize),
    /// With its brackets.
    Nested(usize, usize),
    Flag(bool),
    Other,
}

/// A place in a record.
struct Cursor<'a, 'm> {
    text: &'a str,
    /// Those of later blocks.
    marks: std::slice::Iter<'m, Marks>,
    /// Those of this block from this place on.
    block: Marks,
    at: usize,
    has_escapes: bool,
}

impl<'a> Cursor<'a, '_> {
    /// Puts a value into the record, if it is one that is asked for. What has another type is as if it were not there.
    #[inline(always)]
    fn keep(&self, record: &mut Record<'a>, name: &[u8], value: Value) -> Option<()> {
        let text = match name {
            b"eventTime" => &mut record.event_time,
            b"eventSource" => &mut record.event_source,
            b"eventName" => &mut record.event_name,
            b"eventID" => &mut record.event_id,
            b"eventCategory" => &mut record.event_category,
            b"eventType" => &mut record.event_type,
            b"awsRegion" => &mut record.aws_region,
            b"recipientAccountId" => &mut record.recipient_account_id,
            b"errorCode" => &mut record.error_code,
            b"readOnly" => return self.flag(value, &mut record.read_only),
            b"managementEvent" => return self.flag(value, &mut record.management_event),
            b"resources" => {
                record.resources = match value {
                    Value::Nested(start, end) => Some(self.text.get(start..end)?),
                    _ => None,
                };
                return Some(());
            }
            _ => return Some(()),
        };
        *text = self.plain(value)?;
        Some(())
    }

    /// Reads a name and the colon after it.
    #[inline(always)]
    fn name(&mut self) -> Option<Cow<'a, [u8]>> {
        if self.next()? != b'"' {
            return None;
        }
        let (start, end) = self.marked()?;
        if self.next()? != b':' {
            return None;
        }
        self.at += 1;
        let name = self.text.as_bytes().get(start + 1..end - 1)?;
        if self.has_escapes && name.contains(&b'\\') {
            return Some(Cow::Owned(self.unescaped(start, end)?.into_bytes()));
        }
        Some(Cow::Borrowed(name))
    }

    #[inline(always)]
    fn value(&mut self) -> Option<Value> {
        match self.next()? {
            b'"' => self.marked().map(|(start, end)| Value::Text(start, end)),
            b'{' | b'[' => self.marked().map(|(start, end)| Value::Nested(start, end)),
            _ => self.scalar(),
        }
    }

    /// Reads what is neither a text nor nested.
    fn scalar(&mut self) -> Option<Value> {
        let rest = self.text.get(self.at..)?;
        let (length, value) = if rest.starts_with("true") {
            (4, Value::Flag(true))
        } else if rest.starts_with("false") {
            (5, Value::Flag(false))
        } else if rest.starts_with("null") {
            (4, Value::Other)
        } else {
            let length = rest.find([',', '}', ' ', '\n', '\r', '\t'])?;
            serde_json::from_str::<serde_json::Number>(rest.get(..length)?).ok()?;
            (length, Value::Other)
        };
        self.at += length;
        Some(value)
    }

    /// What begins at this mark and ends with the next one.
    #[inline(always)]
    fn marked(&mut self) -> Option<(usize, usize)> {
        let (start, last) = (self.mark()?, self.mark()?);
        let is_here = start == self.at;
        self.at = last + 1;
        is_here.then_some((start, last + 1))
    }

    #[inline(always)]
    fn mark(&mut self) -> Option<usize> {
        while self.block.bits == 0 {
            self.block = *self.marks.next()?;
        }
        let at = self.block.base.wrapping_add(lowest(self.block.bits));
        self.block.bits &= self.block.bits - 1;
        Some(at)
    }

    #[inline(always)]
    fn plain(&self, value: Value) -> Option<Text<'a>> {
        let Value::Text(start, end) = value else { return Some(None) };
        let text = self.text.get(start + 1..end - 1)?;
        if self.has_escapes && text.contains('\\') {
            return self.unescaped(start, end).map(|text| Some(Cow::Owned(text)));
        }
        Some(Some(Cow::Borrowed(text)))
    }

    /// CloudTrail writes some flags as text.
    fn flag(&self, value: Value, flag: &mut Option<bool>) -> Option<()> {
        *flag = match value {
            Value::Flag(flag) => Some(flag),
            _ => self.plain(value)?.and_then(|text| text.parse().ok()),
        };
        Some(())
    }

    fn unescaped(&self, start: usize, end: usize) -> Option<String> {
        serde_json::from_str(self.text.get(start..end)?).ok()
    }

    /// The next byte that is no space, at which it then is.
    #[inline(always)]
    fn next(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            // No value begins with a control character either.
            if byte > b' ' {
                return Some(byte);
            }
            self.at += 1;
        }
    }
}
