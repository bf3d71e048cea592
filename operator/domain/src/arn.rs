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
    fn the_star_of_a_log_group_is_no_difference() {
        let with_star = log_group("us-east-1", "111122223333", "audit");
        assert!(same_log_group(&with_star, with_star.trim_end_matches(":*")));
        assert!(!same_log_group(&with_star, &log_group("us-east-1", "111122223333", "audit-2")));
    }
}
