//! A Trail of a cluster, as kubectl finds it.

use anyhow::{Context, Result};
use kube::{Api, Client};
use trail_operator_crds::{AwsAccount, Trail};
use trail_operator_domain::arn;
use trail_operator_integrity::Trail as Named;
use trail_operator_reconcile::references::ActAs;

use super::target::{Declared, Target};
use crate::plan::in_time;

pub(super) async fn read(namespace: Option<&str>, name: &str, assume_role: bool) -> Result<Target> {
    let client =
        Client::try_default().await.context("cannot reach a cluster; give --trail-arn to do without one")?;
    let namespace = namespace.unwrap_or_else(|| client.default_namespace()).to_owned();
    let trails: Api<Trail> = Api::namespaced(client.clone(), &namespace);
    let trail = in_time("the Trail", trails.get_opt(name)).await?;
    let trail = trail.with_context(|| format!("there is no Trail '{name}' in namespace '{namespace}'"))?;
    let account = trail.spec.account_ref.name.clone();
    let accounts: Api<AwsAccount> = Api::all(client);
    let account = in_time("the AwsAccount", accounts.get_opt(&account))
        .await?
        .with_context(|| format!("there is no AwsAccount '{account}', which Trail '{name}' names"))?;
    target(&trail, &account, assume_role)
}

fn target(trail: &Trail, account: &AwsAccount, assume_role: bool) -> Result<Target> {
    let spec = &trail.spec;
    let arn = arn::trail(&spec.region, &account.spec.account_id, trail.trail_name());
    let act_as = if assume_role {
        ActAs::of(account)
    } else {
        ActAs { account_id: String::new(), role_arn: None, external_id: None }
    };
    let declared = Declared {
        bucket: spec.s3.bucket_name.clone(),
        bucket_owner: bucket_owner(trail, account),
        prefix: spec.s3.key_prefix.clone(),
        is_multi_region: spec.is_multi_region_trail,
        is_of_organization: spec.is_organization_trail,
    };
    let named =
        Named::from_arn(&arn).with_context(|| format!("the Trail declares {arn}, which is no trail"))?;
    Ok(Target { trail: named, act_as, declared: Some(declared) })
}

/// The account of the trail, unless the object names another or the account allows buckets of others.
fn bucket_owner(trail: &Trail, account: &AwsAccount) -> Option<String> {
    let is_own = account.spec.allowed_resources.buckets.is_empty();
    let own = is_own.then(|| account.spec.account_id.clone());
    trail.spec.s3.bucket_owner.clone().or(own)
}
