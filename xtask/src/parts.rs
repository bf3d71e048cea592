//! The control plane or the lab alone, until Ctrl-C.

use std::process::ExitCode;

use anyhow::Result;
use test_cluster::{ControlPlane, tools};
use test_lab::{ACCOUNT, Lab, REGION};

use crate::signals;

/// Prints what a shell needs to use it, and waits.
pub(crate) fn cluster() -> Result<ExitCode> {
    let requests = signals::stop_all_on_request("")?;
    let plane = ControlPlane::start()?;
    println!("export KUBECONFIG={}", quoted(&plane.kubeconfig().display().to_string()));
    if tools::on_path(tools::Tool::Kubectl).is_none() {
        println!("alias kubectl={}", quoted(&plane.kubectl().display().to_string()));
    }
    println!("# A Kubernetes control plane, as administrator. Ctrl-C stops it.");
    requests.wait();
    Ok(ExitCode::SUCCESS)
}

/// The same for the lab.
pub(crate) fn lab(args: &[String]) -> Result<ExitCode> {
    let requests = signals::stop_all_on_request("")?;
    let lab = Lab::start_with(&args.iter().map(String::as_str).collect::<Vec<_>>())?;
    let aws = lab.aws_cli()?;
    for (name, value) in aws.env(ACCOUNT, REGION) {
        println!("export {name}={}", quoted(&value));
    }
    println!("alias aws={}", quoted(&aws.program().display().to_string()));
    println!(
        "# The AWS lab as account {ACCOUNT}; its control plane is {}/_lab/. Ctrl-C stops it.",
        lab.endpoint()
    );
    requests.wait();
    Ok(ExitCode::SUCCESS)
}

/// Makes what is made only once.
pub(crate) fn prepare() -> Result<ExitCode> {
    use tools::Tool::{Etcd, Helm, KubeApiserver, KubeControllerManager, Kubectl};
    tools::locate([Etcd, KubeApiserver, KubeControllerManager, Kubectl, Helm])?;
    Lab::start()?.aws_cli()?;
    println!("all there");
    Ok(ExitCode::SUCCESS)
}

/// As a shell takes it.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
