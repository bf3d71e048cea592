//! Both judges of one tree: what each calls valid and what invalid.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;

use test_lab::AwsCli;
use trail_operator_integrity::Report;

use crate::server::serve;
use crate::support::chains::World;
use crate::support::{only, verify_files};

/// So many run at a time: each is a Python of a second or two.
const SIDE_BY_SIDE: usize = 4;

/// A tree, and the chain whose account and Region are judged.
pub struct Tree {
    pub name: String,
    pub chain: usize,
    pub world: World,
}

/// What a judge said, by `s3://bucket/key`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sets {
    pub valid: BTreeSet<String>,
    pub invalid: BTreeSet<String>,
}

/// Both judgements of a tree.
pub struct Judged {
    pub name: String,
    pub aws: Sets,
    /// Its exit code.
    pub exit: Option<i32>,
    /// All that it said.
    pub said: String,
    pub ours: Sets,
    pub report: Report,
}

/// Has all trees judged, in any order.
pub fn judge_all(trees: Vec<Tree>) -> Vec<Judged> {
    let waiting = Mutex::new(trees);
    let judged = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let Some(tree) = waiting.lock().unwrap().pop() else { return };
                    let one = judge(tree);
                    judged.lock().unwrap().push(one);
                }
            });
        }
    });
    judged.into_inner().unwrap()
}

fn judge(Tree { name, chain, world }: Tree) -> Judged {
    let spec = world.chains[chain].spec.clone();
    let mut request = world.request();
    only(&mut request, &spec.account, &spec.region);
    // As the command asks.
    request.whole_window = true;
    let window = request.window;
    let (outcome, files) = verify_files(&world.memory, request);
    let mut ours = Sets::default();
    for (object, fault) in files {
        if fault.is_none() {
            ours.valid.insert(object)
        } else {
            ours.invalid.insert(object)
        };
    }
    let trail = world.trail.clone();
    let aws = AwsCli::at(&serve(world)).unwrap();
    let (start, end) = (window.start.to_string(), window.end.to_string());
    let args = [
        &["cloudtrail", "validate-logs", "--verbose", "--trail-arn", &trail.arn][..],
        // Without the option it takes the trail's home Region, whatever the environment says.
        &[
            "--start-time",
            &start,
            "--end-time",
            &end,
            "--account-id",
            &spec.account,
            "--region",
            &spec.region,
        ],
    ];
    let output = aws.command(&trail.account, &spec.region, &args.concat()).output().unwrap();
    let said = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat();
    Judged { name, aws: sets(&said), exit: output.status.code(), said, ours, report: outcome.report }
}

/// Reads lines like `(backfill) Digest file<TAB>s3://B/K<TAB>INVALID: not found`.
fn sets(said: &str) -> Sets {
    let mut sets = Sets::default();
    for line in said.lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        let [kind, object, result] = parts[..] else { continue };
        assert!(["Digest file", "Log file"].contains(&kind.trim_start_matches("(backfill) ")), "{line}");
        if result == "valid" {
            sets.valid.insert(object.to_owned());
        } else {
            assert!(result.starts_with("INVALID: "), "{line}");
            sets.invalid.insert(object.to_owned());
        }
    }
    sets
}
