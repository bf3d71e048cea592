//! A Deployment's container runs as its manifest says. The program it runs is this very test binary, which then is a
//! small HTTP server.
#![allow(clippy::expect_used, reason = "a test may stop at the first surprise, in its helpers too")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use test_cluster::{Cluster, Overrides, RunningOperator, run_deployment, wait_for};

const SECONDS: fn(u64) -> Duration = Duration::from_secs;

const MANIFEST: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: "@NS@"}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: server, namespace: "@NS@"}
---
apiVersion: v1
kind: Secret
metadata: {name: words, namespace: "@NS@"}
stringData: {password: open sesame}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: "@NS@"}
data: {colour: blue}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: server, namespace: "@NS@"}
spec:
  selector: {matchLabels: {app: server}}
  template:
    metadata: {labels: {app: server}}
    spec:
      serviceAccountName: server
      containers:
        - name: server
          image: none
          args: [--exact, server_process, --ignored, --nocapture, "127.0.0.1:8081"]
          ports: [{name: metrics, containerPort: 8081}]
          env:
            - {name: SERVE, value: "$(NOBODY)"}
            - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
            - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
            - {name: IDENTITY, value: "$(POD_NAMESPACE)/$(POD_NAME)"}
            - {name: PASSWORD, valueFrom: {secretKeyRef: {name: words, key: password}}}
            - {name: COLOUR, valueFrom: {configMapKeyRef: {name: settings, key: colour}}}
            - {name: SIZE, valueFrom: {configMapKeyRef: {name: settings, key: size, optional: true}}}
          livenessProbe: {httpGet: {path: /livez, port: metrics}, periodSeconds: 1, failureThreshold: 2}
          readinessProbe: {httpGet: {path: /readyz, port: 8081}}
"#;

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start().expect("a control plane"))
}

/// Applies the manifest, with one text of it replaced, in a namespace of its own.
fn apply(namespace: &str, from: &str, to: &str) {
    assert!(MANIFEST.contains(from), "the manifest has no {from}");
    cluster().apply(&MANIFEST.replace(from, to).replace("@NS@", namespace)).expect("a valid manifest");
}

fn run(namespace: &str, overrides: &Overrides) -> anyhow::Result<RunningOperator> {
    run_deployment(cluster(), namespace, "server", &std::env::current_exe()?, overrides)
}

/// `/metrics` gives its environment, `/sick` makes it sick.
#[test]
#[ignore = "no statement of its own: the program of the Deployment"]
fn server_process() {
    static SICK: AtomicBool = AtomicBool::new(false);
    if std::env::var_os("SERVE").is_none() {
        return;
    }
    let address = std::env::args().next_back().unwrap();
    for stream in TcpListener::bind(address).unwrap().incoming() {
        let mut stream = stream.unwrap();
        let mut request = String::new();
        BufReader::new(&stream).read_line(&mut request).unwrap();
        let path = request.split(' ').nth(1).unwrap_or_default();
        SICK.fetch_or(path == "/sick", Ordering::Relaxed);
        let status = if path == "/livez" && SICK.load(Ordering::Relaxed) { 500 } else { 200 };
        let lines: Vec<_> = std::env::vars().map(|(name, value)| format!("{name}={value}")).collect();
        let body = lines.join("\n");
        let length = body.len();
        write!(stream, "HTTP/1.1 {status} OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
            .unwrap();
    }
}

#[test]
fn the_environment_is_that_of_the_manifest_and_nothing_else() {
    apply("environment", "SERVE", "SERVE");
    let overrides = Overrides { pod_name: Some("server-7".into()), ..Overrides::default() };
    let server = run("environment", &overrides).unwrap();
    server.wait_ready(SECONDS(10)).unwrap();
    let text = server.metrics().unwrap();
    let mut env: BTreeMap<_, _> = text.lines().filter_map(|line| line.split_once('=')).collect();
    assert!(env.remove("PATH").is_some() && env.remove("KUBECONFIG").is_some());
    let expected = [
        ("COLOUR", "blue"),
        ("IDENTITY", "environment/server-7"),
        ("PASSWORD", "open sesame"),
        ("POD_NAME", "server-7"),
        ("POD_NAMESPACE", "environment"),
        ("SERVE", "$(NOBODY)"),
    ];
    assert_eq!(env, BTreeMap::from(expected));
}

#[test]
fn its_kubeconfig_is_that_of_its_service_account() {
    apply("identity", "SERVE", "SERVE");
    let server = run("identity", &Overrides::default()).unwrap();
    server.wait_ready(SECONDS(10)).unwrap();
    let text = server.metrics().unwrap();
    let kubeconfig = text.lines().find_map(|line| line.strip_prefix("KUBECONFIG=")).unwrap();
    let whoami = cluster().kubectl_as(kubeconfig.as_ref(), &["auth", "whoami"]).unwrap();
    assert!(whoami.contains("system:serviceaccount:identity:server"), "{whoami}");
}

#[test]
fn it_is_killed_restarted_and_terminated() {
    apply("lifecycle", "SERVE", "SERVE");
    let mut server = run("lifecycle", &Overrides::default()).unwrap();
    server.wait_ready(SECONDS(10)).unwrap();
    let (pid, port) = (server.pid(), server.port("metrics").unwrap());
    assert!(server.memory_rss().unwrap() > 100_000);
    server.kill9().unwrap();
    assert_eq!(server.exited().unwrap(), Some(137));
    assert!(server.ready().is_err());
    server.restart().unwrap();
    server.wait_ready(SECONDS(10)).unwrap();
    assert_ne!(server.pid(), pid);
    assert_eq!(server.port("metrics").unwrap(), port);
    assert_eq!(server.terminate().unwrap().code, 128 + 15);
}

#[test]
fn two_replicas_run_beside_each_other() {
    apply("replicas", "SERVE", "SERVE");
    let replica = |name: &str| Overrides { pod_name: Some(name.into()), ..Overrides::default() };
    let replicas = ["a", "b"].map(|name| run("replicas", &replica(name)).unwrap());
    for replica in &replicas {
        replica.wait_ready(SECONDS(10)).unwrap();
        assert!(replica.metrics().unwrap().contains(&format!("IDENTITY=replicas/{}", replica.pod_name())));
    }
}

#[test]
fn a_liveness_probe_that_fails_is_told() {
    apply("sick", "readinessProbe: {httpGet: {path: /readyz", "readinessProbe: {httpGet: {path: /sick");
    let mut server = run("sick", &Overrides::default()).unwrap();
    server.wait_ready(SECONDS(10)).unwrap();
    let failure = wait_for("the liveness probe to fail twice", SECONDS(10), || {
        server.ensure_alive().err().ok_or_else(|| anyhow::anyhow!("it is alive"))
    });
    assert!(failure.unwrap().to_string().contains("the livenessProbe failed 2 times"));
    assert!(server.terminate().is_err());
}

#[test]
fn what_would_not_work_on_a_node_is_an_error() {
    let cases = [
        (
            "no-probe",
            "readinessProbe",
            "lifecycle: {}\n          startupProbe",
            "startupProbe is not understood",
        ),
        ("wrong-port", "port: metrics}", "port: health}", "the container has no port \"health\""),
        ("no-listener", "containerPort: 8081", "containerPort: 9999", "no argument listens on it"),
        ("everywhere", "127.0.0.1:8081", "[::]:8081", "every interface"),
        ("no-key", "key: password", "key: pass", "the secret words has no key pass"),
        ("no-token", "serviceAccountName: server", "automountServiceAccountToken: false", "no token"),
    ];
    for (namespace, from, to, expected) in cases {
        apply(namespace, from, to);
        let error = format!("{:#}", run(namespace, &Overrides::default()).unwrap_err());
        assert!(error.contains(expected), "{namespace}: {error}");
    }
}

#[test]
fn a_program_that_ends_early_is_noticed_at_once() {
    apply("early", "server_process, --ignored", "--no-such-flag");
    let server = run("early", &Overrides::default()).unwrap();
    let error = server.wait_ready(SECONDS(30)).unwrap_err().to_string();
    assert!(error.contains("ended early with status 101") || error.contains("no-such-flag"), "{error}");
}
