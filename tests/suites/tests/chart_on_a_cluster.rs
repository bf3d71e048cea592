//! The chart on a real API server: what a release brings, and what it leaves alone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_cluster::{Cluster, NAMESPACE, RELEASE, chart, install_chart};

/// What the quick start types.
const QUICK_START: &[(&str, &str)] = &[
    ("defaultAccount.create", "true"),
    ("defaultAccount.accountId", "111122223333"),
    ("defaultAccount.allowedNamespaces.names", "{default}"),
];

/// Every definition, in the order of the chart's files.
const DEFINITIONS: [&str; 4] = [
    "awsaccounts.trail-operator.dev",
    "eventselectors.trail-operator.dev",
    "metricalarms.trail-operator.dev",
    "trails.trail-operator.dev",
];

#[test]
fn one_command_brings_definitions_operator_and_account() {
    let cluster = Cluster::start().unwrap();
    install_chart(&cluster, QUICK_START).unwrap();
    let account = cluster.kubectl_json(&["get", "awsaccounts.trail-operator.dev", "default"]).unwrap();
    let spec = json!({
        "accountId": "111122223333", "allowedNamespaces": {"names": ["default"]},
        // The schema's default.
        "guardrails": {"weakening": "Refuse"},
    });
    assert_eq!(account["spec"], spec);
    cluster.kubectl_json(&["get", "deployment", RELEASE, "--namespace", NAMESPACE]).unwrap();
    restricted_pod_security_admits_the_pod(&cluster).unwrap();

    // The same again, with another chart version: what changed in a definition arrives.
    assert!(changed(&cluster).unwrap().is_empty());
    upgrade_to(&cluster, &changed_chart(&cluster).unwrap()).unwrap();
    assert_eq!(changed(&cluster).unwrap(), DEFINITIONS);

    cluster.helm(&["uninstall", RELEASE, "--namespace", NAMESPACE]).unwrap();
    cluster.kubectl(&["get", "awsaccounts.trail-operator.dev", "default"]).unwrap();
    let gone = cluster.kubectl(&["get", "deployment", RELEASE, "--namespace", NAMESPACE]).unwrap_err();
    assert!(gone.to_string().contains("NotFound"), "{gone}");
    // And back again, over what was left.
    install_chart(&cluster, QUICK_START).unwrap();
}

#[test]
fn definitions_that_kubectl_applied_are_used_and_left_to_kubectl() {
    let cluster = Cluster::start().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crds").display().to_string();
    cluster.kubectl(&["apply", "--filename", &folder]).unwrap();
    install_chart(&cluster, QUICK_START).unwrap();

    let chart = changed_chart(&cluster).unwrap();
    let said = upgrade_to(&cluster, &chart).unwrap();
    assert!(said.contains(&format!("NOT UPGRADED: {}", DEFINITIONS.join(", "))), "{said}");
    assert!(changed(&cluster).unwrap().is_empty());

    // What the notes tell people to do.
    let definitions = cluster.helm(&["show", "crds", &chart.display().to_string()]).unwrap();
    let file = cluster.folder().join("definitions.yaml");
    fs::write(&file, definitions).unwrap();
    let apply = ["apply", "--server-side", "--force-conflicts", "--filename", &file.display().to_string()];
    cluster.kubectl(&apply).unwrap();
    assert_eq!(changed(&cluster).unwrap(), DEFINITIONS);
}

#[test]
fn with_namespaces_to_watch_the_operator_reaches_the_trails_of_no_other() {
    let cluster = Cluster::start().unwrap();
    for namespace in ["audit", "security"] {
        cluster.kubectl(&["create", "namespace", namespace]).unwrap();
    }
    install_chart(&cluster, &[("watchNamespaces", "{audit,security}")]).unwrap();
    let table = [
        ("list trails.trail-operator.dev --namespace audit", true),
        ("watch trails.trail-operator.dev --namespace security", true),
        ("patch trails.trail-operator.dev --subresource=status --namespace audit", true),
        ("list eventselectors.trail-operator.dev --namespace audit", true),
        ("list metricalarms.trail-operator.dev --namespace audit", true),
        ("patch metricalarms.trail-operator.dev --namespace security", true),
        ("update metricalarms.trail-operator.dev --namespace audit", false),
        ("watch eventselectors.trail-operator.dev --namespace security", true),
        ("patch eventselectors.trail-operator.dev --subresource=status --namespace audit", true),
        ("patch eventselectors.trail-operator.dev --namespace audit", false),
        ("list eventselectors.trail-operator.dev --namespace default", false),
        ("list trails.trail-operator.dev --namespace default", false),
        ("list trails.trail-operator.dev --all-namespaces", false),
        ("update trails.trail-operator.dev --namespace audit", false),
        ("patch awsaccounts.trail-operator.dev", true),
        ("list namespaces", true),
        ("get customresourcedefinitions/trails.trail-operator.dev", true),
        ("get customresourcedefinitions/eventselectors.trail-operator.dev", true),
        ("get customresourcedefinitions/metricalarms.trail-operator.dev", true),
        ("get customresourcedefinitions/awsaccounts.trail-operator.dev", false),
        ("get secrets --namespace audit", false),
    ];
    let operator = format!("--as=system:serviceaccount:{NAMESPACE}:{RELEASE}");
    for (question, expected) in table {
        let args: Vec<_> =
            ["auth", "can-i"].into_iter().chain(question.split(' ')).chain([&*operator]).collect();
        // A `no` is told by the exit code too.
        let said = String::from_utf8(cluster.kubectl_output(&args).unwrap().stdout).unwrap();
        assert_eq!(said.trim(), if expected { "yes" } else { "no" }, "{question}");
    }
}

/// As the kubelet would see it: a Pod from the Deployment's template, in a namespace that enforces `restricted`.
fn restricted_pod_security_admits_the_pod(cluster: &Cluster) -> Result<()> {
    let enforce = "pod-security.kubernetes.io/enforce=restricted";
    cluster.kubectl(&["label", "namespace", NAMESPACE, enforce])?;
    let deployment = cluster.kubectl_json(&["get", "deployment", RELEASE, "--namespace", NAMESPACE])?;
    let mut pod = deployment["spec"]["template"].clone();
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = "operator".into();
    pod["metadata"]["namespace"] = NAMESPACE.into();
    create_dry_run(cluster, &pod).context("a restricted namespace refuses the chart's Pod")?;

    pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = true.into();
    let refused = create_dry_run(cluster, &pod).err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(refused.contains("violates PodSecurity"), "nothing was enforced: {refused}");
    Ok(())
}

fn create_dry_run(cluster: &Cluster, object: &Value) -> Result<String> {
    let file = cluster.folder().join("pod.json");
    fs::write(&file, object.to_string())?;
    cluster.kubectl(&["create", "--dry-run=server", "--filename", &file.display().to_string()])
}

/// A copy of the chart in which each definition says something else.
fn changed_chart(cluster: &Cluster) -> Result<PathBuf> {
    let copy = cluster.folder().join("changed-chart");
    copy_folder(&chart::folder(), &copy)?;
    for definition in DEFINITIONS {
        let path = copy.join("crds").join(definition).with_added_extension("yaml");
        let text = fs::read_to_string(&path)?;
        let changed = text.replacen("description: \"", "description: \"Changed: ", 1);
        ensure!(changed != text, "{definition}: the description reads otherwise now");
        fs::write(&path, changed)?;
    }
    Ok(copy)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn upgrade_to(cluster: &Cluster, chart: &Path) -> Result<String> {
    let chart = chart.display().to_string();
    cluster.helm(&["upgrade", RELEASE, &chart, "--namespace", NAMESPACE, "--reuse-values"])
}

/// The definitions that are those of the changed chart.
fn changed(cluster: &Cluster) -> Result<Vec<&'static str>> {
    let mut changed = Vec::new();
    for definition in DEFINITIONS {
        let crd = cluster.kubectl_json(&["get", "crd", definition])?;
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        let description = schema["description"].as_str().context("the definition has no description")?;
        if description.starts_with("Changed: ") {
            changed.push(definition);
        }
    }
    Ok(changed)
}
