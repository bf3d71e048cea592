//! What people need to know of a finding, and only the command can tell them. Pure.

use trail_operator_integrity::{Finding, Location, Reason, Report, Request};

use crate::untrusted::shown;

/// Adds it to the messages. `unseen` is why trails that deliver to the same place may be unknown.
pub(super) fn explain(report: &mut Report, request: &Request, unseen: Option<&str>) {
    for finding in &mut report.findings {
        let more = match finding.reason {
            Reason::LogFileUnlisted => whose(finding, request, unseen).map(|why| {
                format!("; or it is that of another trail, one without log file validation: {why}")
            }),
            Reason::ObjectUnreadable => elsewhere(&finding.message)
                .filter(|place| !request.locations.contains(place))
                .and_then(|place| remedy(&place)),
            _ => None,
        };
        finding.message.extend(more);
    }
}

/// Why it is not known whose file it is. In the folder of an organization only its trails deliver.
fn whose(finding: &Finding, request: &Request, unseen: Option<&str>) -> Option<String> {
    if let Some(unseen) = unseen {
        return Some(unseen.to_owned());
    }
    let account = finding.account_id.as_deref().filter(|account| *account != request.trail.account)?;
    let object = finding.object.as_deref()?;
    let folders = request.locations.iter().filter(|place| place.organization.is_some());
    let is_below =
        |place: &Location| object.starts_with(&format!("s3://{}/{}", place.bucket, place.accounts_prefix()));
    (!folders.into_iter().any(is_below)).then(|| format!("the trails of account {account} are not known"))
}

/// Where the chain goes on, in the words of the engine.
fn elsewhere(message: &str) -> Option<Location> {
    let (_, rest) = message.split_once("the chain goes on at s3://")?;
    let (bucket, key) = rest.split_once(", ")?.0.split_once('/')?;
    let (prefix, below) =
        key.strip_prefix("AWSLogs/").map(|below| ("", below)).or(key.split_once("/AWSLogs/"))?;
    let folder = below.split('/').next().filter(|folder| folder.starts_with("o-"));
    Some(Location {
        bucket: bucket.to_owned(),
        prefix: (!prefix.is_empty()).then(|| prefix.to_owned()),
        organization: folder.map(str::to_owned),
    })
}

/// What to write to have it read; nothing where that cannot be shown as it is.
fn remedy(Location { bucket, prefix, .. }: &Location) -> Option<String> {
    let prefix = prefix.as_deref().map(|prefix| format!("/{prefix}")).unwrap_or_default();
    let place = format!("s3://{bucket}{prefix}");
    (shown(&place) == place).then(|| format!("; with --earlier-location {} it is", quoted(&place)))
}

/// As a shell takes it for one word.
fn quoted(text: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "./:_-".contains(char);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use trail_operator_integrity::{Range, Trail};

    use super::{super::target, *};

    const ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit";

    /// What people are told besides of one finding.
    fn told(reason: Reason, account: &str, object: &str, message: &str, unseen: Option<&str>) -> String {
        let window = Range { start: Timestamp::UNIX_EPOCH, end: Timestamp::UNIX_EPOCH };
        let here = target::place("logs", Some("new"));
        let below = Location { organization: Some("o-exampleorg1".to_owned()), ..here.clone() };
        let mut request = Request::new(Trail::from_arn(ARN).unwrap(), here, window, Timestamp::UNIX_EPOCH);
        request.locations.push(below);
        let mut report = Report::new(ARN, window);
        report.findings.push(Finding {
            severity: reason.severity(),
            reason,
            object: Some(object.to_owned()),
            account_id: Some(account.to_owned()),
            region: Some("us-east-1".to_owned()),
            message: message.to_owned(),
        });
        explain(&mut report, &request, unseen);
        report.findings[0].message.strip_prefix(message).unwrap().to_owned()
    }

    fn goes_on(place: &str) -> String {
        let key = "111122223333/CloudTrail-Digest/us-east-1/2026/01/05/x.json.gz";
        let message = format!(
            "the chain goes on at s3://{place}AWSLogs/{key}, which is no digest of this: it was not read"
        );
        told(Reason::ObjectUnreadable, "111122223333", "s3://logs/x", &message, None)
    }

    #[test]
    fn where_the_chain_goes_on_is_told_as_it_is_to_be_written() {
        for (place, written) in [
            ("logs/", "s3://logs"),
            ("logs/old/", "s3://logs/old"),
            ("other/a/b/", "s3://other/a/b"),
            ("logs/it's old/", r"'s3://logs/it'\''s old'"),
            ("logs/$(x);/", "'s3://logs/$(x);'"),
        ] {
            assert_eq!(goes_on(place), format!("; with --earlier-location {written} it is"));
        }
        assert_eq!(goes_on("logs/\u{1b}[2J/"), "", "not to be typed");
        assert_eq!(goes_on("logs/new/"), "", "it is read there, and no such digest");
        let archived = "it is archived and can be read only after it was restored";
        assert_eq!(told(Reason::ObjectUnreadable, "111122223333", "s3://logs/x", archived, None), "");
    }

    #[test]
    fn a_file_that_may_be_of_a_trail_nobody_sees_is_told_as_such() {
        let own = "s3://logs/new/AWSLogs/111122223333/CloudTrail/us-east-1/x";
        let member = "s3://logs/new/AWSLogs/444455556666/CloudTrail/us-east-1/x";
        let below = "s3://logs/new/AWSLogs/o-exampleorg1/444455556666/CloudTrail/us-east-1/x";
        let other = "; or it is that of another trail, one without log file validation: ";
        let of = |account, object, unseen| {
            told(Reason::LogFileUnlisted, account, object, "no digest lists it", unseen)
        };
        assert_eq!(of("111122223333", own, None), "");
        assert_eq!(of("444455556666", below, None), "");
        assert_eq!(
            of("444455556666", member, None),
            format!("{other}the trails of account 444455556666 are not known")
        );
        for (account, object) in [("111122223333", own), ("444455556666", below)] {
            assert_eq!(of(account, object, Some("why")), format!("{other}why"));
        }
        assert_eq!(told(Reason::LogFileMissing, "111122223333", own, "it is gone", Some("why")), "");
    }
}
