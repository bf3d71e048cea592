//! Who sees the log files, and is told which of them were verified.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::json;
use trail_operator_integrity::{Chain, Hooks, LogFileObserver, Object, Observer, Reason, content};

use crate::support::chains::{HOURS, World};
use crate::support::memory::gzip;
use crate::support::{reasons, try_verify};

/// Names and bytes.
type Files = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

#[derive(Default)]
struct Seen {
    files: Files,
    begun: Mutex<Vec<String>>,
}

struct File {
    name: String,
    raw: Vec<u8>,
    files: Files,
}

impl Observer for Seen {
    fn log_file(&self, _: &Chain, object: &Object) -> Box<dyn LogFileObserver> {
        self.begun.lock().push(object.to_string());
        Box::new(File { name: object.to_string(), raw: Vec::new(), files: self.files.clone() })
    }
}

impl LogFileObserver for File {
    fn piece(&mut self, raw: &[u8]) {
        self.raw.extend_from_slice(raw);
    }

    fn verified(self: Box<Self>) {
        self.files.lock().push((self.name, self.raw));
    }
}

#[test]
fn an_observer_sees_every_verified_log_file_once_and_no_other() {
    let world = World::new();
    let changed = world.chains[0].digests[2].logs[0].clone();
    world.memory.edit(&changed, |stored| stored.body = gzip(b"{}"));
    let seen = Arc::new(Seen::default());
    let observer: Arc<dyn Observer> = Arc::clone(&seen) as _;
    let mut request = world.request();
    // Nothing is too large to be seen.
    request.limits.large_file = 2 << 20;
    let world = enlarged(world, [3 << 20, 3 << 19]);
    let outcome =
        try_verify(&world.memory, request, Hooks { observer: Some(observer), ..Hooks::default() }).unwrap();
    assert_eq!(reasons(&outcome), [Reason::LogFileModified]);
    let files = seen.files.lock();
    assert_eq!(files.len(), 8 * HOURS - 1);
    let begun = seen.begun.lock();
    assert_eq!(begun.iter().filter(|object| **object == changed.to_string()).count(), 2, "it is read again");
    assert_eq!(begun.len(), 8 * HOURS + 1);
    assert!(!files.iter().any(|(object, _)| *object == changed.to_string()));
    for (object, raw) in files.iter() {
        let key = object.strip_prefix("s3://logs/").unwrap();
        let stored = world.memory.get_of(&Object { bucket: "logs".to_owned(), key: key.to_owned() });
        assert_eq!(*raw, content::read(&stored.body, 1 << 30).unwrap().1);
    }
}

/// Makes the log files of one digest of the second Region that large, signed.
fn enlarged(mut world: World, sizes: [usize; 2]) -> World {
    let logs = world.chains[1].digests[3].logs.clone();
    let bodies = sizes.map(|size| vec![b'x'; size]);
    let chain = world.chains[1].spec.clone();
    for made in &world.chains[1].digests {
        world.memory.remove(&made.object);
    }
    let hashes = bodies.clone().map(|body| hex::encode(content::sha256(&body)));
    world.chains[1] = world.make(chain, HOURS, &|at, document| {
        if at == 3 {
            document["logFiles"][0]["hashValue"] = json!(hashes[0]);
            document["logFiles"][1]["hashValue"] = json!(hashes[1]);
        }
    });
    for (log, body) in logs.iter().zip(bodies) {
        world.memory.edit(log, |stored| stored.body = gzip(&body));
    }
    world
}
