//! ARNs that `CloudTrail` deals in (`cloudtrail.md` 1.2 and 10.5).

use crate::partition;

/// ARN of the trail of that name, homed in that Region of that account.
pub fn trail(region: &str, account_id: &str, name: &str) -> String {
    format!("arn:{}:cloudtrail:{region}:{account_id}:trail/{name}", partition::of_region(region))
}

/// ARN of a log group in the form `CloudTrail` wants: with `:*` at the end.
pub fn log_group(region: &str, account_id: &str, name: &str) -> String {
    format!("arn:{}:logs:{region}:{account_id}:log-group:{name}:*", partition::of_region(region))
}

/// ARN of an alarm.
pub fn alarm(region: &str, account_id: &str, name: &str) -> String {
    format!("arn:{}:cloudwatch:{region}:{account_id}:alarm:{name}", partition::of_region(region))
}

/// Account of an ARN; `None` where there is none, as in ARNs of buckets.
pub fn account(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

/// Region of an ARN; `None` where there is none, as in ARNs of roles.
pub fn region(arn: &str) -> Option<&str> {
    arn.split(':').nth(3).filter(|region| !region.is_empty())
}

/// Whether this is the ARN of a KMS key, and not of an alias.
pub fn is_kms_key(text: &str) -> bool {
    text.starts_with("arn:") && text.split(':').nth(5).is_some_and(|resource| resource.starts_with("key/"))
}

/// Whether two ARNs name the same log group: some AWS answers end in `:*`, some do not.
pub fn same_log_group(one: &str, other: &str) -> bool {
    one.trim_end_matches(":*") == other.trim_end_matches(":*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_carry_the_partition_of_their_region() {
        assert_eq!(
            trail("cn-north-1", "111122223333", "audit"),
            "arn:aws-cn:cloudtrail:cn-north-1:111122223333:trail/audit"
        );
        assert_eq!(
            log_group("us-east-1", "111122223333", "a/b"),
            "arn:aws:logs:us-east-1:111122223333:log-group:a/b:*"
        );
    }

    #[test]
    fn parts_of_arns() {
        let key = "arn:aws:kms:us-east-1:111122223333:key/1234";
        assert_eq!((account(key), region(key)), (Some("111122223333"), Some("us-east-1")));
        let role = "arn:aws:iam::111122223333:role/x";
        assert_eq!((account(role), region(role)), (Some("111122223333"), None));
        assert_eq!(account("arn:aws:s3:::bucket"), None);
        assert!(is_kms_key(key));
        for other in ["alias/x", "1234", "arn:aws:kms:us-east-1:111122223333:alias/x"] {
            assert!(!is_kms_key(other), "{other}");
        }
    }

    #[test]
    fn the_star_of_a_log_group_is_no_difference() {
        let with_star = log_group("us-east-1", "111122223333", "audit");
        assert!(same_log_group(&with_star, with_star.trim_end_matches(":*")));
        assert!(!same_log_group(&with_star, &log_group("us-east-1", "111122223333", "audit-2")));
    }
}
