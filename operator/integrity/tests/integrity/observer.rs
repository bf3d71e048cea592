//! Who sees the log files that were verified.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::json;
use trail_operator_integrity::{Chain, Hooks, Object, Observer, Reason, content};

use crate::support::chains::{HOURS, World};
use crate::support::memory::gzip;
use crate::support::{reasons, try_verify};

#[derive(Default)]
struct Seen {
    files: Mutex<Vec<(String, Vec<u8>)>>,
    large: Mutex<Vec<String>>,
}

impl Observer for Seen {
    fn log_file(&self, _: &Chain, object: &Object, raw: &[u8]) {
        self.files.lock().push((object.to_string(), raw.to_vec()));
    }

    fn too_large(&self, _: &Chain, object: &Object) {
        self.large.lock().push(object.to_string());
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
    request.limits.large_file = 2 << 20;
    // One larger than what is held at all, one larger than what is held for many at once.
    let world = enlarged(world, [3 << 20, 3 << 19]);
    let outcome =
        try_verify(&world.memory, request, Hooks { observer: Some(observer), ..Hooks::default() }).unwrap();
    assert_eq!(reasons(&outcome), [Reason::LogFileModified]);
    let files = seen.files.lock();
    let large = seen.large.lock();
    assert_eq!(files.len() + large.len(), 8 * HOURS - 1);
    assert_eq!(large.len(), 1, "{large:?}");
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
