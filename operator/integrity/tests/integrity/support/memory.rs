//! Objects and public keys in memory. An object may be in trouble: denied, archived, cut, stalled, failing for a while.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use parking_lot::Mutex;
use trail_operator_integrity::{
    ListRequest, ListedKey, ListedObject, Object, ObjectBody, ObjectSource, OpenObject, Page, ReadError,
};

#[derive(Clone)]
pub struct Memory(Arc<Mutex<State>>);

pub struct State {
    pub objects: BTreeMap<Object, Stored>,
    pub keys: BTreeMap<String, Vec<ListedKey>>,
    /// Objects that were asked for, in order.
    pub gets: Vec<Object>,
    /// How often public keys were asked for.
    pub key_calls: usize,
    pub lists: usize,
    pub page: usize,
    pub list_error: Option<ReadError>,
    /// Lists under prefixes that hold this text fail so.
    pub list_trouble: Option<(String, ReadError)>,
    /// Whoever lists that prefix ends by a panic.
    pub list_panic: Option<String>,
    /// Objects that no list holds, as if they had come after it.
    pub unlisted: Vec<Object>,
    /// What S3 answers for an object that is not there to those who may not list the bucket.
    pub absent: ReadError,
    pub keys_error: Option<ReadError>,
    /// There were no keys before.
    pub keys_since: Option<Timestamp>,
    /// Whoever asks for keys gets no answer.
    pub keys_stall: bool,
    /// How many wait for keys, and the most that did at once.
    pub keys_waiting: usize,
    pub most_keys_waiting: usize,
    /// The most reads that were open at once.
    pub open: usize,
    pub most_open: usize,
}

#[derive(Debug, Clone, Default)]
pub struct Stored {
    pub body: Vec<u8>,
    pub metadata: BTreeMap<String, String>,
    pub last_modified: Option<Timestamp>,
    pub trouble: Option<Trouble>,
}

#[derive(Debug, Clone)]
pub enum Trouble {
    /// Every read fails so.
    Error(ReadError),
    /// So many reads fail, then it works.
    Failing(u32),
    /// So many transfers end half-way.
    Cut(u32),
    /// It sends half and then nothing.
    Stall,
    /// It sends what follows its gzip header over and over, without a length.
    Endless,
    /// Whoever reads it ends by a panic: an error of ours.
    Panic,
    /// It shows another body, so many times.
    Flips(u32, Vec<u8>),
}

impl Memory {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            objects: BTreeMap::new(),
            keys: BTreeMap::new(),
            gets: Vec::new(),
            key_calls: 0,
            lists: 0,
            page: 7,
            list_error: None,
            list_trouble: None,
            list_panic: None,
            unlisted: Vec::new(),
            absent: ReadError::NotFound,
            keys_error: None,
            keys_since: None,
            keys_stall: false,
            keys_waiting: 0,
            most_keys_waiting: 0,
            open: 0,
            most_open: 0,
        })))
    }

    /// Another one with the same objects and keys.
    pub fn copy(&self) -> Self {
        let (objects, keys) = self.with(|state| (state.objects.clone(), state.keys.clone()));
        let copy = Self::new();
        copy.with(|state| (state.objects, state.keys) = (objects, keys));
        copy
    }

    pub fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock())
    }

    pub fn edit(&self, object: &Object, work: impl FnOnce(&mut Stored)) {
        self.with(|state| work(state.objects.get_mut(object).unwrap()));
    }

    pub fn remove(&self, object: &Object) -> Stored {
        self.with(|state| state.objects.remove(object).unwrap())
    }

    pub fn put(&self, object: &Object, stored: Stored) {
        self.with(|state| state.objects.insert(object.clone(), stored));
    }

    pub fn get_of(&self, object: &Object) -> Stored {
        self.with(|state| state.objects[object].clone())
    }

    pub fn trouble(&self, object: &Object, trouble: Trouble) {
        self.edit(object, |stored| stored.trouble = Some(trouble));
    }

    pub fn times_read(&self, object: &Object) -> usize {
        self.with(|state| state.gets.iter().filter(|get| *get == object).count())
    }

    pub fn was_read(&self, object: &Object) -> bool {
        self.with(|state| state.gets.contains(object))
    }
}

impl ObjectSource for Memory {
    type Body = Body;

    async fn list(&self, request: &ListRequest<'_>) -> Result<Page, ReadError> {
        tokio::task::yield_now().await;
        self.with(|state| {
            state.lists += 1;
            assert_ne!(state.list_panic.as_deref(), Some(request.prefix), "on purpose");
            if let Some(error) = &state.list_error {
                return Err(error.clone());
            }
            if let Some((text, error)) = &state.list_trouble
                && format!("{}/{}", request.bucket, request.prefix).contains(text)
            {
                return Err(error.clone());
            }
            let after = request.continuation.or(request.start_after).unwrap_or_default();
            let mut page = Page::default();
            for (object, stored) in &state.objects {
                if object.bucket != request.bucket
                    || !object.key.starts_with(request.prefix)
                    || object.key.as_str() <= after
                    || state.unlisted.contains(object)
                {
                    continue;
                }
                if let Some((folder, _)) =
                    object.key[request.prefix.len()..].split_once('/').filter(|_| request.folders)
                {
                    let folder = format!("{}{folder}/", request.prefix);
                    if page.folders.last() != Some(&folder) && !after.starts_with(&folder) {
                        page.folders.push(folder);
                    }
                    continue;
                }
                if page.objects.len() == state.page {
                    page.next = page.objects.last().map(|last| last.key.clone());
                    break;
                }
                page.objects
                    .push(ListedObject { key: object.key.clone(), last_modified: stored.last_modified });
            }
            Ok(page)
        })
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<OpenObject<Body>, ReadError> {
        tokio::task::yield_now().await;
        let object = Object { bucket: bucket.to_owned(), key: key.to_owned() };
        self.with(|state| {
            state.gets.push(object.clone());
            let absent = state.absent.clone();
            let stored = state.objects.get_mut(&object).ok_or(absent)?;
            let (mut body, mut size, mut end) =
                (stored.body.clone(), Some(stored.body.len() as u64), End::Clean);
            match &mut stored.trouble {
                Some(Trouble::Error(error)) => return Err(error.clone()),
                Some(Trouble::Panic) => panic!("on purpose"),
                Some(Trouble::Failing(times)) if *times > 0 => {
                    *times -= 1;
                    return Err(ReadError::Retry("503 Slow Down".to_owned()));
                }
                Some(Trouble::Flips(times, other)) if *times > 0 => {
                    *times -= 1;
                    body.clone_from(other);
                    size = Some(body.len() as u64);
                }
                Some(Trouble::Cut(times)) if *times > 0 => {
                    *times = times.saturating_sub(1);
                    body.truncate(body.len() / 2);
                }
                None | Some(Trouble::Failing(_) | Trouble::Cut(_) | Trouble::Flips(..)) => {}
                Some(Trouble::Stall) => {
                    body.truncate(body.len() / 2);
                    end = End::Never;
                }
                Some(Trouble::Endless) => {
                    size = None;
                    end = End::Again;
                }
            }
            state.open += 1;
            state.most_open = state.most_open.max(state.open);
            let metadata = state.objects[&object].metadata.clone();
            Ok(OpenObject {
                size,
                metadata,
                body: Body { bytes: Bytes::from(body), at: 0, end, memory: self.clone() },
            })
        })
    }

    async fn public_keys(
        &self,
        region: &str,
        _: Timestamp,
        end: Timestamp,
    ) -> Result<Vec<ListedKey>, ReadError> {
        if self.with(|state| state.keys_stall) {
            let _waiting = Waiting::new(self);
            std::future::pending::<()>().await;
        }
        self.with(|state| {
            state.key_calls += 1;
            if state.keys_since.is_some_and(|since| end < since) {
                return Ok(Vec::new());
            }
            state
                .keys_error
                .clone()
                .map_or_else(|| Ok(state.keys.get(region).cloned().unwrap_or_default()), Err)
        })
    }
}

/// Somebody who waits for keys.
struct Waiting(Memory);

impl Waiting {
    fn new(memory: &Memory) -> Self {
        memory.with(|state| {
            state.keys_waiting += 1;
            state.most_keys_waiting = state.most_keys_waiting.max(state.keys_waiting);
        });
        Self(memory.clone())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.with(|state| state.keys_waiting -= 1);
    }
}

enum End {
    Clean,
    Never,
    Again,
}

pub struct Body {
    bytes: Bytes,
    at: usize,
    end: End,
    memory: Memory,
}

impl ObjectBody for Body {
    async fn next(&mut self) -> Result<Option<Bytes>, ReadError> {
        const PIECE: usize = 1000;
        tokio::task::yield_now().await;
        if self.at >= self.bytes.len() {
            match self.end {
                End::Clean => return Ok(None),
                End::Never => std::future::pending().await,
                End::Again => self.at = 10,
            }
        }
        let end = self.bytes.len().min(self.at + PIECE);
        let piece = self.bytes.slice(self.at..end);
        self.at = end;
        Ok(Some(piece))
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.memory.with(|state| state.open -= 1);
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    gzip_at(bytes, flate2::Compression::default())
}

pub fn gzip_at(bytes: &[u8], level: flate2::Compression) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
