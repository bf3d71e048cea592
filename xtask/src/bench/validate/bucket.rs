//! A tree in memory as a bucket, with an answer for whatever is asked of it.
//!
//! Knows: which request is which. Must not know: connections, how answers are worded.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};

use super::answers;
use super::tree::Index;

/// Objects up to this size are held in memory.
const SMALL: u64 = 256 * 1024;

/// What is served.
pub(super) struct Bucket {
    pub(super) index: Index,
    pub(super) objects: BTreeMap<String, Object>,
}

pub(super) struct Object {
    /// What a list says of it.
    pub(super) listed: String,
    body: Body,
}

/// What is sent.
#[derive(Clone)]
pub(super) enum Body {
    Ready(Arc<[u8]>),
    /// The head, and the file that follows.
    Large(Arc<[u8]>, PathBuf),
}

impl Bucket {
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let mut index = Index::read(folder)?;
        let mut objects = BTreeMap::new();
        for entry in std::mem::take(&mut index.objects) {
            let path = folder.join(&entry.key);
            let size = fs::metadata(&path).with_context(|| format!("no {}", path.display()))?.len();
            let head = answers::object_head(size, entry.modified, entry.signature.as_deref());
            let listed = answers::listed(&entry.key, size, entry.modified);
            let body = if size <= SMALL {
                Body::Ready([head.as_bytes(), &fs::read(&path)?].concat().into())
            } else {
                Body::Large(head.into_bytes().into(), path)
            };
            objects.insert(entry.key, Object { listed, body });
        }
        Ok(Self { index, objects })
    }

    /// The answer to a request; `operation` is what services that speak JSON are asked.
    pub(super) fn answer(&self, method: &str, target: &str, operation: &str) -> Body {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let key = path.trim_start_matches('/').split_once('/').map_or("", |(_, key)| key);
        let answer = match (method, key) {
            ("POST", _) => answers::cloud_trail(self, operation),
            ("HEAD", "") => answers::whole("200 OK", "application/xml", ""),
            ("GET", "") if query.starts_with("location") => answers::location(),
            ("GET", "") => answers::list(self, query),
            ("GET", key) if self.objects.contains_key(key) => return self.objects[key].body.clone(),
            _ => answers::no_such_key(),
        };
        Body::Ready(answer.into())
    }
}
