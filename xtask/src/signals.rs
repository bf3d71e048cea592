//! Ctrl-C and other requests to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use anyhow::{Context as _, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use test_cluster::{process, progress};

/// Requests to end, for who waits for one.
pub(crate) struct Requests {
    awaited: Arc<AtomicBool>,
    told: Receiver<()>,
}

impl Requests {
    /// Waits for a request; a second one ends the process at once.
    pub(crate) fn wait(&self) {
        self.awaited.store(true, Ordering::Relaxed);
        // It cannot fail: the thread that sends never ends.
        let _ = self.told.recv();
    }
}

/// From now on a request to end that nobody waits for stops every background process, then this one.
/// Folders are cleaned up by their janitors, the lab sees the end of its standard input.
/// `last_words` are for what is left.
pub(crate) fn stop_all_on_request(last_words: &'static str) -> Result<Requests> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot listen for signals")?;
    let awaited = Arc::new(AtomicBool::new(false));
    let (tell, told) = mpsc::channel();
    let requests = Requests { awaited: Arc::clone(&awaited), told };
    thread::spawn(move || {
        for signal in signals.forever() {
            progress::say("\nstopping ...");
            if awaited.swap(false, Ordering::Relaxed) {
                let _ = tell.send(());
                continue;
            }
            process::stop_all();
            if !last_words.is_empty() {
                progress::say(last_words);
            }
            std::process::exit(128 + signal);
        }
    });
    Ok(requests)
}
