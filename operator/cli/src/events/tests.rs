//! What reading events comes to.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use trail_operator_integrity::{
    ListRequest, ListedKey, ListedObject, ObjectBody, ObjectSource, OpenObject, Page, ReadError,
};

use super::{Done, Sources, each_of, reading::read, walking};

/// What is taken from these bytes: places and event names, and how it ended.
fn taken(bytes: &[u8]) -> (Vec<String>, Result<(), String>) {
    let mut taken = Vec::new();
    let end = read(bytes, &mut |place, record| {
        let record: Value = serde_json::from_slice(record).unwrap_or_default();
        taken.push(format!("{place}: {}", record["eventName"].as_str().unwrap_or("none")));
    });
    (taken, end)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const LOG_FILE: &str = r#"{"Records":[{"eventName":"A"},{"eventName":"B"}]}"#;

#[test]
fn both_forms_are_read_plain_and_as_gzip() {
    let lines = "{\"eventName\":\"A\"}\n\n  {\"eventName\": \"B\"} {\"eventName\":\"C\"}\r\n";
    let of_lines = ["line 1: A", "line 3: B", "line 3: C"];
    let two = [gzip(LOG_FILE.as_bytes()), gzip(b"{\"Records\":[]}")].concat();
    for (bytes, wanted) in [
        (LOG_FILE.as_bytes().to_vec(), &["Records[0]: A", "Records[1]: B"][..]),
        (gzip(LOG_FILE.as_bytes()), &["Records[0]: A", "Records[1]: B"]),
        (two, &["Records[0]: A", "Records[1]: B"]),
        (lines.as_bytes().to_vec(), &of_lines),
        (gzip(lines.as_bytes()), &of_lines),
        (
            format!("{LOG_FILE}\n{LOG_FILE}").into_bytes(),
            &["Records[0]: A", "Records[1]: B", "line 2, Records[0]: A", "line 2, Records[1]: B"],
        ),
        (br#"{"version": 1, "Records": [{"eventName": "A"}], "more": [1]}"#.to_vec(), &["Records[0]: A"]),
        (vec![], &[]),
        (b" \n".to_vec(), &[]),
    ] {
        let (taken, end) = taken(&bytes);
        assert_eq!((taken.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), end), (wanted, Ok(())));
    }
}

#[test]
fn what_cannot_be_read_is_told_with_its_place_and_what_came_before_is_taken() {
    let mut corrupt = gzip(LOG_FILE.as_bytes());
    corrupt.truncate(corrupt.len() - 9);
    for (bytes, before, told) in [
        (b"{\"eventName\":\"A\"}\n\n[1]\n".to_vec(), 1, "line 3, byte 19: this is no log file"),
        (b"hello".to_vec(), 0, "line 1, byte "),
        (b"{\"eventName\":\"A\"}\n{\"eventName\":\n\n}".to_vec(), 1, "line 4, byte "),
        (
            br#"{"Records":[{"eventName":"A"},{"eventN"#.to_vec(),
            1,
            "line 1, byte 38: the file ends in the middle of a record",
        ),
        (br#"{"Records":7}"#.to_vec(), 0, "line 1, byte 11: `Records` is no list"),
        (b"\"text\"".to_vec(), 0, "no log file of CloudTrail"),
        (br#"{"Records":[{"eventName":"A"}"#.to_vec(), 1, "the file ends"),
        (
            br#"{"Records":[{"eventName":"A"} {"eventName":"B"}]}"#.to_vec(),
            1,
            "byte 30: after a record comes",
        ),
        (br#"{"Records":[{"eventName":"A"},]}"#.to_vec(), 1, "byte 30: here a value belongs"),
        (br#"{eventName: "A"}"#.to_vec(), 0, "byte 1: here the name of a member belongs"),
        (br#"{"eventName" "A"}"#.to_vec(), 0, "after the name of a member comes ':'"),
        (br#"{"eventName": "A\"#.to_vec(), 0, "the file ends"),
        (corrupt, 2, ""),
        (vec![0x1f, 0x8b, 8, 0], 0, "cannot be read"),
        (gzip(&[0xff, 0xfe]), 0, "line 1"),
    ] {
        let (taken, end) = taken(&bytes);
        let error = end.unwrap_err();
        assert!(error.contains(told) && !error.contains("column"), "{error}");
        assert!(taken.len() <= before, "{taken:?}");
        assert!(taken.len() == before || told.is_empty(), "{error}: {taken:?}");
    }
}

#[test]
fn a_folder_is_all_that_is_below_without_digests() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_owned();
    for (path, text) in [
        ("b/1.json.gz", ""),
        ("a/2.json", ""),
        ("a/1.ndjson", ""),
        ("a/CloudTrail-Digest/3.json.gz", ""),
        ("notes.txt", ""),
    ] {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut found = Sources::default();
    for path in ["-".into(), root.clone(), root.join("notes.txt")] {
        walking::add(&path, &mut found).unwrap();
    }
    let root_text = format!("{}/", root.display());
    let names: Vec<_> = found.list.iter().map(|source| source.to_string().replace(&root_text, "")).collect();
    assert_eq!(names, ["stdin", "a/1.ndjson", "a/2.json", "b/1.json.gz", "notes.txt"]);
    assert!(found.notes[0].contains("folders CloudTrail-Digest (1)"), "{:?}", found.notes);
    assert!(found.notes[1].contains(".gz (1)"), "{:?}", found.notes);
    let none = walking::add(&root.join("a/CloudTrail-Digest/none"), &mut found).unwrap_err().to_string();
    assert!(none.contains("cannot read"), "{none}");
}

/// Makes as many records as are asked for while it is read, and knows how many bytes those were.
struct Source<'a> {
    left: u32,
    made: &'a Cell<usize>,
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let text: &[u8] = match self.left {
            0 => b"",
            1 => br#"{"eventName":"A"}]}"#,
            _ if self.made.get() == 0 => br#"{"Records":[{"eventName":"A"},"#,
            _ => br#"{"eventName":"A"},"#,
        };
        self.left = self.left.saturating_sub(1);
        self.made.set(self.made.get() + text.len());
        buffer[..text.len()].copy_from_slice(text);
        Ok(text.len())
    }
}

#[test]
fn a_record_is_given_before_what_follows_is_read() {
    let made = Cell::new(0);
    let (mut count, mut ahead) = (0, 0);
    let end = read(Source { left: 10_000, made: &made }, &mut |_, _| {
        count += 1;
        ahead = ahead.max(made.get() - count * 18);
    });
    assert_eq!((count, end), (10_000, Ok(())));
    assert!(ahead < 20_000, "{ahead} bytes were read ahead of the record");
}

/// Wherever a reader stops for a moment, records are the same.
#[test]
fn records_are_whole_however_they_come_in() {
    struct Slowly<'a>(&'a [u8], usize);
    impl Read for Slowly<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = self.1.min(self.0.len()).min(buffer.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }
    let tricky = r#"{"eventName":"a\\\"]}{,","x":[{"y":[]},"}\\"],"z":-1.5e3,"ü":null}"#;
    let long = format!(r#"{{"eventName":"{}"}}"#, "x".repeat(200_000));
    let file = format!("{{\"Records\":[{tricky}, {long} ,{tricky}]}}\n{tricky}{long}");
    for at_once in [1, 3, 100, 1 << 20] {
        let mut records = Vec::new();
        read(Slowly(file.as_bytes(), at_once), &mut |_, record| {
            records.push(str::from_utf8(record).unwrap().to_owned());
        })
        .unwrap();
        assert_eq!(records, [tricky, &long, tricky, tricky, &long], "{at_once} bytes at a time");
    }
}

#[test]
fn a_record_without_end_is_no_reason_to_take_all_memory() {
    let endless = Read::chain(&b"{\"eventName\":\""[..], std::io::repeat(b'x'));
    let error = read(endless, &mut |_, _| {}).unwrap_err();
    assert!(error.contains("more than 64 MB"), "{error}");
}

/// A bucket in memory: objects by key, and how often each transfer is cut.
#[derive(Default)]
struct Bucket {
    objects: BTreeMap<String, Vec<u8>>,
    cuts: AtomicUsize,
}

struct Body(Vec<Result<Bytes, ReadError>>);

impl ObjectBody for Body {
    async fn next(&mut self) -> Result<Option<Bytes>, ReadError> {
        self.0.pop().transpose()
    }
}

impl ObjectSource for Bucket {
    type Body = Body;

    /// Two keys in each page.
    async fn list(&self, request: &ListRequest<'_>) -> Result<Page, ReadError> {
        let after = request.continuation.unwrap_or_default();
        let keys = self.objects.keys().filter(|key| key.starts_with(request.prefix) && key.as_str() > after);
        let keys: Vec<_> = keys.take(2).cloned().collect();
        let next = keys.get(1).cloned();
        let objects = keys.into_iter().map(|key| ListedObject { key, last_modified: None }).collect();
        Ok(Page { objects, folders: vec![], next })
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<OpenObject<Body>, ReadError> {
        let bytes = self.objects.get(key).filter(|_| bucket == "logs").ok_or(ReadError::NotFound)?;
        let middle = bytes.len() / 2;
        let is_cut =
            self.cuts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        let rest = if is_cut {
            Err(ReadError::Retry("cut".to_owned()))
        } else {
            Ok(Bytes::copy_from_slice(&bytes[middle..]))
        };
        let body = Body(vec![rest, Ok(Bytes::copy_from_slice(&bytes[..middle]))]);
        Ok(OpenObject { size: u64::try_from(bytes.len()).ok(), metadata: BTreeMap::new(), body })
    }

    async fn public_keys(&self, _: &str, _: Timestamp, _: Timestamp) -> Result<Vec<ListedKey>, ReadError> {
        Ok(vec![])
    }
}

fn bucket(keys: &[&str], cuts: usize) -> Arc<Bucket> {
    let object = |key: &&str| ((*key).to_owned(), gzip(format!("{{\"eventName\":\"{key}\"}}").as_bytes()));
    Arc::new(Bucket { objects: keys.iter().map(object).collect(), cuts: AtomicUsize::new(cuts) })
}

async fn names(paths: &[&str], bucket: Arc<Bucket>) -> Result<Vec<String>, String> {
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    let mut names = Vec::new();
    let done = each_of(&paths, Some(bucket), |record| {
        let record: Value = serde_json::from_str(record).map_err(|error| error.to_string())?;
        names.push(record["eventName"].as_str().unwrap_or_default().to_owned());
        Ok(())
    });
    done.await.map_err(|error| format!("{error:#}"))?;
    Ok(names)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_read_like_a_folder_and_an_object_like_a_file() {
    let keys =
        ["a", "a/1.json.gz", "a/2.json.gz", "a/CloudTrail-Digest/3.json.gz", "a/note.txt", "ab/4.json.gz"];
    for (place, wanted) in [
        ("s3://logs", &["a/1.json.gz", "a/2.json.gz", "ab/4.json.gz"][..]),
        ("s3://logs/a/", &["a/1.json.gz", "a/2.json.gz"]),
        ("s3://logs/ab", &["ab/4.json.gz"]),
        ("s3://logs/a/note.txt", &["a/note.txt"]),
        ("s3://logs/a", &["a"]),
    ] {
        assert_eq!(names(&[place], bucket(&keys, 0)).await.unwrap(), wanted, "{place}");
    }
    let error = names(&["s3://logs/x"], bucket(&keys, 0)).await.unwrap_err();
    assert!(error.contains("in s3://logs/x/"), "{error}");
    let error = names(&["s3:///x"], bucket(&keys, 0)).await.unwrap_err();
    assert!(error.contains("names no bucket"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_is_cut_goes_on_where_it_was() {
    let keys: Vec<_> = (10..40).map(|number| format!("{number}.json.gz")).collect();
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    assert_eq!(names(&["s3://logs"], bucket(&keys, 3)).await.unwrap(), keys);
    let error = names(&["s3://logs"], bucket(&["1.json"], usize::MAX)).await.unwrap_err();
    assert!(error.contains("1 records are none of CloudTrail's or cannot be read"), "{error}");
}

#[test]
fn what_was_read_is_told_with_how_fast() {
    let done = Done { events: 1_234_567, elapsed: Duration::from_millis(2500) };
    assert_eq!(done.to_string(), "1,234,567 events in 2.5 s, 493,826 a second");
}
