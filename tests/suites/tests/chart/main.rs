//! What the chart promises, as real Helm renders it.

mod rights;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use test_cluster::{RELEASE, chart};
use test_suites::helm::{Rendered, chart_file, lint, refusal};

/// A value for everything that is empty or off by default.
const EVERYTHING: &[&str] = &[
    "--set-string=defaultAccount.accountId=011122223333,defaultAccount.externalId=0123456789012345678",
    "--set=defaultAccount.create=true,defaultAccount.roleArn=arn:aws:iam::011122223333:role/operator",
    "--set=defaultAccount.allowedNamespaces.names={security}",
    "--set-json=defaultAccount.allowedNamespaces.selector={\"matchLabels\":{\"team\":\"security\"}}",
    "--set=defaultAccount.allowedRegions={eu-central-1},defaultAccount.guardrails.weakening=Allow",
    "--set-json=defaultAccount.guardrails.breakGlass={\"until\":\"2026-12-01T12:00:00Z\",\"reason\":\"move\"}",
    "--set=defaultAccount.allowedResources.buckets={audit-*},defaultAccount.allowedResources.kmsKeyArns={arn:aws:kms:*}",
    "--set=defaultAccount.allowedResources.topicArns={*},defaultAccount.allowedResources.roleArns={arn:aws:iam::*}",
    "--set=watchNamespaces={audit,security},readOnly=true",
    "--set=aws.region=eu-central-1,aws.endpointUrl=http://127.0.0.1:4566",
    "--set=cost.intervalSeconds=0,cost.priceRefresh=true,cost.prices.discounts[0].service=AmazonS3,cost.prices.discounts[0].percent=12",
    "--set=clusterId=blue,replicas=2,priorityClassName=system-cluster-critical",
    "--set=extraArgs={--pod-namespace=audit}",
    "--set-json=extraEnv=[{\"name\":\"HTTPS_PROXY\",\"value\":\"http://proxy:3128\"}]",
    "--set=imagePullSecrets[0].name=my-registry,metrics.service.enabled=true",
    "--set=rbac.aggregateToEdit=true,podLabels.tier=audit,podAnnotations.note=x,commonLabels.team=security",
    "--set=nodeSelector.disk=ssd,tolerations[0].operator=Exists,serviceAccount.annotations.note=x",
    "--set-json=affinity={\"podAntiAffinity\":{}}",
    "--set-json=topologySpreadConstraints=[{\"maxSkew\":1,\"topologyKey\":\"zone\",\"whenUnsatisfiable\":\"ScheduleAnyway\"}]",
];

#[test]
fn it_lints_with_no_values_and_with_all() {
    for flags in [&[][..], EVERYTHING] {
        let said = lint(flags).unwrap();
        assert!(said.contains("1 chart(s) linted, 0 chart(s) failed"), "{said}");
    }
}

#[test]
fn the_version_is_the_operators() {
    let chart = chart_file("Chart.yaml").unwrap();
    assert_eq!(chart["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn its_definitions_are_the_generated_ones() {
    let files = |folder: &Path| {
        let paths = yaml_paths(folder)?;
        let read = |path: &PathBuf| Ok((path.file_name().map(ToOwned::to_owned), fs::read_to_string(path)?));
        paths.iter().map(read).collect::<Result<Vec<_>>>()
    };
    let generated = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crds")).unwrap();
    assert!(!generated.is_empty());
    let stale = "charts/trail-operator/crds is not a copy of crds; run `cargo xtask crds`";
    assert!(files(&chart::folder().join("crds")).unwrap() == generated, "{stale}");
}

#[test]
fn artifact_hub_is_told_the_kinds_there_are() {
    let chart = chart_file("Chart.yaml").unwrap();
    let told: Vec<Value> =
        serde_saphyr::from_str(chart["annotations"]["artifacthub.io/crds"].as_str().unwrap()).unwrap();
    let told: BTreeSet<_> =
        told.iter().map(|kind| (text(&kind["name"]), text(&kind["kind"]), text(&kind["version"]))).collect();
    let there: BTreeSet<_> = yaml_paths(&chart::folder().join("crds"))
        .unwrap()
        .iter()
        .map(|path| {
            let crd: Value = serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap();
            let spec = &crd["spec"];
            (text(&crd["metadata"]["name"]), text(&spec["names"]["kind"]), text(&spec["versions"][0]["name"]))
        })
        .collect();
    assert_eq!(told, there);
}

#[test]
fn every_value_is_in_the_schema_and_every_schema_entry_is_a_value() {
    let values = chart_file("values.yaml").unwrap();
    let schema = chart_file("values.schema.json").unwrap();
    let mut seen = 0;
    compare_with_schema("", &values, &schema, &mut seen);
    assert!(seen > 40, "only {seen} values were compared");
}

/// Objects that the schema leaves open are the user's: nothing is compared in them.
fn compare_with_schema(path: &str, value: &Value, schema: &Value, seen: &mut usize) {
    let (Some(values), Some(properties)) = (value.as_object(), schema["properties"].as_object()) else {
        return;
    };
    assert_eq!(schema["additionalProperties"], false, "values at '{path}' are not closed");
    // Helm's own, for charts that have this one as a part.
    let known: BTreeSet<_> = properties.keys().filter(|name| !path.is_empty() || *name != "global").collect();
    let parts = ["/defaultAccount/allowedNamespaces/selector", "/defaultAccount/guardrails/breakGlass"];
    assert!(
        parts.contains(&path) || values.keys().collect::<BTreeSet<_>>() == known,
        "at '{path}': {values:?} {known:?}"
    );
    for (name, value) in values {
        *seen += 1;
        compare_with_schema(&format!("{path}/{name}"), value, &properties[name], seen);
    }
}

#[test]
fn every_value_is_explained() {
    let text = fs::read_to_string(chart::folder().join("values.yaml")).unwrap();
    let schema = chart_file("values.schema.json").unwrap();
    // These are named and shaped as in a Pod.
    let kubernetes: BTreeSet<_> = [
        "resources",
        "podAnnotations",
        "podLabels",
        "nodeSelector",
        "tolerations",
        "affinity",
        "topologySpreadConstraints",
        "priorityClassName",
    ]
    .into();
    for name in schema["properties"].as_object().unwrap().keys().filter(|name| *name != "global") {
        let block = text.split(&format!("\n{name}:")).collect::<Vec<_>>();
        let [before, after] = block.as_slice() else { panic!("{name} is not in values.yaml once") };
        let above = before.lines().last().is_some_and(|line| line.starts_with('#'));
        let inside =
            after.lines().skip(1).take_while(|line| line.starts_with(' ')).any(|line| line.contains('#'));
        assert!(
            above || inside || kubernetes.contains(name.as_str()),
            "{name} has no comment in values.yaml"
        );
    }
}

#[test]
fn an_unknown_value_is_refused_by_name() {
    let said = refusal(&["--set=defaultAccount.acountId=1"]).unwrap();
    assert!(said.contains("at '/defaultAccount': additional properties 'acountId' not allowed"), "{said}");
}

#[test]
fn a_wrong_account_id_is_refused_with_what_to_do() {
    let file = |yaml: &str| -> Result<String> {
        let folder = test_cluster::scratch::ScratchDir::new()?;
        let path = folder.path().join("values.yaml");
        fs::write(&path, format!("defaultAccount: {{create: true, accountId: {yaml}}}"))?;
        refusal(&["--values", &path.display().to_string()])
    };
    for (said, expected) in [
        (refusal(&["--set=defaultAccount.create=true"]), "must name the AWS account: 12 digits"),
        (file("012345678901"), "is the number 12345678901: YAML reads unquoted digits as a number"),
        (file("'1111-2222-3333'"), "12 digits, but is '1111-2222-3333'"),
        (file("'11112222333'"), "12 digits, but is '11112222333'"),
    ] {
        let said = said.unwrap();
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn an_account_id_of_twelve_digits_survives_every_way_to_give_it() {
    let flags =
        ["--set=defaultAccount.accountId=111122223333", "--set-string=defaultAccount.accountId=111122223333"];
    for flag in flags {
        let rendered = Rendered::new(&[flag, "--set=defaultAccount.create=true"]).unwrap();
        assert_eq!(
            rendered.get("AwsAccount", "default").unwrap()["spec"],
            json!({"accountId": "111122223333"})
        );
    }
    let zero = ["--set=defaultAccount.accountId=011122223333", "--set=defaultAccount.create=true"];
    let rendered = Rendered::new(&zero).unwrap();
    assert_eq!(rendered.get("AwsAccount", "default").unwrap()["spec"], json!({"accountId": "011122223333"}));
}

#[test]
fn the_default_account_is_made_on_request_and_outlives_the_release() {
    assert!(Rendered::new(&[]).unwrap().all("AwsAccount").is_empty());
    let rendered = Rendered::new(EVERYTHING).unwrap();
    let account = rendered.get("AwsAccount", "default").unwrap();
    assert_eq!(account["metadata"]["annotations"]["helm.sh/resource-policy"], "keep");
    let spec = json!({
        "accountId": "011122223333",
        "roleArn": "arn:aws:iam::011122223333:role/operator",
        "externalId": "0123456789012345678",
        "allowedNamespaces": {"names": ["security"], "selector": {"matchLabels": {"team": "security"}}},
        "allowedRegions": ["eu-central-1"],
        "allowedResources": {
            "buckets": ["audit-*"], "kmsKeyArns": ["arn:aws:kms:*"], "topicArns": ["*"], "roleArns": ["arn:aws:iam::*"],
        },
        "guardrails": {
            "weakening": "Allow", "breakGlass": {"until": "2026-12-01T12:00:00Z", "reason": "move"},
        },
    });
    assert_eq!(account["spec"], spec);
    // Whatever the account can say, the chart can.
    let crd = chart_file("crds/awsaccounts.trail-operator.dev.yaml").unwrap();
    let fields = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
    let names = |object: &Value| object.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&spec), names(fields));
}

#[test]
fn a_half_said_account_is_refused_before_anything_is_installed() {
    for (flag, expected) in [
        ("--set=defaultAccount.externalId=77", "defaultAccount.externalId must be a text: put it in quotes"),
        ("--set-string=defaultAccount.externalId=blue", "defaultAccount.externalId belongs to a role"),
        ("--set=defaultAccount.roleArn=trail-operator", "at '/defaultAccount/roleArn'"),
        (
            "--set=defaultAccount.guardrails.breakGlass.reason=move",
            "at '/defaultAccount/guardrails/breakGlass'",
        ),
        ("--set=defaultAccount.guardrails.weakening=Warn", "at '/defaultAccount/guardrails/weakening'"),
        ("--set=watchNamespaces={Security}", "at '/watchNamespaces/0'"),
    ] {
        let account =
            ["--set=defaultAccount.create=true", "--set-string=defaultAccount.accountId=111122223333"];
        let said = refusal(&[&account[..], &[flag]].concat()).unwrap();
        assert!(said.contains(expected), "{flag}: {said}");
    }
}

#[test]
fn the_image_is_the_version_a_tag_or_a_digest() {
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let image = |flags: &[&str]| Ok::<_, anyhow::Error>(text(&Rendered::new(flags)?.container()?["image"]));
    assert_eq!(image(&[]).unwrap(), format!("trail-operator:{}", env!("CARGO_PKG_VERSION")));
    assert_eq!(image(&["--set=image.repository=r/o,image.tag=v1"]).unwrap(), "r/o:v1");
    let pinned = format!("--set=image.digest={digest}");
    assert_eq!(
        image(&["--set=image.repository=r/o,image.tag=v1", &pinned]).unwrap(),
        format!("r/o@{digest}")
    );
    let said = refusal(&["--set=image.digest=latest"]).unwrap();
    assert!(said.contains("/image/digest"), "{said}");
}

#[test]
fn in_a_pod_everybody_can_reach_the_probes() {
    let rendered = Rendered::new(&[]).unwrap();
    let args = rendered.container().unwrap()["args"].to_string();
    assert!(args.contains("--health-address=0.0.0.0:8081"), "a kubelet asks the Pod's address: {args}");
    assert!(args.contains("--metrics-address=0.0.0.0:8080"), "{args}");
}

#[test]
fn the_probes_ask_where_the_operator_answers() {
    let flags =
        ["--set=listenAddress=[::],ports.metrics=9000,ports.health=9001,metrics.service.enabled=true"];
    let rendered = Rendered::new(&flags).unwrap();
    let container = rendered.container().unwrap();
    let args = &container["args"];
    assert_eq!(args[0], "run");
    assert_eq!(args[1], "--metrics-address=[::]:9000");
    assert_eq!(args[2], "--health-address=[::]:9001");
    let ports =
        json!([{"name": "metrics", "containerPort": 9000}, {"name": "health", "containerPort": 9001}]);
    assert_eq!(container["ports"], ports);
    let probe = |path: &str| json!({"path": path, "port": "health"});
    assert_eq!(container["livenessProbe"]["httpGet"], probe("/livez"));
    assert_eq!(container["readinessProbe"]["httpGet"], probe("/readyz"));
    let service = rendered.get("Service", "trail-operator-metrics").unwrap();
    assert_eq!(service["spec"]["ports"], json!([{"name": "metrics", "port": 9000, "targetPort": "metrics"}]));
    let selector = &rendered.get("Deployment", RELEASE).unwrap()["spec"]["selector"]["matchLabels"];
    assert_eq!(&service["spec"]["selector"], selector);
}

#[test]
fn arguments_and_environment_are_what_the_values_say() {
    let field = |path: &str| json!({"fieldRef": {"fieldPath": path}});
    let pod = [
        json!({"name": "POD_NAME", "valueFrom": field("metadata.name")}),
        json!({"name": "POD_NAMESPACE", "valueFrom": field("metadata.namespace")}),
    ];
    let plain = Rendered::new(&[]).unwrap();
    assert_eq!(plain.container().unwrap()["env"], json!(pod));
    let rest = ["--log-format=json", "--log-level=info", "--leader-election=true", "--cost-interval=3600"];
    assert_eq!(plain.container().unwrap()["args"].as_array().unwrap()[3..], rest.map(Value::from));

    let full = Rendered::new(EVERYTHING).unwrap();
    let set = [
        json!({"name": "AWS_REGION", "value": "eu-central-1"}),
        json!({"name": "AWS_ENDPOINT_URL", "value": "http://127.0.0.1:4566"}),
        json!({"name": "HTTPS_PROXY", "value": "http://proxy:3128"}),
    ];
    assert_eq!(full.container().unwrap()["env"], json!([&pod[..], &set].concat()));
    let rest = [
        "--log-format=json",
        "--log-level=info",
        "--leader-election=true",
        "--cluster-id=blue",
        "--watch-namespaces=audit,security",
        "--read-only",
        "--cost-interval=0",
        "--prices=/etc/trail-operator/prices.json",
        "--price-refresh",
        "--pod-namespace=audit",
    ];
    assert_eq!(full.container().unwrap()["args"].as_array().unwrap()[3..], rest.map(Value::from));
}

#[test]
fn prices_reach_the_operator_and_new_ones_restart_it() {
    let pod = |flags: &[&str]| {
        let rendered = Rendered::new(flags)?;
        let map = rendered.all("ConfigMap").first().map(|map| map["data"]["prices.json"].clone());
        Ok::<_, anyhow::Error>((rendered.get("Deployment", RELEASE)?["spec"]["template"].clone(), map))
    };
    let (none, map) = pod(&[]).unwrap();
    assert_eq!(map, None);
    assert_eq!(none["spec"].get("volumes"), None);

    let percent = |percent: u8| {
        let discounts = json!({"discounts": [{"service": "AmazonS3", "percent": percent}]});
        let (pod, map) = pod(&[&format!("--set-json=cost.prices={discounts}")])?;
        let map = map.context("no ConfigMap")?;
        let text = discounts.to_string();
        anyhow::ensure!(map == text, "{map}");
        Ok::<_, anyhow::Error>(pod)
    };
    let (some, others) = (percent(12).unwrap(), percent(13).unwrap());
    let place = json!([{"name": "prices", "mountPath": "/etc/trail-operator", "readOnly": true}]);
    assert_eq!(some["spec"]["containers"][0]["volumeMounts"], place);
    assert_eq!(some["spec"]["volumes"][0]["configMap"]["name"], "trail-operator-prices");
    assert_ne!(some["metadata"]["annotations"], others["metadata"]["annotations"]);
}

#[test]
fn without_a_lease_there_is_never_a_second_operator() {
    let strategy = |flags: &[&str]| {
        let rendered = Rendered::new(flags)?;
        Ok::<_, anyhow::Error>(rendered.get("Deployment", RELEASE)?["spec"]["strategy"].clone())
    };
    let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}});
    assert_eq!(strategy(&[]).unwrap(), rolling);
    let off = "--set=leaderElection.enabled=false";
    assert_eq!(strategy(&[off]).unwrap(), json!({"type": "Recreate"}));
    let said = refusal(&[off, "--set=replicas=2"]).unwrap();
    assert!(said.contains("replicas is 2 but leaderElection.enabled is false"), "{said}");
}

#[test]
fn labels_of_the_user_reach_every_object() {
    for object in ["Deployment", "ServiceAccount", "ClusterRole", "AwsAccount", "Service", "Role"] {
        let rendered = Rendered::new(EVERYTHING).unwrap();
        let objects = rendered.all(object);
        assert!(!objects.is_empty(), "{object}");
        for found in objects {
            assert_eq!(found["metadata"]["labels"]["team"], "security", "{object}");
        }
    }
}

fn yaml_paths(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    Ok(paths)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
