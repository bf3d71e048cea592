//! What a Deployment says about its one container, as plain values.
//!
//! Knows: the fields of a Deployment and what a kubelet makes of them. Must not know: how the process is run.
//! What it does not understand is an error: left out, it would be tested by nobody.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::cluster::Cluster;

/// The Pod that a Deployment describes.
#[derive(Debug)]
pub(crate) struct PodSpec {
    pub(crate) namespace: String,
    pub(crate) service_account: String,
    /// The arguments after the program itself, not yet expanded.
    pub(crate) args: Vec<String>,
    /// The container's ports by name.
    pub(crate) ports: BTreeMap<String, u16>,
    pub(crate) grace_seconds: u64,
    pub(crate) container: Value,
}

impl PodSpec {
    /// Reads a Deployment from the cluster.
    pub(crate) fn read(cluster: &Cluster, namespace: &str, name: &str) -> Result<Self> {
        let deployment = cluster.kubectl_json(&["get", "deployment", name, "--namespace", namespace])?;
        let spec =
            Self::from_deployment(namespace, &deployment).with_context(|| format!("Deployment {name}"))?;
        spec.ensure_token(cluster, &deployment)?;
        Ok(spec)
    }

    fn from_deployment(namespace: &str, deployment: &Value) -> Result<Self> {
        let pod = &deployment["spec"]["template"]["spec"];
        let containers = pod["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
        let [container] = containers else { bail!("it has {} containers, not one", containers.len()) };
        for (place, field) in [(pod, "initContainers"), (container, "envFrom"), (container, "startupProbe")] {
            ensure!(place[field].is_null(), "{field} is not understood here: {}", place[field]);
        }
        // The first word of `command` is the program, which is replaced by the one under test.
        let mut args: Vec<String> = texts(&container["command"])?.into_iter().skip(1).collect();
        args.extend(texts(&container["args"])?);
        let mut ports = BTreeMap::new();
        for port in container["ports"].as_array().into_iter().flatten() {
            let name = port["name"].as_str().with_context(|| format!("the port {port} has no name"))?;
            let number = port["containerPort"].as_u64().and_then(|number| u16::try_from(number).ok());
            ports.insert(name.to_owned(), number.with_context(|| format!("the port {port} has no number"))?);
        }
        Ok(Self {
            namespace: namespace.to_owned(),
            service_account: pod["serviceAccountName"].as_str().unwrap_or("default").to_owned(),
            args,
            ports,
            grace_seconds: pod["terminationGracePeriodSeconds"].as_u64().unwrap_or(30),
            container: container.clone(),
        })
    }

    /// A Pod without a token could do nothing on a real node; here the harness hands one over, so look.
    fn ensure_token(&self, cluster: &Cluster, deployment: &Value) -> Result<()> {
        let pod = &deployment["spec"]["template"]["spec"]["automountServiceAccountToken"];
        let args = ["get", "serviceaccount", &self.service_account, "--namespace", &self.namespace];
        let account = cluster.kubectl_json(&args)?;
        let account = &account["automountServiceAccountToken"];
        let mounted = pod.as_bool().or(account.as_bool()).unwrap_or(true);
        ensure!(mounted, "no token of the ServiceAccount {} would be in the Pod", self.service_account);
        Ok(())
    }

    /// The container's environment for a Pod called `pod_name`.
    pub(crate) fn env(&self, cluster: &Cluster, pod_name: &str) -> Result<Vec<(String, String)>> {
        let mut env: Vec<(String, String)> = Vec::new();
        for entry in self.container["env"].as_array().into_iter().flatten() {
            let name = entry["name"].as_str().with_context(|| format!("env {entry}"))?;
            let value = match &entry["valueFrom"] {
                Value::Null => Some(expand(entry["value"].as_str().unwrap_or_default(), &env)),
                from => self.value_from(cluster, pod_name, from).with_context(|| format!("env {name}"))?,
            };
            env.retain(|(earlier, _)| earlier != name);
            env.extend(value.map(|value| (name.to_owned(), value)));
        }
        Ok(env)
    }

    fn value_from(&self, cluster: &Cluster, pod_name: &str, from: &Value) -> Result<Option<String>> {
        if let Some(path) = from["fieldRef"]["fieldPath"].as_str() {
            let value = match path {
                "metadata.name" => pod_name,
                "metadata.namespace" => &self.namespace,
                "spec.serviceAccountName" => &self.service_account,
                "spec.nodeName" => "test-bed",
                "status.podIP" | "status.hostIP" => "127.0.0.1",
                _ => bail!("fieldRef {path} is not understood here"),
            };
            return Ok(Some(value.to_owned()));
        }
        let (kind, reference) = match (&from["secretKeyRef"], &from["configMapKeyRef"]) {
            (Value::Null, Value::Null) => bail!("{from} is not understood here"),
            (Value::Null, reference) => ("configmap", reference),
            (reference, _) => ("secret", reference),
        };
        let (name, key) =
            (reference["name"].as_str().unwrap_or_default(), reference["key"].as_str().unwrap_or_default());
        let decode = if kind == "secret" { " | base64decode" } else { "" };
        let template = format!("go-template={{{{with index .data {key:?}}}}}{{{{.{decode}}}}}{{{{end}}}}");
        let args = ["get", kind, name, "--namespace", &self.namespace, "--output", &template];
        match cluster.kubectl(&args) {
            Ok(value) if !value.is_empty() => Ok(Some(value)),
            _ if reference["optional"] == true => Ok(None),
            Ok(_) => bail!("the {kind} {name} has no key {key}"),
            Err(error) => Err(error),
        }
    }
}

fn texts(value: &Value) -> Result<Vec<String>> {
    if value.is_null() {
        return Ok(Vec::new());
    }
    serde_json::from_value(value.clone()).with_context(|| format!("not a list of texts: {value}"))
}

/// Kubernetes' `$(NAME)`; a name that is not defined stays as it is, `$$` is a dollar sign.
pub(crate) fn expand(text: &str, env: &[(String, String)]) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let name = rest.strip_prefix("$(").and_then(|inner| Some(&inner[..inner.find(')')?]));
        let value = name.and_then(|name| env.iter().find(|(defined, _)| defined == name));
        let taken = if let (Some(name), Some((_, value))) = (name, value) {
            out.push_str(value);
            name.len() + "$()".len()
        } else {
            out.push('$');
            if rest.starts_with("$$") { 2 } else { 1 }
        };
        rest = &rest[taken..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables_expand_as_kubernetes_documents_it() {
        let env = [("POD".to_owned(), "a-0".to_owned())];
        let cases = [
            ("--id=$(POD).x", "--id=a-0.x"),
            ("$(NOBODY)", "$(NOBODY)"),
            ("$$(POD)", "$(POD)"),
            ("5$", "5$"),
        ];
        for (text, expected) in cases {
            assert_eq!(expand(text, &env), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        let with = |pod: Value| json!({"spec": {"template": {"spec": pod}}});
        let cases = [
            (json!({"containers": []}), "0 containers"),
            (json!({"containers": [{}, {}]}), "2 containers"),
            (json!({"containers": [{}], "initContainers": [{}]}), "initContainers"),
            (json!({"containers": [{"envFrom": [{}]}]}), "envFrom"),
            (json!({"containers": [{"ports": [{"containerPort": 1}]}]}), "has no name"),
        ];
        for (pod, expected) in cases {
            let error = PodSpec::from_deployment("x", &with(pod.clone())).unwrap_err().to_string();
            assert!(error.contains(expected), "{pod}: {error}");
        }
    }

    #[test]
    fn the_program_is_the_first_word_of_command() {
        let container = json!({"command": ["trail-operator", "run"], "args": ["--x"]});
        let deployment = json!({"spec": {"template": {"spec": {"containers": [container]}}}});
        assert_eq!(PodSpec::from_deployment("x", &deployment).unwrap().args, ["run", "--x"]);
    }
}
