//! AWS Organizations: which organization an account is in, and which accounts are in that. A global service, asked where the
//! SDK's endpoint rules know that it is.

use aws_sdk_organizations::{Client, types};
use trail_operator_reconcile::aws_error::AwsError;

use crate::{account::Session, bucket::Class, error::aws_error, throttling::NoRetryWhenThrottled};

/// AWS tells up to twenty accounts at once, and raises the number of accounts up to 50,000; more pages are no answer.
const MAX_PAGES: usize = 5000;

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// `Id`, like `o-exampleorg1`.
    pub id: String,
    /// `MasterAccountId`: the management account.
    pub management_account_id: String,
}

/// The organization that the account is in.
pub(crate) async fn describe(session: &Session) -> Result<Organization, AwsError> {
    const OPERATION: &str = "DescribeOrganization";
    let client = client(session);
    let call = Box::pin(async {
        client.describe_organization().send().await.map_err(|error| aws_error(OPERATION, &error))
    });
    let scope = session.scope("organizations", session.region());
    let answer = session.calls.make(&scope, Class::Read, OPERATION, call).await?;
    let found = answer.organization.and_then(|found| found.id.zip(found.master_account_id));
    found
        .map(|(id, management_account_id)| Organization { id, management_account_id })
        .ok_or_else(|| AwsError::new(OPERATION, "ResponseError", "the answer names no organization"))
}

/// Ids of the active accounts, sorted.
pub(crate) async fn list_accounts(session: &Session) -> Result<Vec<String>, AwsError> {
    const OPERATION: &str = "ListAccounts";
    let client = client(session);
    let scope = session.scope("organizations", session.region());
    let mut accounts = Vec::new();
    let mut page = None;
    for _ in 0..MAX_PAGES {
        let request = client.list_accounts().set_next_token(page);
        let call = Box::pin(async { request.send().await.map_err(|error| aws_error(OPERATION, &error)) });
        let answer = session.calls.make(&scope, Class::Read, OPERATION, call).await?;
        let found = answer.accounts.unwrap_or_default().into_iter().filter(is_active);
        accounts.extend(found.filter_map(|account| account.id));
        page = answer.next_token.filter(|token| !token.is_empty());
        if page.is_none() {
            accounts.sort();
            return Ok(accounts);
        }
    }
    Err(AwsError::new(OPERATION, "EndlessPages", format!("more than {MAX_PAGES} pages of accounts")))
}

/// `State` is to take the place of `Status`, and both are told meanwhile.
#[allow(deprecated, reason = "older answers have Status alone")]
fn is_active(account: &types::Account) -> bool {
    match &account.state {
        Some(state) => *state == types::AccountState::Active,
        None => account.status == Some(types::AccountStatus::Active),
    }
}

fn client(session: &Session) -> Client {
    let config = aws_sdk_organizations::config::Builder::from(&session.config)
        .retry_classifier(NoRetryWhenThrottled)
        .build();
    Client::from_conf(config)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_config::Region;
    use serde_json::json;

    use super::Organization;
    use crate::fake::{self, Log, Response};

    const HOUR: Duration = Duration::from_hours(1);

    #[tokio::test(start_paused = true)]
    async fn active_accounts_are_put_together_from_all_pages_and_kept() {
        let log = Log::default();
        let account = fake::account(&log, |request| {
            let last = request.body["NextToken"] == "more";
            let accounts = if last {
                json!([{"Id": "111122223333", "State": "ACTIVE", "Status": "ACTIVE"}, {"Id": "5", "State": "CLOSED", "Status": "ACTIVE"}])
            } else {
                json!([{"Id": "444455556666", "Status": "ACTIVE"}, {"Id": "6", "Status": "SUSPENDED"}])
            };
            Some(Response::json(
                &json!({"Accounts": accounts, "NextToken": if last { None } else { Some("more") }}),
            ))
        });
        for _ in 0..2 {
            assert_eq!(account.list_accounts(HOUR).await.unwrap(), ["111122223333", "444455556666"]);
        }
        assert_eq!(log.operations(), ["ListAccounts", "ListAccounts"]);
        assert_eq!(log.requests()[0].uri, "https://organizations.us-east-1.amazonaws.com/");
        assert_eq!(log.told()[0], "organizations ListAccounts OK");
    }

    #[tokio::test(start_paused = true)]
    async fn an_organization_is_told_by_its_id_and_whoever_is_in_none_is_refused() {
        let account = fake::account(&Log::default(), |_| {
            let organization = json!({"Id": "o-exampleorg1", "MasterAccountId": "111122223333"});
            Some(Response::json(&json!({"Organization": organization})))
        });
        let expected =
            Organization { id: "o-exampleorg1".to_owned(), management_account_id: "111122223333".to_owned() };
        assert_eq!(account.organization(HOUR).await, Ok(expected));
        for code in ["AWSOrganizationsNotInUseException", "AccessDeniedException"] {
            let account = fake::account(&Log::default(), |_| Some(Response::error(code)));
            assert_eq!(account.organization(HOUR).await.unwrap_err().code, code);
            assert_eq!(account.list_accounts(HOUR).await.unwrap_err().code, code);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_page_is_not_the_last() {
        let account = fake::account(&Log::default(), |request| {
            let last = request.body["NextToken"] == "more";
            let accounts = if last { json!([{"Id": "111122223333", "State": "ACTIVE"}]) } else { json!([]) };
            Some(Response::json(
                &json!({"Accounts": accounts, "NextToken": if last { None } else { Some("more") }}),
            ))
        });
        assert_eq!(account.list_accounts(HOUR).await.unwrap(), ["111122223333"]);
    }

    #[tokio::test(start_paused = true)]
    async fn each_partition_is_asked_where_its_organizations_are() {
        for (region, host) in [
            ("eu-central-1", "organizations.us-east-1.amazonaws.com"),
            ("cn-north-1", "organizations.cn-northwest-1.amazonaws.com.cn"),
            ("us-gov-east-1", "organizations.us-gov-west-1.amazonaws.com"),
        ] {
            let log = Log::default();
            let config = fake::config(&log, |_| Some(Response::json(&json!({"Accounts": []}))));
            let config = config.into_builder().region(Region::from_static(region)).build();
            fake::account_with(&log, config).list_accounts(HOUR).await.unwrap();
            let request = &log.requests()[0];
            assert_eq!(request.uri, format!("https://{host}/"));
            let signed_for = host.split('.').nth(1).unwrap();
            let scope = format!("/{signed_for}/organizations/aws4_request");
            assert!(request.header("authorization").contains(&scope), "{region}");
        }
    }
}
