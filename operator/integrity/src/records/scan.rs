//! Finds the records of a log file in its inflated bytes, as these come, piece by piece.
//!
//! Pure. Looks at quotes and brackets, and within records at no more than [`members`] needs: more than twice as fast as
//! parsing all of the JSON, and nothing is held but the record that is not yet whole. What stands within the values of a
//! record that nobody asked for may therefore be no JSON. A file that is no list of records is read up to where it stops
//! being one.

use super::bits::{BLOCK, Bits, lowest, within};
use super::members::{self, Marks};
use super::{Malformed, Record};

/// Deeper values are not followed: those of CloudTrail are a tenth as deep.
const DEEPEST: u32 = 127;
/// Longer records are not put together: an event has some 256 KB at most (`cloudtrail.md` 1.6), and whoever may write to
/// the bucket may write files that have no end.
const LONGEST: usize = 2 << 20;
/// So much of a piece at a time is put to what was held.
const STEP: usize = 4096;
const DOCUMENT: u32 = 1;
const LIST: u32 = 2;
const RECORD: u32 = 3;

/// Reads one log file.
#[derive(Debug, Default)]
pub struct Scanner {
    /// What is not done with of the pieces before: a record up to where it was read, or what stands before one.
    held: Vec<u8>,
    state: State,
    wrong: Option<Malformed>,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes of the file before those that are looked at.
    dropped: usize,
    /// Where what is not done with begins, of the bytes that are looked at.
    start: usize,
    /// How many of these bytes were looked at.
    scanned: usize,
    /// All ones within a string.
    string: u64,
    /// One if a backslash came last that makes the next character a plain one.
    escape: u64,
    depth: u32,
    /// For each bracket that is open whether it is a brace, the innermost last.
    braces: u128,
    in_list: bool,
    /// How many records of this list there were.
    records: usize,
    lists: usize,
    has_ended: bool,
    /// Whether quotes here are marked.
    is_marking: bool,
    /// The marks of this block.
    marked: u64,
    /// Where in the record the quotes of its members are, and the brackets of their values.
    marks: Vec<Marks>,
    /// Where in any of the blocks of this record a backslash is.
    backslashes: u64,
}

impl Scanner {
    /// Takes the next bytes, and hands over the records that are whole by then. Where the file stops being a list of
    /// records, nothing more is handed over, and [`Self::finish`] says so.
    pub fn push(&mut self, piece: &[u8], mut take: impl FnMut(&Record<'_>)) {
        if self.wrong.is_none()
            && let Err(wrong) = self.read(piece, &mut take)
        {
            self.wrong = Some(wrong);
            self.held = Vec::new();
        }
    }

    fn read(&mut self, piece: &[u8], take: &mut impl FnMut(&Record<'_>)) -> Result<(), Malformed> {
        let mut rest = piece;
        // First what was begun before, together with as little of this piece as makes it whole.
        while !self.held.is_empty() {
            let held = self.held.len();
            if held > LONGEST {
                return self.state.wrong(self.state.start, "a record is too long");
            }
            let (next, later) = rest.split_at(rest.len().min(STEP));
            self.held.extend_from_slice(next);
            self.state.scan(&self.held, take)?;
            if self.state.start >= held {
                self.state.drop(held);
                self.held.clear();
                break;
            }
            if later.is_empty() {
                let done = self.state.start;
                self.state.drop(done);
                self.held.drain(..done);
                return Ok(());
            }
            rest = later;
        }
        // The rest as it stands there: nothing is copied but what goes on in the next piece.
        self.state.scan(rest, take)?;
        let done = self.state.start;
        self.state.drop(done);
        self.held.extend_from_slice(rest.get(done..).unwrap_or_default());
        Ok(())
    }

    /// Says, once all bytes were pushed, whether they were a list of records to the end.
    pub fn finish(mut self, mut take: impl FnMut(&Record<'_>)) -> Result<(), Malformed> {
        // The rest of a block is looked at with spaces after it.
        let length = self.state.dropped + self.held.len();
        self.push(&[b' '; BLOCK], &mut take);
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        let state = &self.state;
        let why = if !state.has_ended {
            "it ends within"
        } else if !is_blank(&self.held) {
            "something follows the list of records"
        } else if state.lists == 0 {
            "it has no list of records"
        } else {
            return Ok(());
        };
        Err(Malformed { at: length, why })
    }
}

impl State {
    /// The bytes that are looked at begin that much later from now on.
    fn drop(&mut self, done: usize) {
        self.dropped += done;
        self.start -= done;
        self.scanned -= done;
    }

    fn scan(&mut self, bytes: &[u8], take: &mut impl FnMut(&Record<'_>)) -> Result<(), Malformed> {
        let (blocks, _) = bytes.get(self.scanned..).unwrap_or_default().as_chunks::<BLOCK>();
        for block in blocks {
            self.block(bytes, block, take)?;
            self.scanned += BLOCK;
        }
        Ok(())
    }

    fn block(
        &mut self,
        bytes: &[u8],
        block: &[u8; BLOCK],
        take: &mut impl FnMut(&Record<'_>),
    ) -> Result<(), Malformed> {
        let Bits { quotes, backslashes, brackets } = Bits::of(block);
        let mut quotes = quotes & !self.escaped(backslashes);
        let strings = within(quotes) ^ self.string;
        self.string = 0_u64.wrapping_sub(strings >> (BLOCK - 1));
        self.backslashes |= backslashes;
        let mut brackets = brackets & !strings;
        self.marked = 0;
        while brackets != 0 {
            let bit = brackets & brackets.wrapping_neg();
            brackets ^= bit;
            if self.is_marking {
                self.marked |= quotes & (bit - 1);
            }
            quotes &= !(bit - 1);
            let at = self.scanned + lowest(bit);
            match bytes.get(at) {
                Some(b'{') => self.open(bytes, at, true, backslashes)?,
                Some(b'[') => self.open(bytes, at, false, backslashes)?,
                Some(b'}') => self.close(bytes, at, true, take)?,
                _ => self.close(bytes, at, false, take)?,
            }
        }
        if self.is_marking {
            self.marked |= quotes;
        }
        self.keep_marks();
        Ok(())
    }

    /// Those of this block, of the record that was begun.
    fn keep_marks(&mut self) {
        if self.marked != 0 {
            // Of the block in which it began, which may be before it.
            self.marks.push(Marks { base: self.scanned.wrapping_sub(self.start), bits: self.marked });
            self.marked = 0;
        }
    }

    /// The characters that a backslash before them makes plain ones.
    fn escaped(&mut self, backslashes: u64) -> u64 {
        let mut escaped = std::mem::take(&mut self.escape);
        let mut left = backslashes & !escaped;
        while left != 0 {
            let bit = left & left.wrapping_neg();
            self.escape = bit >> (BLOCK - 1);
            escaped |= bit << 1;
            left &= !(bit | bit << 1);
        }
        escaped
    }

    fn open(&mut self, bytes: &[u8], at: usize, is_brace: bool, backslashes: u64) -> Result<(), Malformed> {
        let before = bytes.get(self.start..at).unwrap_or_default();
        match self.depth {
            0 if self.has_ended || !is_brace || !is_blank(before) => {
                return self.wrong(at, "it is no object with a list of records");
            }
            DOCUMENT => {
                self.in_list = is_member(before, b"\"Records\"");
                if self.in_list && is_brace {
                    return self.wrong(at, "what is called Records is no list");
                }
                self.start = at + 1;
                self.lists += usize::from(self.in_list);
                self.records = 0;
            }
            LIST if self.in_list => {
                let separator: &[u8] = if self.records > 0 { b"," } else { b"" };
                if !is_brace || before.trim_ascii() != separator {
                    return self.wrong(at, "something between its records is none");
                }
                self.start = at;
                self.marks.clear();
                self.backslashes = backslashes;
                self.is_marking = true;
            }
            RECORD if self.in_list => {
                self.marked |= 1 << (at - self.scanned);
                self.is_marking = false;
            }
            DEEPEST.. => return self.wrong(at, "it is nested too deep"),
            _ => {}
        }
        self.depth += 1;
        self.braces = self.braces << 1 | u128::from(is_brace);
        Ok(())
    }

    fn close(
        &mut self,
        bytes: &[u8],
        at: usize,
        is_brace: bool,
        take: &mut impl FnMut(&Record<'_>),
    ) -> Result<(), Malformed> {
        if self.depth == 0 || (self.braces & 1 == 1) != is_brace {
            return self.wrong(at, "a bracket is closed that was not opened");
        }
        self.depth -= 1;
        self.braces >>= 1;
        match self.depth {
            0 => {
                self.has_ended = true;
                self.start = at + 1;
            }
            DOCUMENT => {
                if self.in_list && !is_blank(bytes.get(self.start..at).unwrap_or_default()) {
                    return self.wrong(at, "something after its records is none");
                }
                self.in_list = false;
                self.start = at + 1;
            }
            LIST if self.in_list => {
                self.is_marking = false;
                self.keep_marks();
                self.records += 1;
                let text = bytes.get(self.start..=at).unwrap_or_default();
                let mut record = Record::default();
                if self.record(text, &mut record).is_none() {
                    return self.wrong(self.start, "a record is not JSON");
                }
                take(&record);
                self.start = at + 1;
            }
            RECORD if self.in_list => {
                self.marked |= 1 << (at - self.scanned);
                self.is_marking = true;
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads a record into one that is empty; `None` if it is not JSON.
    fn record<'a>(&self, bytes: &'a [u8], record: &mut Record<'a>) -> Option<()> {
        members::read(str::from_utf8(bytes).ok()?, &self.marks, self.backslashes != 0, record)
    }

    fn wrong<T>(&self, at: usize, why: &'static str) -> Result<T, Malformed> {
        Err(Malformed { at: self.dropped + at, why })
    }
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.trim_ascii().is_empty()
}

/// Whether a value that follows belongs to this name.
fn is_member(before: &[u8], name: &[u8]) -> bool {
    let before = before.trim_ascii_end().strip_suffix(b":");
    before.is_some_and(|before| before.trim_ascii_end().ends_with(name))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const FILE: &str = r#"{"Records":[{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::1:x/y","accountId":"111122223333","sessionContext":{"deep":[{}]},"invokedBy":"s3.amazonaws.com"},"eventTime":"2026-01-05T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"Put\u004fbject","awsRegion":"us-east-1","requestParameters":{"eventName":"not this","readOnly":"x"},"eventID":"e-1","readOnly":false,"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data"} , {"eventName":7,"readOnly":"true","userIdentity":"nobody","eventTime":null,"eventSource":["x"],"managementEvent":1e3}]}"#;

    const TEXTS: [&str; 9] = [
        "eventTime",
        "eventSource",
        "eventName",
        "eventID",
        "eventCategory",
        "eventType",
        "awsRegion",
        "recipientAccountId",
        "errorCode",
    ];

    /// What does not end with the bytes it is read from.
    #[derive(Debug, PartialEq)]
    struct Owned {
        raw: String,
        texts: Vec<Option<String>>,
        flags: [Option<bool>; 2],
        resources: Option<Value>,
    }

    fn owned(record: &Record<'_>) -> Owned {
        let texts = [
            &record.event_time,
            &record.event_source,
            &record.event_name,
            &record.event_id,
            &record.event_category,
            &record.event_type,
            &record.aws_region,
            &record.recipient_account_id,
            &record.error_code,
        ];
        Owned {
            raw: record.raw.to_owned(),
            texts: texts.map(|text| text.as_deref().map(str::to_owned)).into(),
            flags: [record.read_only, record.management_event],
            resources: record.resources.map(|json| serde_json::from_str(json).unwrap()),
        }
    }

    /// The same, from what parsing the record gives.
    fn parsed(raw: &str) -> Owned {
        let whole: Value = serde_json::from_str(raw).unwrap();
        let flag = |name| match &whole[name] {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let resources = &whole["resources"];
        Owned {
            raw: raw.to_owned(),
            texts: TEXTS.map(|name| whole[name].as_str().map(str::to_owned)).into(),
            flags: ["readOnly", "managementEvent"].map(flag),
            resources: (resources.is_array() || resources.is_object()).then(|| resources.clone()),
        }
    }

    /// Reads a file that comes in pieces of these lengths, again and again.
    fn read_in(pieces: &[usize], raw: &[u8]) -> (Vec<Owned>, Result<(), Malformed>) {
        let (mut records, mut scanner, mut rest) = (Vec::new(), Scanner::default(), raw);
        let mut lengths = pieces.iter().cycle();
        while !rest.is_empty() {
            let length = lengths.next().map_or(rest.len(), |length| (*length).min(rest.len()));
            let (piece, more) = rest.split_at(length);
            scanner.push(piece, |record| records.push(owned(record)));
            rest = more;
        }
        let result = scanner.finish(|record| records.push(owned(record)));
        (records, result)
    }

    fn read(raw: &[u8]) -> (Vec<Owned>, Result<(), Malformed>) {
        read_in(&[], raw)
    }

    #[test]
    fn members_are_read_and_borrowed() {
        let (records, result) = read(FILE.as_bytes());
        assert_eq!(result, Ok(()));
        for record in &records {
            assert_eq!(*record, parsed(&record.raw));
        }
        let [first, odd] = &records[..] else { panic!("{records:?}") };
        assert_eq!(first.texts[2].as_deref(), Some("PutObject"), "escapes are read");
        assert_eq!((odd.flags, &odd.texts[..]), ([Some(true), None], &[const { None }; 9][..]));
        let mut borrowed = 0;
        let mut scanner = Scanner::default();
        scanner.push(FILE.as_bytes(), |record| {
            borrowed += usize::from(matches!(record.event_source, Some(Cow::Borrowed(_))));
        });
        assert_eq!(borrowed, 1);
    }

    #[test]
    fn an_escape_in_the_first_bytes_of_a_record_is_read() {
        let file = r#"{"Records":[{"eventName":"\u0041"}]}"#;
        assert!(file.len() < BLOCK);
        let (records, _) = read(file.as_bytes());
        assert_eq!(records, [parsed(r#"{"eventName":"\u0041"}"#)]);
    }

    #[test]
    fn other_members_and_spaces_are_stepped_over() {
        let file = " { \"a\" : [1, {\"Records\": [2]}] , \"Records\" : [ ] , \"b\" : 1.5 } ";
        assert_eq!(read(file.as_bytes()), (vec![], Ok(())));
        let (records, result) = read(b"{\"Records\": [ {} , {\"a\":1}\n]}\n");
        assert_eq!((records.len(), result), (2, Ok(())));
    }

    #[test]
    fn a_file_is_read_up_to_where_it_stops_being_one() {
        let deep = format!("{{\"Records\":[{{}},{{\"x\":{}", "[".repeat(1 << 20));
        for (file, records) in [
            ("", 0),
            ("[]", 0),
            ("{}", 0),
            ("[{\"Records\":[]}]", 0),
            ("x{\"Records\":[{}]}", 0),
            ("{\"records\":[{}]}", 0),
            ("{\"Records\":{}}", 0),
            ("{\"Records\":{\"Records\":[{}]}}", 0),
            ("{\"Records\":[null]}", 0),
            ("{\"Records\":[[{}]]}", 0),
            ("{\"Records\":[,{}]}", 0),
            ("{\"Records\":[{}{}]}", 1),
            ("{\"Records\":[{},,{}]}", 1),
            ("{\"Records\":[{},{}", 2),
            ("{\"Records\":[{},{]}", 1),
            ("{\"Records\":[{},{\"a\":[}]}", 1),
            ("{\"Records\":[{},{\"a\"}]}", 1),
            ("{\"Records\":[{},{\"a\":tru}]}", 1),
            ("{\"Records\":[{},{\"a\":\"}]}", 1),
            ("{\"Records\":[{},]}", 1),
            ("{\"Records\":[{}],", 1),
            ("{\"Records\":[{}]]", 1),
            ("{\"Records\":[{}]}}", 1),
            ("{\"Records\":[{}]}{\"Records\":[{}]}", 1),
            ("{\"Records\":[{}]} x", 1),
            (&deep, 1),
        ] {
            let (read, result) = read(file.as_bytes());
            assert_eq!((read.len(), result.is_err()), (records, true), "{file:.80} {result:?}");
        }
        let long = |length| format!("{{\"Records\":[{{}},{{\"a\":\"{}\"}}]}}", "x".repeat(length));
        let (records, result) = read_in(&[1 << 16], long(LONGEST - 100).as_bytes());
        assert_eq!((records.len(), result), (2, Ok(())));
        let (records, result) = read_in(&[1 << 16], long(2 * LONGEST).as_bytes());
        assert_eq!((records.len(), result), (1, Err(Malformed { at: 15, why: "a record is too long" })));
        let (records, result) = read(b"{\"Records\":[{},{\"a\":\"\xff\"}]}");
        assert_eq!((records.len(), result), (1, Err(Malformed { at: 15, why: "a record is not JSON" })));
    }

    /// Values with whatever reading may stumble over.
    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            r#"(true|[a-z{}\[\]:,"\\/\n é]{0,12})"#.prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(name(), inner, 0..5)
                    .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    fn name() -> impl Strategy<Value = String> {
        const OTHERS: [&str; 6] =
            ["readOnly", "managementEvent", "userIdentity", "resources", "Records", "event\"Name"];
        prop_oneof![
            6 => proptest::sample::select(&TEXTS[..]).prop_map(str::to_owned),
            4 => proptest::sample::select(&OTHERS[..]).prop_map(str::to_owned),
            1 => "[a-z]{0,4}",
        ]
    }

    fn record() -> impl Strategy<Value = Value> {
        proptest::collection::btree_map(name(), value(), 0..12)
            .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into())
    }

    proptest! {
        #[test]
        fn records_are_as_parsing_gives_them_however_the_file_is_cut(
            records in proptest::collection::vec(record(), 0..6),
            pieces in proptest::collection::vec(1_usize..200, 1..5),
            pretty in any::<bool>(),
        ) {
            let document = json!({"Records": records});
            let file = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) };
            let (read, result) = read_in(&pieces, file.unwrap().as_bytes());
            prop_assert_eq!(result, Ok(()));
            prop_assert_eq!(read.len(), records.len());
            for (read, record) in read.iter().zip(&records) {
                prop_assert_eq!(&serde_json::from_str::<Value>(&read.raw).unwrap(), record);
                prop_assert_eq!(read, &parsed(&read.raw));
            }
        }

        #[test]
        fn changed_bytes_never_panic_and_cuts_make_no_difference(
            changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..8),
            pieces in proptest::collection::vec(1_usize..100, 1..5),
        ) {
            let mut bytes = FILE.as_bytes().to_vec();
            for (at, to) in changes {
                let at = at % bytes.len();
                bytes[at] = to;
            }
            prop_assert_eq!(read_in(&pieces, &bytes), read(&bytes));
        }
    }
}
