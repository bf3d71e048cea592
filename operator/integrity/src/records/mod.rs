//! The records of a log file, borrowed from its bytes: what counting and searching need, and each record as it stands there
//! for everything else.
//!
//! Pure. Fields that are missing, of another type or unknown are no error. A file that is not JSON is read up to where it
//! stops being it: a run never ends because of one.
//!
//! One pass over the bytes with serde_json; a second parser with SIMD was 1.1 to 2 times as fast and not worth its unsafe
//! code. `cargo xtask bench cost` says what reading and counting them adds to verifying their files.

mod controls;
mod fields;
mod observer;

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

pub use self::controls::{Control, Controls, explain};
pub use self::observer::{RecordSink, Records};

use self::fields::Lenient;

/// A text of a record: borrowed, unless it holds escapes.
pub type Text<'a> = Option<Cow<'a, str>>;

/// One record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record<'a> {
    /// When it happened.
    pub event_time: Text<'a>,
    /// Service, like `s3.amazonaws.com`.
    pub event_source: Text<'a>,
    /// Operation.
    pub event_name: Text<'a>,
    /// Its id.
    pub event_id: Text<'a>,
    /// `Management`, `Data`, `Insight`, `NetworkActivity`.
    pub event_category: Text<'a>,
    /// `AwsApiCall`, `AwsConsoleSignIn` and others.
    pub event_type: Text<'a>,
    /// Region.
    pub aws_region: Text<'a>,
    /// Account it was delivered to.
    pub recipient_account_id: Text<'a>,
    /// Error the call ended with.
    pub error_code: Text<'a>,
    /// Whether it changed nothing.
    pub read_only: Option<bool>,
    /// Whether it is a management event.
    pub management_event: Option<bool>,
    /// Who did it.
    pub user_identity: UserIdentity<'a>,
    /// The whole record as it stands in the file.
    pub raw: &'a str,
}

/// Who did it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserIdentity<'a> {
    /// `Root`, `IAMUser`, `AssumedRole` and others; `type` in the record.
    pub kind: Text<'a>,
    /// ARN of the principal.
    pub arn: Text<'a>,
    /// Account of the principal.
    pub account_id: Text<'a>,
    /// The service that did it on their behalf.
    pub invoked_by: Text<'a>,
}

/// A file that is not a list of records, or not to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no list of records from byte {at} on: {why}")]
pub struct Malformed {
    /// Where that was seen.
    pub at: usize,
    /// What was seen.
    pub why: String,
}

/// Hands over every record of a log file's inflated bytes, in their order, up to where it stops being one.
pub fn each<'a>(raw: &'a [u8], mut take: impl FnMut(Record<'a>)) -> Result<(), Malformed> {
    let text =
        str::from_utf8(raw).map_err(|error| Malformed { at: error.valid_up_to(), why: error.to_string() })?;
    let mut cursor = Cursor { text, at: 0 };
    cursor.expect(b'{')?;
    if cursor.eat(b'}') {
        return cursor.end();
    }
    loop {
        let name: Cow<'a, str> = cursor.value()?;
        cursor.expect(b':')?;
        if name == "Records" {
            cursor.list(&mut take)?;
        } else {
            cursor.value::<IgnoredAny>()?;
        }
        if !cursor.eat(b',') {
            cursor.expect(b'}')?;
            return cursor.end();
        }
    }
}

/// A place in a file, between values.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn list(&mut self, take: &mut impl FnMut(Record<'a>)) -> Result<(), Malformed> {
        self.expect(b'[')?;
        if self.eat(b']') {
            return Ok(());
        }
        loop {
            self.skip_space();
            let start = self.at;
            let Lenient(mut record) = self.value::<Lenient<Record<'a>>>()?;
            record.raw = self.text.get(start..self.at).unwrap_or_default();
            take(record);
            if !self.eat(b',') {
                return self.expect(b']');
            }
        }
    }

    /// Reads one value.
    fn value<T: Deserialize<'a>>(&mut self) -> Result<T, Malformed> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<T>();
        let value = values.next();
        self.at += values.byte_offset();
        let wrong = |why: String| Malformed { at: self.at, why };
        value.ok_or_else(|| wrong("it ends there".to_owned()))?.map_err(|error| wrong(error.to_string()))
    }

    /// Nothing may follow.
    fn end(&mut self) -> Result<(), Malformed> {
        self.skip_space();
        let more = Malformed { at: self.at, why: "something follows the list of records".to_owned() };
        if self.at == self.text.len() { Ok(()) } else { Err(more) }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        let at = self.at;
        let missing = || Malformed { at, why: format!("no {:?}", char::from(byte)) };
        self.eat(byte).then_some(()).ok_or_else(missing)
    }

    /// Steps over this byte, if it is the next one that is no space.
    fn eat(&mut self, byte: u8) -> bool {
        self.skip_space();
        let is_next = self.text.as_bytes().get(self.at) == Some(&byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn skip_space(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FILE: &str = r#"{"Records":[{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::1:x/y","accountId":"111122223333","sessionContext":{"deep":[{}]},"invokedBy":"s3.amazonaws.com"},"eventTime":"2026-01-05T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"Put\u004fbject","awsRegion":"us-east-1","requestParameters":{"eventName":"not this","readOnly":"x"},"eventID":"e-1","readOnly":false,"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data"} , {"eventName":7,"readOnly":"true","userIdentity":"nobody","eventTime":null,"eventSource":["x"],"managementEvent":1e3},null]}"#;

    fn read(raw: &[u8]) -> (Vec<Record<'_>>, Result<(), Malformed>) {
        let mut records = Vec::new();
        let result = each(raw, |record| records.push(record));
        (records, result)
    }

    #[test]
    fn records_are_read_and_borrowed() {
        let (records, result) = read(FILE.as_bytes());
        assert_eq!(result, Ok(()));
        let [first, odd, none] = &records[..] else { panic!("{records:?}") };
        assert_eq!(first.event_name.as_deref(), Some("PutObject"), "escapes are read");
        assert!(matches!(first.event_source, Some(Cow::Borrowed("s3.amazonaws.com"))));
        assert_eq!((first.read_only, first.management_event), (Some(false), Some(false)));
        assert_eq!(first.user_identity.invoked_by.as_deref(), Some("s3.amazonaws.com"));
        assert_eq!(first.recipient_account_id.as_deref(), Some("111122223333"));
        let whole: serde_json::Value = serde_json::from_str(first.raw).unwrap();
        assert_eq!(whole["requestParameters"]["eventName"], "not this");
        assert_eq!((&odd.event_name, odd.read_only, odd.management_event), (&None, Some(true), None));
        assert_eq!(odd.user_identity, UserIdentity::default());
        assert_eq!(none, &Record { raw: "null", ..Record::default() });
    }

    #[test]
    fn other_members_and_spaces_are_stepped_over() {
        let file = " { \"a\" : [1, {\"Records\": 2}] , \"Records\" : [ ] , \"b\" : 1.5 } ";
        assert_eq!(read(file.as_bytes()), (vec![], Ok(())));
        assert_eq!(read(b"{}"), (vec![], Ok(())));
    }

    #[test]
    fn a_file_is_read_up_to_where_it_stops_being_one() {
        for (file, records) in [
            ("", 0),
            ("[]", 0),
            ("{\"Records\":{}}", 0),
            ("{\"Records\":[{},{}", 2),
            ("{\"Records\":[{},{]}", 1),
            ("{\"Records\":[{}],", 1),
            ("{\"Records\":[{}]}{\"Records\":[{}]}", 1),
            ("{}x", 0),
            ("{\"Records\":[{\"a\":\u{1}}]}", 0),
        ] {
            let (read, result) = read(file.as_bytes());
            assert_eq!((read.len(), result.is_err()), (records, true), "{file}");
        }
        assert_eq!(read(b"{\"Records\":[\xff]}").1.unwrap_err().at, 12);
        let deep = format!("{{\"Records\":[{{\"x\":{}", "[".repeat(1 << 20));
        assert!(read(deep.as_bytes()).1.is_err());
    }

    proptest! {
        #[test]
        fn changed_bytes_never_panic(changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..8)) {
            let mut bytes = FILE.as_bytes().to_vec();
            for (at, to) in changes {
                let at = at % bytes.len();
                bytes[at] = to;
            }
            let _ = each(&bytes, |record| drop(record.raw.to_owned()));
        }
    }
}
