//! A bucket as CloudTrail fills it: log files, and the digests that vouch for them, signed by a key of this run.
//! Independent of the product, so that the stock AWS CLI and the product judge the same third thing.
//!
//! Knows: names and documents (`cloudtrail.md` 4.1 to 4.3). Must not know: who reads them.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use aws_lc_rs::digest::{Context as Sha256, SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use serde_json::json;
use test_cluster::progress::Task;

use super::member::{Block, member};
use super::{ACCOUNT, BUCKET, REGION, TRAIL, records};

/// Name of what says what is there.
const INDEX: &str = "index.json";
/// Log files of one hour, five minutes apart.
const AN_HOUR: usize = 12;
const SEED: u64 = 6;
/// Where blocks of large files end: few enough that compression does not suffer.
const BLOCK: usize = 1 << 20;
/// Different blocks of large files.
const BLOCKS: usize = 64;

/// What a tree is like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spec {
    pub(super) name: &'static str,
    pub(super) days: usize,
    /// Size of a log file before it is compressed, about.
    pub(super) log_file: usize,
}

/// What is there, and the key.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Index {
    /// The public key, PKCS#1.
    pub(super) key: Vec<u8>,
    pub(super) fingerprint: String,
    /// End of the newest digest.
    pub(super) end: Timestamp,
    pub(super) objects: Vec<Entry>,
    /// Sizes of all log files together.
    pub(super) raw_bytes: u64,
    pub(super) log_bytes: u64,
}

/// One object.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) modified: Timestamp,
    /// Of digests.
    pub(super) signature: Option<String>,
}

impl Index {
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(INDEX);
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is not understood", path.display()))
    }
}

/// Writes the tree into `folder`, unless it is there.
pub(super) fn make(folder: &Path, spec: Spec) -> Result<Index> {
    if folder.join(INDEX).exists() {
        return Index::read(folder);
    }
    let task = Task::start(&format!("making {}", spec.name));
    let mut tree = Tree::new(folder, spec)?;
    for hour in 0..spec.days * 24 {
        task.note(&format!("{} of {} days", hour / 24, spec.days));
        tree.add_hour()?;
    }
    fs::write(folder.join(INDEX), serde_json::to_vec(&tree.index)?)?;
    task.done();
    Ok(tree.index)
}

struct Tree<'a> {
    folder: &'a Path,
    spec: Spec,
    random: Rng,
    signer: RsaKeyPair,
    index: Index,
    /// For large files: a piece of records each, in the order in which the last file had them.
    blocks: Vec<Block>,
    previous: Option<Previous>,
}

struct Previous {
    key: String,
    hash: String,
    signature: String,
}

impl<'a> Tree<'a> {
    fn new(folder: &'a Path, spec: Spec) -> Result<Self> {
        let signer =
            RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| anyhow!("no RSA key could be made"))?;
        let key = signer.public_key().as_ref().to_vec();
        let end = "2026-01-10T00:01:31Z".parse()?;
        let fingerprint = hex::encode(Md5::digest(&key));
        let index = Index { key, fingerprint, end, objects: Vec::new(), raw_bytes: 0, log_bytes: 0 };
        let mut random = Rng::with_seed(SEED);
        let count = if spec.log_file > BLOCK { BLOCKS } else { 0 };
        let blocks = (0..count).map(|_| {
            let mut text = String::with_capacity(BLOCK + 2000);
            while text.len() < BLOCK {
                text.push(',');
                records::write(&mut text, &mut random, end);
            }
            Block::new(text.into_bytes())
        });
        let blocks = blocks.collect::<Result<_>>()?;
        Ok(Self { folder, spec, random, signer, index, blocks, previous: None })
    }

    fn add_hour(&mut self) -> Result<()> {
        let (start, end) = (self.index.end, self.index.end + SignedDuration::from_hours(1));
        let mut files = Vec::new();
        for number in 0..AN_HOUR {
            let minutes = i64::try_from(number * 60 / AN_HOUR)? + 3;
            files.push(self.add_log_file(start + SignedDuration::from_mins(minutes))?);
        }
        self.index.end = end;
        self.add_digest(start, &files)
    }

    fn add_log_file(&mut self, delivered: Timestamp) -> Result<serde_json::Value> {
        let unique: String = (0..16).map(|_| self.random.alphanumeric()).collect();
        let key = format!(
            "AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{}/{ACCOUNT}_CloudTrail_{REGION}_{}_{unique}.json.gz",
            delivered.strftime("%Y/%m/%d"),
            delivered.strftime("%Y%m%dT%H%MZ"),
        );
        let mut text = String::from(r#"{"Records":["#);
        records::write(&mut text, &mut self.random, delivered);
        let last = Block::last(b"]}".to_vec())?;
        let (first, shared);
        let blocks: Vec<&Block> = if self.blocks.is_empty() {
            while text.len() < self.spec.log_file {
                text.push(',');
                records::write(&mut text, &mut self.random, delivered);
            }
            text.push_str("]}");
            first = Block::last(text.into_bytes())?;
            vec![&first]
        } else {
            first = Block::new(text.into_bytes())?;
            self.random.shuffle(&mut self.blocks);
            shared = self.blocks.iter().take(self.spec.log_file / BLOCK);
            [&first].into_iter().chain(shared).chain([&last]).collect()
        };
        let mut hash = Sha256::new(&SHA256);
        for block in &blocks {
            hash.update(&block.raw);
            self.index.raw_bytes += block.raw.len() as u64;
        }
        let bytes = member(&blocks);
        self.index.log_bytes += bytes.len() as u64;
        let listed = json!({
            "s3Bucket": BUCKET,
            "s3Object": key,
            "hashValue": hex::encode(hash.finish()),
            "hashAlgorithm": "SHA-256",
            "newestEventTime": delivered.to_string(),
            "oldestEventTime": delivered.to_string(),
        });
        self.write(Entry { key, modified: delivered, signature: None }, &bytes)?;
        Ok(listed)
    }

    fn add_digest(&mut self, start: Timestamp, files: &[serde_json::Value]) -> Result<()> {
        let end = self.index.end;
        let key = format!(
            "AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/{}/{ACCOUNT}_CloudTrail-Digest_{REGION}_{TRAIL}_{REGION}_{}.json.gz",
            end.strftime("%Y/%m/%d"),
            end.strftime("%Y%m%dT%H%M%SZ"),
        );
        let previous = self.previous.as_ref();
        let document = json!({
            "awsAccountId": ACCOUNT,
            "digestStartTime": start.to_string(),
            "digestEndTime": end.to_string(),
            "digestS3Bucket": BUCKET,
            "digestS3Object": key,
            "digestPublicKeyFingerprint": self.index.fingerprint,
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": end.to_string(),
            "oldestEventTime": start.to_string(),
            "previousDigestS3Bucket": previous.map(|_| BUCKET),
            "previousDigestS3Object": previous.map(|previous| &previous.key),
            "previousDigestHashValue": previous.map(|previous| &previous.hash),
            "previousDigestHashAlgorithm": previous.map(|_| "SHA-256"),
            "previousDigestSignature": previous.map(|previous| &previous.signature),
            "logFiles": files,
        });
        let raw = document.to_string().into_bytes();
        let hash = hex::encode(digest(&SHA256, &raw));
        let before = previous.map_or("null", |previous| &previous.signature);
        let signature = self.sign(&format!("{end}\n{BUCKET}/{key}\n{hash}\n{before}"))?;
        let bytes = member(&[&Block::last(raw)?]);
        self.write(Entry { key: key.clone(), modified: end, signature: Some(signature.clone()) }, &bytes)?;
        self.previous = Some(Previous { key, hash, signature });
        Ok(())
    }

    fn sign(&self, text: &str) -> Result<String> {
        let mut signature = vec![0; self.signer.public_modulus_len()];
        self.signer
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .map_err(|_| anyhow!("a digest could not be signed"))?;
        Ok(hex::encode(signature))
    }

    fn write(&mut self, entry: Entry, bytes: &[u8]) -> Result<()> {
        let path = self.folder.join(&entry.key);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        self.index.objects.push(entry);
        Ok(())
    }
}
