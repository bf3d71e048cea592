//! Signed chains as CloudTrail would make them, from a description that may be wrong on purpose.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trail_operator_integrity::names::DigestName;
use trail_operator_integrity::{ListedKey, Location, Object, Range, Request, Trail, content, signature};

use super::impatient;
use super::memory::{Memory, Stored, gzip};

pub const ACCOUNT: &str = "111122223333";
pub const MEMBER: &str = "222233334444";
pub const HOURS: usize = 7;

/// Keys made for this run of the tests: nothing depends on which ones they are.
pub fn key(number: usize) -> &'static RsaKeyPair {
    static KEYS: OnceLock<Vec<RsaKeyPair>> = OnceLock::new();
    &KEYS.get_or_init(|| (0..2).map(|_| RsaKeyPair::generate(KeySize::Rsa2048).unwrap()).collect())[number]
}

pub fn listed(number: usize) -> ListedKey {
    let value = key(number).public_key().as_ref().to_vec();
    ListedKey { fingerprint: signature::fingerprint(&value), value }
}

/// One digest that was made.
#[derive(Debug, Clone)]
pub struct Made {
    pub object: Object,
    pub document: Value,
    pub logs: Vec<Object>,
    pub start: Timestamp,
    pub end: Timestamp,
}

/// One chain that was made, oldest digest first.
#[derive(Debug, Clone)]
pub struct MadeChain {
    pub spec: Spec,
    pub digests: Vec<Made>,
}

/// What a chain is like.
#[derive(Debug, Clone)]
pub struct Spec {
    pub account: String,
    pub region: String,
    pub backfill: bool,
    pub trail: String,
    /// Start of the first window; the following begin where the one before ended.
    pub start: Timestamp,
}

pub struct World {
    pub memory: Memory,
    pub location: Location,
    pub trail: Trail,
    pub chains: Vec<MadeChain>,
}

/// Changes a digest before it is signed: its position, its document.
pub type Edit<'a> = &'a dyn Fn(usize, &mut Value);

pub fn start() -> Timestamp {
    "2026-01-05T00:01:31Z".parse().unwrap()
}

pub fn spec(account: &str, region: &str, backfill: bool) -> Spec {
    Spec {
        account: account.to_owned(),
        region: region.to_owned(),
        backfill,
        trail: "audit".to_owned(),
        start: start(),
    }
}

impl World {
    /// An organization's trail with four chains: its own, a second Region, a member account, a backfill chain.
    /// It is made once, and copied.
    pub fn new() -> Self {
        static MADE: OnceLock<World> = OnceLock::new();
        let made = MADE.get_or_init(Self::make_all);
        Self {
            memory: made.memory.copy(),
            location: made.location.clone(),
            trail: made.trail.clone(),
            chains: made.chains.clone(),
        }
    }

    /// The same, with one chain made from changed digests.
    pub fn edited(chain: usize, edit: Edit<'_>) -> Self {
        let mut world = Self::new();
        let spec = world.chains[chain].spec.clone();
        for made in &world.chains[chain].digests {
            world.memory.remove(&made.object);
        }
        world.chains[chain] = world.make(spec, HOURS, edit);
        world
    }

    /// The document of one of its digests.
    pub fn new_document() -> Value {
        static DOCUMENT: OnceLock<Value> = OnceLock::new();
        DOCUMENT.get_or_init(|| Self::new().chains[0].digests[3].document.clone()).clone()
    }

    fn make_all() -> Self {
        let location = Location {
            bucket: "logs".to_owned(),
            prefix: Some("audit".to_owned()),
            organization: Some("o-exampleorg1".to_owned()),
        };
        let trail = Trail::from_arn(&format!("arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/audit")).unwrap();
        let mut world = Self { memory: Memory::new(), location, trail, chains: Vec::new() };
        for (account, region, backfill) in [
            (ACCOUNT, "us-east-1", false),
            (ACCOUNT, "eu-west-1", false),
            (MEMBER, "us-east-1", false),
            (ACCOUNT, "us-east-1", true),
        ] {
            let chain = world.make(spec(account, region, backfill), HOURS, &|_, _| ());
            world.chains.push(chain);
        }
        for region in ["us-east-1", "eu-west-1"] {
            world.memory.with(|state| state.keys.insert(region.to_owned(), vec![listed(0)]));
        }
        world
    }

    /// Makes a chain of that many digests with two log files each.
    pub fn make(&self, spec: Spec, hours: usize, edit: Edit<'_>) -> MadeChain {
        let mut digests: Vec<Made> = Vec::new();
        let mut previous: Option<(Object, Vec<u8>, String)> = None;
        for hour in 0..hours {
            let start = spec.start + SignedDuration::from_hours(i64::try_from(hour).unwrap());
            let end = start + SignedDuration::from_hours(1);
            let logs = self.make_logs(&spec, start);
            let mut document = self.document(&spec, (start, end), &logs, previous.as_ref());
            edit(hour, &mut document);
            let name =
                DigestName { trail: format!("{}_us-east-1", spec.trail), end, backfill: spec.backfill };
            let object = Object {
                bucket: self.location.bucket.clone(),
                key: name.key(&self.location, &spec.account, &spec.region),
            };
            let raw = document.to_string().into_bytes();
            let signature = sign(&document, &raw);
            self.put_digest(&object, &raw, &signature, spec.backfill, end);
            previous = Some((object.clone(), raw, signature));
            digests.push(Made { object, document, logs, start, end });
        }
        MadeChain { spec, digests }
    }

    fn make_logs(&self, spec: &Spec, start: Timestamp) -> Vec<Object> {
        [10, 40]
            .iter()
            .map(|minute| {
                let delivered = start + SignedDuration::from_mins(*minute);
                let object = self.log_object(
                    spec,
                    delivered,
                    if spec.backfill { "BackfillBackfill" } else { "AAAAAAAAAAAAAAAA" },
                );
                let raw = format!("{{\"Records\":[{{\"eventID\":\"{}\"}}]}}", object.key).repeat(30);
                let stored = Stored {
                    body: gzip(raw.as_bytes()),
                    last_modified: Some(delivered),
                    ..Stored::default()
                };
                self.memory.put(&object, stored);
                object
            })
            .collect()
    }

    pub fn log_object(&self, spec: &Spec, delivered: Timestamp, unique: &str) -> Object {
        let Spec { account, region, trail, .. } = spec;
        let key = format!(
            "{}{}/{account}_CloudTrail_{region}_{}_{unique}{trail}.json.gz",
            self.location.logs_prefix(account, region),
            delivered.strftime("%Y/%m/%d"),
            delivered.strftime("%Y%m%dT%H%MZ"),
        );
        Object { bucket: self.location.bucket.clone(), key }
    }

    fn document(
        &self,
        spec: &Spec,
        (start, end): (Timestamp, Timestamp),
        logs: &[Object],
        previous: Option<&(Object, Vec<u8>, String)>,
    ) -> Value {
        let name = DigestName { trail: format!("{}_us-east-1", spec.trail), end, backfill: spec.backfill };
        let files: Vec<Value> = logs
            .iter()
            .map(|object| {
                let raw = content::read(&self.memory.get_of(object).body, 1 << 20).unwrap().0;
                json!({"s3Bucket": object.bucket, "s3Object": object.key, "hashValue": hex::encode(raw.sha256), "hashAlgorithm": "SHA-256"})
            })
            .collect();
        json!({
            "awsAccountId": spec.account,
            "digestStartTime": start.to_string(),
            "digestEndTime": end.to_string(),
            "digestS3Bucket": self.location.bucket,
            "digestS3Object": name.key(&self.location, &spec.account, &spec.region),
            "digestPublicKeyFingerprint": listed(0).fingerprint,
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": null,
            "oldestEventTime": null,
            "previousDigestS3Bucket": previous.map(|previous| &previous.0.bucket),
            "previousDigestS3Object": previous.map(|previous| &previous.0.key),
            "previousDigestHashValue": previous.map(|previous| hex::encode(content::sha256(&previous.1))),
            "previousDigestHashAlgorithm": previous.map(|_| "SHA-256"),
            "previousDigestSignature": previous.map(|previous| &previous.2),
            "logFiles": files,
        })
    }

    pub fn put_digest(&self, object: &Object, raw: &[u8], signature: &str, backfill: bool, end: Timestamp) {
        let mut metadata = BTreeMap::from([
            ("signature".to_owned(), signature.to_owned()),
            ("signature-algorithm".to_owned(), "SHA256withRSA".to_owned()),
        ]);
        if backfill {
            metadata.insert(
                "backfill-generation-timestamp".to_owned(),
                end.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
            );
        }
        self.memory
            .put(object, Stored { body: gzip(raw), metadata, last_modified: Some(end), trouble: None });
    }

    pub fn request(&self) -> Request {
        let window = Range {
            start: "2026-01-05T00:00:00Z".parse().unwrap(),
            end: "2026-01-05T07:30:00Z".parse().unwrap(),
        };
        let now = "2026-01-05T07:45:00Z".parse().unwrap();
        Request {
            limits: impatient(),
            ..Request::new(self.trail.clone(), self.location.clone(), window, now)
        }
    }
}

/// Signs a digest as CloudTrail does, by what its document says.
pub fn sign(document: &Value, raw: &[u8]) -> String {
    sign_by(0, document, raw)
}

pub fn sign_by(number: usize, document: &Value, raw: &[u8]) -> String {
    let text = |member: &str| document[member].as_str().unwrap_or("null").to_owned();
    let message = format!(
        "{}\n{}/{}\n{}\n{}",
        text("digestEndTime"),
        text("digestS3Bucket"),
        text("digestS3Object"),
        hex::encode(content::sha256(raw)),
        text("previousDigestSignature"),
    );
    let mut signature = vec![0; key(number).public_modulus_len()];
    key(number).sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    hex::encode(signature)
}
