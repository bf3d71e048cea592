//! What reading events comes to.

use std::{
    cell::Cell,
    fs,
    io::{Read, Write},
};

use flate2::{Compression, write::GzEncoder};

use super::{reading::read, walking::files};

/// What is taken from these bytes: places and event names, and how it ended.
fn taken(bytes: &[u8]) -> (Vec<String>, Result<(), String>) {
    let mut taken = Vec::new();
    let end = read(bytes, &mut |place, record| {
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
        (b"{\"eventName\":\"A\"}\n\n[1]\n".to_vec(), 1, "line 3, byte 19: invalid type: sequence"),
        (b"hello".to_vec(), 0, "line 1, byte "),
        (b"{\"eventName\":\"A\"}\n{\"eventName\":\n\n}".to_vec(), 1, "line 4, byte "),
        (br#"{"Records":[{"eventName":"A"},{"eventN"#.to_vec(), 1, "line 1, byte 38: EOF"),
        (br#"{"Records":7}"#.to_vec(), 0, "expected a list in `Records`"),
        (b"\"text\"".to_vec(), 0, "expected a log file of CloudTrail"),
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
    let found = files(&["-".into(), root.clone(), root.join("notes.txt")]).unwrap();
    let names: Vec<_> = found
        .list
        .iter()
        .map(|path| path.strip_prefix(&root).unwrap_or(path).display().to_string())
        .collect();
    assert_eq!(names, ["-", "a/1.ndjson", "a/2.json", "b/1.json.gz", "notes.txt"]);
    assert!(found.notes[0].contains("folders CloudTrail-Digest (1)"), "{:?}", found.notes);
    assert!(found.notes[1].contains(".gz (1)"), "{:?}", found.notes);
    let none = files(&[root.join("a/CloudTrail-Digest/none")]).unwrap_err().to_string();
    assert!(none.contains("cannot read"), "{none}");
    assert!(files(&["s3://bucket/x".into()]).unwrap_err().to_string().contains("aws s3 cp"));
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
