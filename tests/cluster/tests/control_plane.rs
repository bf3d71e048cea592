//! The control plane is a real one, and nothing of it is left behind.
#![allow(clippy::expect_used, reason = "a test may stop at the first surprise, in its helpers too")]
#![allow(clippy::print_stdout, reason = "the child process talks to its parent")]

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::ensure;
use test_cluster::{Cluster, ControlPlane, wait_for};

/// Set for the child process of the test that kills it.
const CHILD: &str = "TEST_CLUSTER_CHILD";

/// One for all tests that do no harm to it.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start().expect("a control plane"))
}

fn open(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[test]
fn kubectl_sees_the_version_the_module_pins() {
    let version = cluster().kubectl_json(&["version"]).unwrap();
    let pinned = include_str!("../tools/kube/go.mod")
        .lines()
        .find_map(|line| line.trim().strip_prefix("k8s.io/kubernetes "));
    let pinned = pinned.unwrap().split(' ').next().unwrap();
    assert_eq!(version["serverVersion"]["gitVersion"], pinned);
    assert_eq!(version["clientVersion"]["gitVersion"], pinned);
}

#[test]
fn rbac_refuses_a_service_account_until_a_role_is_bound() {
    let cluster = cluster();
    cluster.kubectl(&["create", "namespace", "rbac"]).unwrap();
    cluster.kubectl(&["create", "serviceaccount", "reader", "--namespace", "rbac"]).unwrap();
    let token = cluster.create_token("rbac", "reader").unwrap();
    let kubeconfig = cluster.kubeconfig_with_token(&token).unwrap();

    let refusal = cluster.kubectl_as(&kubeconfig, &["get", "configmaps", "--namespace", "rbac"]).unwrap_err();
    let expected = r#"User "system:serviceaccount:rbac:reader" cannot list resource "configmaps""#;
    assert!(refusal.to_string().contains(expected), "{refusal}");

    let role = ["--clusterrole=view", "--serviceaccount=rbac:reader", "--namespace=rbac"];
    cluster.kubectl(&[&["create", "rolebinding", "reader"], &role[..]].concat()).unwrap();
    wait_for("the binding to count", Duration::from_secs(10), || {
        cluster.kubectl_as(&kubeconfig, &["get", "configmaps", "--namespace", "rbac"])
    })
    .unwrap();
}

#[test]
fn deleting_a_namespace_deletes_what_is_in_it() {
    let cluster = cluster();
    cluster.apply("{apiVersion: v1, kind: Namespace, metadata: {name: short-lived}}").unwrap();
    cluster.kubectl(&["create", "configmap", "settings", "--namespace", "short-lived"]).unwrap();
    cluster.kubectl(&["delete", "namespace", "short-lived", "--timeout=60s"]).unwrap();
    let after = cluster.kubectl(&["get", "namespace", "short-lived"]).unwrap_err();
    assert!(after.to_string().contains("NotFound"), "{after}");
}

#[test]
fn helm_is_at_home_on_it() {
    assert_eq!(cluster().helm(&["list", "--all-namespaces", "--output", "json"]).unwrap().trim(), "[]");
}

#[test]
fn an_unknown_field_in_a_manifest_is_an_error_with_its_name() {
    let error =
        cluster().apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, daat: {}}").unwrap_err();
    assert!(error.to_string().contains(r#"unknown field "daat""#), "{error}");
}

#[test]
fn two_run_side_by_side_and_a_dropped_one_is_gone() {
    let first = cluster().plane().unwrap();
    let second = ControlPlane::start().unwrap();
    let (ports, folder) = (second.ports(), second.folder().to_owned());
    assert!(ports.iter().all(|port| !first.ports().contains(port)));
    second.ensure_running().unwrap();
    drop(second);
    assert!(!ports.iter().any(|port| open(*port)), "a port of {ports:?} is still open");
    assert!(!folder.exists());
    first.ensure_running().unwrap();
}

#[test]
#[ignore = "no statement of its own: the body of the child process below"]
fn child_process() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let plane = ControlPlane::start().unwrap();
    let [apiserver, etcd] = plane.ports();
    println!("\nSTARTED {apiserver} {etcd} {}", plane.folder().display());
    std::thread::sleep(Duration::from_mins(10));
}

#[test]
fn everything_dies_with_a_killed_parent() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_process", "--ignored", "--nocapture"])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let started =
        lines.into_iter().find_map(|line| line.strip_prefix("STARTED ").map(str::to_owned)).unwrap();
    let mut words = started.split(' ');
    let ports = [(); 2].map(|()| words.next().unwrap().parse::<u16>().unwrap());
    let folder = PathBuf::from(words.next().unwrap());
    assert!(ports.iter().all(|port| open(*port)) && folder.exists());

    // SIGKILL: no destructor runs.
    child.kill().unwrap();
    child.wait().unwrap();

    wait_for("the ports to close and the data to go", Duration::from_secs(15), || {
        let still: Vec<_> = ports.iter().filter(|port| open(**port)).collect();
        ensure!(still.is_empty(), "ports {still:?} are open");
        ensure!(!folder.exists(), "{} exists", folder.display());
        Ok(())
    })
    .unwrap();
}
