//! Runs a program as a Deployment says, in place of the kubelet that is not there.
//!
//! Knows: Deployments. Must not know: the operator, the chart. So what is tested is the chart: its arguments, its
//! environment, its service account's rights, its probes.
//!
//! A Pod has a network of its own, a process here has not: each port of the container becomes a free port of this
//! machine, in the arguments too.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::operator::{Launch, RunningOperator};
use crate::pod_spec::{PodSpec, expand};
use crate::ports;
use crate::probe::Probe;

/// What a test wants otherwise than the Deployment says.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// The Pod's name; for a second replica it must be another. Unset: the Deployment's name and `-0`.
    pub pod_name: Option<String>,
    /// Values of arguments: (`--flag`, value). The Deployment must pass that flag.
    pub args: Vec<(String, String)>,
    /// Environment variables, added or replaced.
    pub env: Vec<(String, String)>,
}

/// Starts `binary` as the container of the Deployment `name`, with a token of its service account.
pub fn run_deployment(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    binary: &Path,
    overrides: &Overrides,
) -> Result<RunningOperator> {
    let spec = PodSpec::read(cluster, namespace, name)?;
    let pod_name = overrides.pod_name.clone().unwrap_or_else(|| format!("{name}-0"));
    let mut env = spec.env(cluster, &pod_name)?;
    for (name, value) in &overrides.env {
        env.retain(|(given, _)| given != name);
        env.push((name.clone(), value.clone()));
    }
    let mut args: Vec<_> = spec.args.iter().map(|arg| expand(arg, &env)).collect();
    for (flag, value) in &overrides.args {
        replace(&mut args, flag, value)?;
    }
    let ports = move_ports(&mut args, &spec.ports)?;
    let token = cluster.create_token(namespace, &spec.service_account)?;
    let kubeconfig = cluster.kubeconfig_with_token(&token)?;
    env.push(("KUBECONFIG".into(), kubeconfig.display().to_string()));
    if !env.iter().any(|(name, _)| name == "PATH") {
        env.push(("PATH".into(), std::env::var("PATH").unwrap_or_default()));
    }

    let host_port = |port: &Value| host_port(port, &spec.ports, &ports);
    RunningOperator::start(Launch {
        pod_name,
        binary: binary.canonicalize().with_context(|| format!("no program at {}", binary.display()))?,
        args,
        env,
        folder: cluster.folder().to_owned(),
        liveness: Probe::read(&spec.container, "livenessProbe", host_port)?,
        readiness: Probe::read(&spec.container, "readinessProbe", host_port)?,
        ports,
        grace: Duration::from_secs(spec.grace_seconds),
    })
}

/// The port on this machine of a container's port, by its name or number.
fn host_port(port: &Value, named: &BTreeMap<String, u16>, moved: &BTreeMap<String, u16>) -> Result<u16> {
    let found = match port {
        Value::String(name) => moved.get(name),
        number => named.iter().find(|(_, given)| *number == **given).and_then(|(name, _)| moved.get(name)),
    };
    found.copied().with_context(|| format!("the container has no port {port}; it has {named:?}"))
}

/// Gives `flag` another value, be it `--flag=value` or `--flag value`.
fn replace(args: &mut [String], flag: &str, value: &str) -> Result<()> {
    let joined = format!("{flag}=");
    for at in 0..args.len() {
        if args[at].starts_with(&joined) {
            args[at] = joined + value;
            return Ok(());
        }
        if args[at] == flag && at + 1 < args.len() {
            value.clone_into(&mut args[at + 1]);
            return Ok(());
        }
    }
    bail!("the Deployment does not pass {flag}; it passes {}", args.join(" "))
}

/// Puts free ports of this machine in place of the container's ports, in every argument that is an address to listen
/// on, and gives them by name.
fn move_ports(args: &mut [String], ports: &BTreeMap<String, u16>) -> Result<BTreeMap<String, u16>> {
    let mut moved = BTreeMap::new();
    for (name, port) in ports {
        let [free] = ports::free()?;
        let mut found = false;
        for arg in args.iter_mut() {
            let Some((flag, host)) = listening(arg, *port) else { continue };
            let loopback = host.parse::<Ipv4Addr>().is_ok_and(|host| host.is_loopback()) || host == "[::1]";
            ensure!(
                loopback,
                "{arg} would listen on every interface of this machine: set listenAddress=127.0.0.1"
            );
            *arg = format!("{flag}{host}:{free}");
            found = true;
        }
        ensure!(
            found,
            "the port {name} ({port}) is declared, but no argument listens on it: {}",
            args.join(" ")
        );
        moved.insert(name.clone(), free);
    }
    Ok(moved)
}

/// Splits `--flag=host:port` or `host:port` before the host and the port if that is the port.
fn listening(arg: &str, port: u16) -> Option<(&str, &str)> {
    let rest = arg.strip_suffix(&format!(":{port}"))?;
    let at = rest.find('=').map_or(0, |at| at + 1);
    let (flag, host) = rest.split_at(at);
    (!host.contains('/')).then_some((flag, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn ports_move_with_the_arguments_that_listen_on_them() {
        let mut args =
            words("run --metrics-address=127.0.0.1:8080 --health-address 127.0.0.1:8081 --url=http://a:8080");
        let ports = BTreeMap::from([("metrics".to_owned(), 8080), ("health".to_owned(), 8081)]);
        let moved = move_ports(&mut args, &ports).unwrap();
        assert_eq!(args[1], format!("--metrics-address=127.0.0.1:{}", moved["metrics"]));
        assert_eq!(args[3], format!("127.0.0.1:{}", moved["health"]));
        assert_eq!(args[4], "--url=http://a:8080");
    }

    #[test]
    fn a_declared_port_nobody_listens_on_is_an_error() {
        let ports = BTreeMap::from([("metrics".to_owned(), 8080)]);
        let error =
            move_ports(&mut words("run --metrics-address=127.0.0.1:9090"), &ports).unwrap_err().to_string();
        assert!(error.contains("metrics (8080) is declared"), "{error}");
    }

    #[test]
    fn an_address_that_is_not_loopback_is_refused() {
        let ports = BTreeMap::from([("metrics".to_owned(), 8080)]);
        for address in ["[::]:8080", "0.0.0.0:8080", ":8080"] {
            let error =
                move_ports(&mut words(&format!("run --a={address}")), &ports).unwrap_err().to_string();
            assert!(error.contains("every interface"), "{error}");
        }
    }

    #[test]
    fn an_override_needs_its_flag() {
        let mut args = words("run --level info --region=eu-west-1");
        replace(&mut args, "--level", "debug").unwrap();
        replace(&mut args, "--region", "us-east-1").unwrap();
        assert_eq!(args.join(" "), "run --level debug --region=us-east-1");
        assert!(replace(&mut args, "--colour", "no").is_err());
    }

    #[test]
    fn a_probe_of_an_unknown_port_is_an_error() {
        let named = BTreeMap::from([("health".to_owned(), 8081)]);
        let moved = BTreeMap::from([("health".to_owned(), 40000)]);
        assert_eq!(host_port(&"health".into(), &named, &moved).unwrap(), 40000);
        assert_eq!(host_port(&8081.into(), &named, &moved).unwrap(), 40000);
        let error = host_port(&"helth".into(), &named, &moved).unwrap_err().to_string();
        assert!(error.contains(r#"{"health": 8081}"#), "{error}");
    }
}
