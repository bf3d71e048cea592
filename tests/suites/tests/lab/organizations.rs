//! Who is in an organization, through the operator's own clients: what each account in it may ask, and what it is told.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use trail_operator_aws::{Account, Organization};
use trail_operator_reconcile::aws_error::AwsError;
use trail_operator_reconcile::references::ActAs;

use crate::keeping::clients;
use crate::world::{HOME, lab};

/// Nothing is as old as that.
const AGE: Duration = Duration::from_hours(1);

/// The operator in an account, with that account's own credentials.
async fn operator(account_id: &str) -> Result<Account> {
    let act_as = ActAs { account_id: account_id.to_owned(), role_arn: None, external_id: None };
    Ok(clients(lab(), account_id)?.account(&act_as).await)
}

fn aws(account: &str, operation: &str, params: &Value) -> Result<Value> {
    lab().aws("organizations", operation, params, account, HOME)
}

fn code<T>(result: Result<T, AwsError>) -> String {
    result.err().map_or("OK".to_owned(), |error| error.code)
}

#[tokio::test]
async fn every_account_knows_its_organization_and_administrators_know_its_accounts() -> Result<()> {
    let [management, of_cloudtrail, of_config, member] =
        ["440000000004", "440000000003", "440000000002", "440000000001"];
    let made = lab().organization(json!({
        "management": management, "members": [member, of_config, of_cloudtrail], "trustedAccess": true,
        "delegatedAdministrators": [of_cloudtrail],
    }))?;
    let delegation = json!({"AccountId": of_config, "ServicePrincipal": "config.amazonaws.com"});
    aws(management, "RegisterDelegatedAdministrator", &delegation)?;
    let organization = Organization {
        id: made["id"].as_str().unwrap_or_default().to_owned(),
        management_account_id: management.to_owned(),
    };
    for account in [management, of_cloudtrail, of_config, member] {
        assert_eq!(operator(account).await?.organization(AGE).await?, organization, "{account}");
    }
    for account in [management, of_cloudtrail, of_config] {
        let accounts = operator(account).await?.list_accounts(AGE).await?;
        assert_eq!(accounts, [member, of_config, of_cloudtrail, management], "{account}");
    }
    assert_eq!(code(operator(member).await?.list_accounts(AGE).await), "AccessDeniedException");
    Ok(())
}

#[tokio::test]
async fn accounts_beyond_a_page_are_told_and_closed_ones_are_not() -> Result<()> {
    let management = "440000000100";
    let members: Vec<_> = (101..=145).map(|number| format!("440000000{number}")).collect();
    lab().organization(json!({"management": management, "members": members}))?;
    let mut active = members.clone();
    active.insert(0, management.to_owned());
    let operator = operator(management).await?;
    assert_eq!(operator.list_accounts(AGE).await?, active);
    let closed = active.remove(30);
    aws(management, "CloseAccount", &json!({"AccountId": closed}))?;
    assert!(operator.list_accounts(AGE).await?.contains(&closed), "what was read an hour ago will do");
    assert_eq!(operator.list_accounts(Duration::ZERO).await?, active);
    Ok(())
}

#[tokio::test]
async fn an_account_in_no_organization_is_told_so() -> Result<()> {
    let alone = operator("440000000200").await?;
    assert_eq!(code(alone.organization(AGE).await), "AWSOrganizationsNotInUseException");
    assert_eq!(code(alone.list_accounts(AGE).await), "AWSOrganizationsNotInUseException");
    Ok(())
}
