//! Objects of buckets as readers: the next ones are on their way while one is read, in bounded memory.

use std::{
    collections::VecDeque,
    io::{self, Read},
    sync::Arc,
    time::Duration,
};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc;
use trail_operator_integrity::{ObjectBody, ObjectSource, ReadError};

use super::Source;

/// So many objects are on their way at a time: enough to hide how long S3 takes to answer.
const AHEAD: usize = 16;
/// So many pieces of each wait to be read.
const PIECES: usize = 8;
/// How often an object is tried.
const ATTEMPTS: usize = 4;
/// The first wait before it is tried again; doubled each time.
const PAUSE: Duration = Duration::from_millis(200);

/// Tries again what may pass.
pub(super) async fn again<T, F>(attempts: usize, mut call: impl FnMut() -> F) -> Result<T, ReadError>
where
    F: Future<Output = Result<T, ReadError>>,
{
    let mut pause = PAUSE;
    for _ in 1..attempts {
        match call().await {
            Err(ReadError::Retry(_)) => tokio::time::sleep(pause).await,
            other => return other,
        }
        pause *= 2;
    }
    call().await
}

/// Objects in the order in which they are read.
pub(super) struct Ahead<S> {
    s3: Arc<S>,
    waiting: VecDeque<(String, String)>,
    coming: VecDeque<Object>,
}

impl<S: ObjectSource> Ahead<S> {
    pub(super) fn new(s3: Arc<S>, sources: &[Source]) -> Self {
        let objects = sources.iter().filter_map(|source| match source {
            Source::Object { bucket, key } => Some((bucket.clone(), key.clone())),
            Source::Stdin | Source::File(_) => None,
        });
        Self { s3, waiting: objects.collect(), coming: VecDeque::new() }
    }

    /// The next one. What is left of the one before is not fetched.
    pub(super) fn next(&mut self) -> Object {
        while self.coming.len() < AHEAD
            && let Some((bucket, key)) = self.waiting.pop_front()
        {
            let (sender, pieces) = mpsc::channel(PIECES);
            tokio::spawn(fetch(Arc::clone(&self.s3), bucket, key, sender));
            self.coming.push_back(Object { pieces, piece: Bytes::new() });
        }
        self.coming.pop_front().unwrap_or_else(|| Object { pieces: mpsc::channel(1).1, piece: Bytes::new() })
    }
}

type Pieces = mpsc::Sender<Result<Bytes, ReadError>>;

/// Sends the bytes of an object. A transfer that was cut goes on where it was.
async fn fetch<S: ObjectSource>(s3: Arc<S>, bucket: String, key: String, pieces: Pieces) {
    let mut sent = 0;
    let mut pause = PAUSE;
    for attempt in 1.. {
        match send(s3.as_ref(), &bucket, &key, &mut sent, &pieces).await {
            Ok(()) => return,
            Err(ReadError::Retry(_)) if attempt < ATTEMPTS => tokio::time::sleep(pause).await,
            Err(error) => {
                // Whoever does not read any more needs no reason.
                let _ = pieces.send(Err(error)).await;
                return;
            }
        }
        pause *= 2;
    }
}

/// Sends what has not been sent before.
async fn send<S: ObjectSource>(
    s3: &S,
    bucket: &str,
    key: &str,
    sent: &mut u64,
    pieces: &Pieces,
) -> Result<(), ReadError> {
    let mut object = s3.get(bucket, key).await?;
    let mut got = 0_u64;
    while let Some(mut piece) = object.body.next().await? {
        let length = u64::try_from(piece.len()).unwrap_or_default();
        let known = usize::try_from(sent.saturating_sub(got)).unwrap_or(usize::MAX).min(piece.len());
        got += length;
        piece.advance(known);
        if piece.is_empty() {
            continue;
        }
        *sent = got;
        if pieces.send(Ok(piece)).await.is_err() {
            return Ok(());
        }
    }
    match object.size {
        Some(size) if got < size => Err(ReadError::Retry(format!("{got} of {size} bytes came"))),
        _ => Ok(()),
    }
}

/// One object. May be read where blocking is allowed only.
pub(super) struct Object {
    pieces: mpsc::Receiver<Result<Bytes, ReadError>>,
    piece: Bytes,
}

impl Read for Object {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                None => return Ok(0),
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(error)) => return Err(io::Error::other(error.to_string())),
            }
        }
        let length = self.piece.len().min(buffer.len());
        if let (Some(room), Some(bytes)) = (buffer.get_mut(..length), self.piece.get(..length)) {
            room.copy_from_slice(bytes);
        }
        self.piece.advance(length);
        Ok(length)
    }
}
