//! Whatever happens to EventSelectors, in whatever order: management events are never narrowed, and no object that is
//! there and was recorded is dropped.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_cluster::{Overrides, wait_for};
use test_suites::stage::{PATIENCE, Place, Stage, condition};

use crate::composing::{apply, objects};
use crate::place;

const MANAGEMENT: &str = "Management events selector";
const NAMESPACES: [&str; 2] = ["default", "team"];
const STEPS: usize = 40;

/// Objects by namespace and name.
type Objects = BTreeSet<(String, String)>;

struct Churn {
    stage: Stage,
    at: Place<'static>,
    rng: fastrand::Rng,
    /// Objects that there are.
    there: Objects,
    /// Those of them that were seen to be recorded: none of these may be missing in AWS.
    recorded: Objects,
    told: Vec<String>,
}

#[test]
fn whatever_happens_no_live_selector_is_dropped_and_management_events_stay() -> Result<()> {
    let seed = std::env::var("CHURN_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_122);
    let stage = Stage::start()?;
    let at = place("churned", "eu-central-1");
    stage.make_bucket(at)?;
    stage.apply_trail(at, |spec| spec["eventSelectorsFrom"] = json!({"namespaces": "All"}))?;
    stage.wait_ready(at)?;
    stage.namespace("team")?;
    let mut churn = Churn {
        stage,
        at,
        rng: fastrand::Rng::with_seed(seed),
        there: Objects::new(),
        recorded: Objects::new(),
        told: vec![],
    };
    for _ in 0..STEPS {
        let step = churn.step();
        step.and_then(|()| churn.look()).with_context(|| format!("seed {seed}: {:#?}", churn.told))?;
    }
    let settled = churn.settle();
    settled.with_context(|| format!("seed {seed}: {:#?}", churn.told))
}

impl Churn {
    fn step(&mut self) -> Result<()> {
        match self.rng.u8(0..20) {
            0..9 => self.put(),
            9..13 => self.delete(),
            13..15 => self.break_one(),
            15 => self.delete_namespace(),
            16 => self.restart(),
            17 => self.swap_by_hand(),
            _ => self.wait_for_one(),
        }
    }

    fn any(&mut self) -> (String, String) {
        let namespace = self.rng.choice(NAMESPACES).unwrap_or("default");
        (namespace.to_owned(), format!("s{}", self.rng.u8(0..5)))
    }

    fn object(&self, (namespace, name): &(String, String)) -> Value {
        let at = Place { namespace, ..self.at };
        let mut object = objects(at, &format!("{namespace}-{name}"));
        object["metadata"]["name"] = name.as_str().into();
        object["spec"]["trailRef"]["namespace"] = self.at.namespace.into();
        object
    }

    /// Makes one, or edits it.
    fn put(&mut self) -> Result<()> {
        let key = self.any();
        let mut object = self.object(&key);
        let beginning = format!("arn:aws:s3:::{}-{}/{}", key.0, key.1, self.rng.u8(..));
        object["spec"]["advanced"][0]["fieldSelectors"][3]["startsWith"] = json!([beginning]);
        object["spec"]["priority"] = self.rng.u8(..).into();
        self.told.push(format!("put {key:?}"));
        apply(&self.stage, &object)?;
        self.there.insert(key);
        Ok(())
    }

    fn delete(&mut self) -> Result<()> {
        let key = self.any();
        self.told.push(format!("delete {key:?}"));
        // Before, since from then on it may go.
        self.recorded.remove(&key);
        self.there.remove(&key);
        let (namespace, name) = &key;
        let args = ["delete", "eventselector", name, "-n", namespace, "--ignore-not-found"];
        self.stage.cluster.kubectl(&args).map(drop)
    }

    /// An edit that cannot be accepted.
    fn break_one(&mut self) -> Result<()> {
        let Some(key) = self.rng.choice(self.there.clone()) else { return Ok(()) };
        self.told.push(format!("break {key:?}"));
        let mut object = self.object(&key);
        object["spec"]["advanced"][0]["fieldSelectors"][3]["startsWith"] = json!(["arn:aws:s3:::any*"]);
        apply(&self.stage, &object)
    }

    fn delete_namespace(&mut self) -> Result<()> {
        self.told.push("delete namespace team, and make it again".to_owned());
        self.recorded.retain(|(namespace, _)| namespace != "team");
        self.there.retain(|(namespace, _)| namespace != "team");
        self.stage.cluster.kubectl(&["delete", "namespace", "team"])?;
        self.stage.namespace("team")
    }

    fn restart(&mut self) -> Result<()> {
        self.told.push("restart".to_owned());
        self.stage.operator()?.terminate()?;
        self.stage.operator = Some(self.stage.run_operator(&Overrides::default())?);
        Ok(())
    }

    /// Others add one. What they take away is told elsewhere, since it is missing until the next look.
    fn swap_by_hand(&mut self) -> Result<()> {
        self.told.push("others add a selector".to_owned());
        let mut now = self.in_aws()?;
        let theirs = json!({"Name": "theirs", "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::Lambda::Function"]},
        ]});
        now.retain(|one| one["Name"] != "theirs");
        if now.is_empty() {
            now.push(json!({"Name": MANAGEMENT, "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}));
        }
        now.push(theirs);
        let params = json!({"TrailName": self.at.name, "AdvancedEventSelectors": now});
        self.stage.aws(self.at, "cloudtrail", "PutEventSelectors", &params)?;
        // What was put meanwhile may have been overwritten, and comes back with the next look.
        self.stage.look(self.at).map(drop)
    }

    fn wait_for_one(&mut self) -> Result<()> {
        let Some(key) = self.rng.choice(self.there.clone()) else { return Ok(()) };
        self.told.push(format!("wait for {key:?}"));
        wait_for(&format!("{key:?} to be judged"), PATIENCE, || {
            let object = self.get(&key)?;
            let applied = condition(&object, "Applied");
            ensure!(applied["observedGeneration"] == object["metadata"]["generation"], "it is {applied}");
            ensure!(applied["reason"] != "Progressing", "it is {applied}");
            Ok(())
        })
    }

    fn get(&self, (namespace, name): &(String, String)) -> Result<Value> {
        let path = format!("/apis/trail-operator.dev/v1alpha1/namespaces/{namespace}/eventselectors/{name}");
        Ok(serde_json::from_str(&self.stage.cluster.raw(&path)?)?)
    }

    /// The advanced selectors; none where AWS has its default.
    fn in_aws(&self) -> Result<Vec<Value>> {
        let answer = self.stage.aws(
            self.at,
            "cloudtrail",
            "GetEventSelectors",
            &json!({"TrailName": self.at.name}),
        )?;
        Ok(answer["AdvancedEventSelectors"].as_array().cloned().unwrap_or_default())
    }

    /// What must hold at every moment.
    fn look(&mut self) -> Result<()> {
        for key in self.there.clone() {
            let object = self.get(&key)?;
            if condition(&object, "Applied")["status"] == "True" {
                self.recorded.insert(key);
            }
        }
        let selectors = self.in_aws()?;
        let names: Vec<_> = selectors.iter().map(|one| one["Name"].as_str().unwrap_or_default()).collect();
        if !selectors.is_empty() {
            let management =
                selectors.iter().find(|one| one["Name"] == MANAGEMENT).context("no management events")?;
            let fields = management["FieldSelectors"].as_array().map(Vec::len);
            ensure!(fields == Some(1), "management events are narrowed: {management}");
        }
        for (namespace, name) in &self.recorded {
            let name = format!("{namespace}-{name}");
            ensure!(names.contains(&name.as_str()), "{name} is there, and AWS has {names:?}");
        }
        Ok(())
    }

    /// In the end AWS has those that there are, and nothing else.
    fn settle(&mut self) -> Result<()> {
        for key in self.there.clone() {
            apply(&self.stage, &self.object(&key))?;
        }
        let mut wanted: BTreeSet<_> =
            self.there.iter().map(|(namespace, name)| format!("{namespace}-{name}")).collect();
        if !wanted.is_empty() {
            wanted.insert(MANAGEMENT.to_owned());
        }
        wait_for(&format!("AWS to have {wanted:?}"), Duration::from_secs(100), || {
            self.look()?;
            let selectors = self.in_aws()?;
            let names: BTreeSet<_> =
                selectors.iter().map(|one| one["Name"].as_str().unwrap_or_default().to_owned()).collect();
            ensure!(names == wanted, "AWS has {names:?}");
            Ok(())
        })
    }
}
