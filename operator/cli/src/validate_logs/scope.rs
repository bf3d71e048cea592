//! Which Regions and accounts are verified. Pure.

use trail_operator_integrity::{Report, Request, Selection, Trail};

/// What was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked<'a> {
    pub(super) region: Option<&'a str>,
    pub(super) all_regions: bool,
    /// Of the environment or the profile.
    pub(super) configured_region: Option<&'a str>,
    pub(super) account: Option<&'a str>,
    /// Whether a Trail of the cluster is meant: its Regions are all that it declares.
    pub(super) is_declared: bool,
}

/// What is known of the trail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) is_multi_region: Option<bool>,
    pub(super) is_of_organization: Option<bool>,
}

/// The Regions, and what to say of the choice.
pub(super) fn regions(asked: &Asked<'_>, known: Known, trail: &Trail) -> (Selection, Option<String>) {
    let home = trail.home_region.as_str();
    let one = |region: &str| Selection::Only(vec![region.to_owned()]);
    let is_single = known.is_multi_region == Some(false);
    if let Some(region) = asked.region {
        let wrong = (is_single && region != home)
            .then(|| format!("the trail records only its home Region, {home}, and --region is {region}"));
        return (one(region), wrong);
    }
    // In a bucket of several trails the folders of other Regions are not this trail's.
    if is_single {
        return (one(home), None);
    }
    if asked.all_regions || asked.is_declared {
        return (Selection::All, None);
    }
    let region = asked.configured_region.unwrap_or(home);
    let note =
        format!("only Region {region} is verified; --all-regions verifies every one the trail records");
    (one(region), Some(note))
}

/// The accounts: the trail's own, unless the trail is an organization's.
pub(super) fn accounts(asked: &Asked<'_>, is_of_organization: bool, trail: &Trail) -> Selection {
    match asked.account {
        Some(account) => Selection::Only(vec![account.to_owned()]),
        None if is_of_organization => Selection::All,
        None => Selection::Only(vec![trail.account.clone()]),
    }
}

/// What was not verified since there is no folder of it any more, though CloudTrail says it delivered digests there: a
/// request of its own, as the folders of others do not tell of it.
pub(super) fn vanished(request: &Request, report: &Report) -> Option<Request> {
    let own = request.trail.account.clone();
    let is_asked = match &request.accounts {
        Selection::All => true,
        Selection::Only(accounts) => accounts.contains(&own),
    };
    if request.regions != Selection::All || !is_asked {
        return None;
    }
    let was_verified = |region: &String| {
        report.chains.iter().any(|chain| chain.account_id == own && chain.region == *region)
    };
    let delivered = request.delivery.iter().filter(|(region, delivery)| {
        let in_time = delivery.latest_digest.is_some_and(|latest| latest > request.window.start);
        in_time && !was_verified(region)
    });
    let regions: Vec<_> = delivered.map(|(region, _)| region.clone()).collect();
    (!regions.is_empty()).then(|| Request {
        accounts: Selection::Only(vec![own]),
        regions: Selection::Only(regions),
        ..request.clone()
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use trail_operator_integrity::{ChainReport, Delivery, Range};

    use super::*;

    fn trail() -> Trail {
        Trail::from_arn("arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit").unwrap()
    }

    fn only(name: &str) -> Selection {
        Selection::Only(vec![name.to_owned()])
    }

    fn known(is_multi_region: Option<bool>) -> Known {
        Known { is_multi_region, is_of_organization: None }
    }

    #[test]
    fn a_region_is_the_one_of_the_flag_else_of_the_environment_else_the_home_of_the_trail() {
        let configured = Asked { configured_region: Some("us-west-2"), ..Asked::default() };
        let flag = Asked { region: Some("us-east-1"), ..configured };
        let all = Asked { all_regions: true, ..configured };
        let declared = Asked { is_declared: true, ..configured };
        for (asked, is_multi_region, selection, is_noted) in [
            (flag, Some(true), only("us-east-1"), false),
            (flag, None, only("us-east-1"), false),
            (flag, Some(false), only("us-east-1"), true),
            (configured, Some(true), only("us-west-2"), true),
            (configured, None, only("us-west-2"), true),
            (configured, Some(false), only("eu-west-1"), false),
            (Asked::default(), Some(true), only("eu-west-1"), true),
            (Asked::default(), Some(false), only("eu-west-1"), false),
            (all, Some(true), Selection::All, false),
            (all, None, Selection::All, false),
            (all, Some(false), only("eu-west-1"), false),
            (declared, Some(true), Selection::All, false),
            (declared, Some(false), only("eu-west-1"), false),
            (Asked { is_declared: true, ..flag }, Some(true), only("us-east-1"), false),
        ] {
            let (regions, note) = regions(&asked, known(is_multi_region), &trail());
            assert_eq!((&regions, note.is_some()), (&selection, is_noted), "{asked:?} {is_multi_region:?}");
        }
    }

    #[test]
    fn the_accounts_are_the_trails_own_or_all_of_its_organization() {
        let one = Asked { account: Some("444455556666"), ..Asked::default() };
        assert_eq!(accounts(&one, true, &trail()), only("444455556666"));
        assert_eq!(accounts(&one, false, &trail()), only("444455556666"));
        assert_eq!(accounts(&Asked::default(), true, &trail()), Selection::All);
        assert_eq!(accounts(&Asked::default(), false, &trail()), only("111122223333"));
    }

    #[test]
    fn a_region_without_a_folder_is_verified_where_cloudtrail_says_that_it_delivered_there() {
        let at = |hour: i64| Timestamp::from_second(1_767_571_200 + 3600 * hour).unwrap();
        let window = Range { start: at(0), end: at(9) };
        let mut request = Request::new(trail(), super::super::target::place("b", None), window, at(9));
        let delivered = |hour| Delivery { latest_digest: Some(at(hour)), stopped: None };
        let never = Delivery { latest_digest: None, stopped: None };
        for (region, delivery) in [
            ("eu-west-1", delivered(8)),
            ("us-east-1", delivered(8)),
            ("us-west-2", never),
            ("sa-east-1", delivered(-5)),
        ] {
            request.delivery.insert(region.to_owned(), delivery);
        }
        let mut report = Report::new(&request.trail.arn, window);
        report.chains.push(ChainReport::new("111122223333", "eu-west-1"));
        report.chains.push(ChainReport::new("444455556666", "us-east-1"));
        let more = vanished(&request, &report).unwrap();
        assert_eq!((more.accounts, more.regions), (only("111122223333"), only("us-east-1")));
        let other_account = Request { accounts: only("444455556666"), ..request.clone() };
        assert!(vanished(&other_account, &report).is_none());
        let one_region = Request { regions: only("eu-west-1"), ..request.clone() };
        assert!(vanished(&one_region, &report).is_none());
        report.chains.push(ChainReport::new("111122223333", "us-east-1"));
        assert!(vanished(&request, &report).is_none());
    }
}
