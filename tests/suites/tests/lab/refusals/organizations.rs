//! Organization trails: who may have and change them (`cloudtrail.md` 10.1, 10.2).

use anyhow::Result;
use aws_sdk_cloudtrail::operation::create_trail::builders::CreateTrailFluentBuilder;
use aws_sdk_cloudtrail::types::EventSelector;
use serde_json::json;

use super::Table;
use crate::world::{World, allow, lab};

const NOT_MANAGEMENT: &str = "NotOrganizationMasterAccountException";

pub async fn rows(table: &mut Table) -> Result<()> {
    not_ready(table).await?;
    let (management, delegated) = (World::new("100000000021")?, World::new("100000000022")?);
    let member = World::new("100000000023")?;
    let (member_id, delegated_id) = (member.account, delegated.account);
    lab().organization(json!({
        "management": management.account, "members": [member_id, delegated_id], "trustedAccess": true,
        "delegatedAdministrators": [delegated_id],
    }))?;
    let call = new_trail(&delegated);
    let what = "a delegated administrator before the management account has called";
    table.row("CreateTrail", what, "NoManagementAccountSLRExistsException", call.send()).await;
    new_trail(&management).send().await?;
    let call = new_trail(&member).name("other");
    table.row("CreateTrail", "an organization trail from a member", NOT_MANAGEMENT, call.send()).await;
    bucket_policy(table, &management).await?;
    writes_of_members(table, &management, &member).await?;
    conversions(table, &management, &delegated).await?;
    administrators(table, &management, &member).await
}

fn new_trail(world: &World<'_>) -> CreateTrailFluentBuilder {
    world.client.create_trail().name("organization").s3_bucket_name(&world.bucket).is_organization_trail(true)
}

async fn not_ready(table: &mut Table) -> Result<()> {
    let alone = World::new("100000000011")?;
    let expected = "OrganizationsNotInUseException";
    table.row("CreateTrail", "no organization", expected, new_trail(&alone).send()).await;
    alone.client.create_trail().name("mine").s3_bucket_name(&alone.bucket).send().await?;
    let call = alone.client.update_trail().name("mine").is_organization_trail(true);
    table.row("UpdateTrail", "no organization", expected, call.send()).await;
    let call = alone.client.register_organization_delegated_admin().member_account_id("100000000012");
    table.row("RegisterOrganizationDelegatedAdmin", "no organization", expected, call.send()).await;

    let billing = World::new("100000000013")?;
    lab().organization(json!({
        "management": billing.account, "members": ["100000000014"], "featureSet": "CONSOLIDATED_BILLING",
    }))?;
    let expected = "OrganizationNotInAllFeaturesModeException";
    table.row("CreateTrail", "consolidated billing only", expected, new_trail(&billing).send()).await;
    let call = billing.client.register_organization_delegated_admin().member_account_id("100000000014");
    table.row("RegisterOrganizationDelegatedAdmin", "consolidated billing only", expected, call.send()).await;

    let untrusting = World::new("100000000015")?;
    lab().organization(json!({"management": untrusting.account, "members": ["100000000016"]}))?;
    let expected = "CloudTrailAccessNotEnabledException";
    table.row("CreateTrail", "trusted access off", expected, new_trail(&untrusting).send()).await;
    let call = untrusting.client.register_organization_delegated_admin().member_account_id("100000000016");
    table.row("RegisterOrganizationDelegatedAdmin", "trusted access off", expected, call.send()).await;
    Ok(())
}

async fn bucket_policy(table: &mut Table, management: &World<'_>) -> Result<()> {
    let account = management.account;
    let bucket = management.bucket("organization", |bucket| {
        let own = format!("arn:aws:s3:::{bucket}/AWSLogs/{account}/*");
        json!([
            allow("s3:GetBucketAcl", &format!("arn:aws:s3:::{bucket}"), &json!({})),
            allow("s3:PutObject", &own, &json!({})),
        ])
    })?;
    let call = new_trail(management).name("other").s3_bucket_name(bucket);
    let what = "a bucket policy without the organization's folder";
    table.row("CreateTrail", what, "InsufficientS3BucketPolicyException", call.send()).await;
    Ok(())
}

async fn writes_of_members(table: &mut Table, management: &World<'_>, member: &World<'_>) -> Result<()> {
    let (arn, client) = (management.arn("organization"), &member.client);
    let (what, expected) = ("a member's hands on an organization trail", "OperationNotPermittedException");
    table.row("UpdateTrail", what, expected, client.update_trail().name(&arn).send()).await;
    table.row("StopLogging", what, expected, client.stop_logging().name(&arn).send()).await;
    table.row("DeleteTrail", what, expected, client.delete_trail().name(&arn).send()).await;
    let call =
        client.put_event_selectors().trail_name(&arn).event_selectors(EventSelector::builder().build());
    table.row("PutEventSelectors", what, expected, call.send()).await;
    Ok(())
}

async fn conversions(table: &mut Table, management: &World<'_>, delegated: &World<'_>) -> Result<()> {
    let call =
        delegated.client.update_trail().name(management.arn("organization")).is_organization_trail(false);
    table.row("UpdateTrail", "a conversion by a delegated administrator", NOT_MANAGEMENT, call.send()).await;
    delegated.client.create_trail().name("mine").s3_bucket_name(&delegated.bucket).send().await?;
    let call = delegated.client.update_trail().name("mine").is_organization_trail(true);
    table.row("UpdateTrail", "a conversion by a delegated administrator", NOT_MANAGEMENT, call.send()).await;
    Ok(())
}

async fn administrators(table: &mut Table, management: &World<'_>, member: &World<'_>) -> Result<()> {
    const REGISTER: &str = "RegisterOrganizationDelegatedAdmin";
    const DEREGISTER: &str = "DeregisterOrganizationDelegatedAdmin";
    let register = |world: &World<'_>, account: &str| {
        world.client.register_organization_delegated_admin().member_account_id(account)
    };
    let deregister = |account: &str| {
        management.client.deregister_organization_delegated_admin().delegated_admin_account_id(account)
    };
    let call = register(member, member.account);
    table.row(REGISTER, "a member's call", "NotOrganizationManagementAccountException", call.send()).await;
    let call = register(management, management.account);
    let expected = "CannotDelegateManagementAccountException";
    table.row(REGISTER, "the management account", expected, call.send()).await;
    let call = register(management, "999999999999");
    table.row(REGISTER, "an account of nobody", "AccountNotFoundException", call.send()).await;
    let call = register(management, "100000000022");
    table.row(REGISTER, "an account that is registered", "AccountRegisteredException", call.send()).await;
    let call = deregister(member.account);
    table
        .row(DEREGISTER, "an account that is not registered", "AccountNotRegisteredException", call.send())
        .await;

    let more = ["100000000024", "100000000025", "100000000026"];
    lab().organization(json!({"management": management.account, "members": more}))?;
    for account in &more[..2] {
        register(management, account).send().await?;
    }
    let (call, expected) = (register(management, more[2]), "DelegatedAdminAccountLimitExceededException");
    table.row(REGISTER, "a fourth administrator", expected, call.send()).await;
    Ok(())
}
