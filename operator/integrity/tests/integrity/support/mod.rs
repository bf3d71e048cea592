//! What the tests share: objects in memory with troubles of their own, and signed chains made from a description.

pub mod chains;
pub mod memory;

use std::sync::Arc;

use parking_lot::Mutex;
use trail_operator_integrity::{
    Chain, Fault, FileKind, Hooks, Limits, Listener, Object, Outcome, Reason, Request, RunError, Selection,
    run,
};

use self::memory::Memory;

/// Every file that was judged, with what is wrong with it.
#[derive(Default)]
pub struct Files(pub Mutex<Vec<(String, Option<Fault>)>>);

impl Listener for Files {
    fn file(&self, _: FileKind, _: &Chain, object: &Object, fault: Option<&Fault>) {
        self.0.lock().push((object.to_string(), fault.cloned()));
    }
}

/// Limits that let no test wait long for what never comes.
pub fn impatient() -> Limits {
    use std::time::Duration;
    Limits { pause: Duration::from_millis(1), idle: Duration::from_millis(300), ..Limits::default() }
}

/// Runs on a runtime of several threads, as the product does.
pub fn verify(source: &Memory, request: Request) -> Outcome {
    try_verify(source, request, Hooks::default()).unwrap()
}

pub fn try_verify(source: &Memory, request: Request, hooks: Hooks) -> Result<Outcome, RunError> {
    block_on(run(source.clone(), request, hooks))
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    runtime.block_on(future)
}

/// Runs, and also gives every file that was judged, sorted.
pub fn verify_files(source: &Memory, request: Request) -> (Outcome, Vec<(String, Option<Fault>)>) {
    let files = Arc::new(Files::default());
    let listener: Arc<dyn Listener> = Arc::clone(&files) as _;
    let outcome =
        try_verify(source, request, Hooks { listener: Some(listener), ..Hooks::default() }).unwrap();
    let mut judged = std::mem::take(&mut *files.0.lock());
    judged.sort_by(|one, other| one.0.cmp(&other.0));
    (outcome, judged)
}

/// The reasons of what was found, in the report's order.
pub fn reasons(outcome: &Outcome) -> Vec<Reason> {
    outcome.report.findings.iter().map(|finding| finding.reason).collect()
}

/// What was found, and where.
pub fn found(outcome: &Outcome) -> Vec<(Reason, &str)> {
    let findings = outcome.report.findings.iter();
    findings.map(|finding| (finding.reason, finding.object.as_deref().unwrap_or_default())).collect()
}

/// Asks for one account and Region.
pub fn only(request: &mut Request, account: &str, region: &str) {
    request.accounts = Selection::Only(vec![account.to_owned()]);
    request.regions = Selection::Only(vec![region.to_owned()]);
}
