//! Trails of manifests, in the judgement of the operator, with what they would cost. Pure but for reading files, and for
//! asking AWS who we are where it is asked at all.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Result, bail};
use jiff::Timestamp;
use trail_operator_aws::Clients;
use trail_operator_domain::cost::{
    Decimal, Extrapolated, Object, ObjectKind, Prices, Retention, Trail,
    counting::{Kind, NamedSelector},
};
use trail_operator_reconcile::trail::{
    Input,
    cost::{self, Account, Month, Subject},
};

use super::{
    counting::Counting,
    dearest::{self, dearest},
    priced::{Detail, Priced, is_of_events},
    usage::Usages,
};
use crate::{
    plan::{Objects, identify, input_of, read_all_manifests},
    selector::accepted,
};

/// Stands for an account of which nothing says what it is.
pub(super) const NO_ACCOUNT: &str = "000000000000";

/// Manifests and the trails that they declare.
#[derive(Debug)]
pub(super) struct Manifests {
    objects: Objects,
    pub(super) inputs: Vec<Input>,
    /// AwsAccounts that are not among them.
    pub(super) unnamed: Vec<String>,
}

/// Where the events of a month are known from.
pub(super) enum Volume<'a> {
    /// Events that were counted.
    Counted(&'a Counting),
    /// A usage file of Infracost.
    Usage(&'a Usages),
    /// CloudWatch's metrics where AWS is asked, and what the manifests expect.
    AsDeclared,
}

/// What trails are priced with.
pub(super) struct Pricing<'a> {
    pub(super) volume: Volume<'a>,
    pub(super) prices: &'a Prices,
    /// Days after which what is stored expires, where somebody says so.
    pub(super) retention: Option<u32>,
    /// What AWS says of the account of each Trail, by its ARN.
    pub(super) seen: BTreeMap<String, Account>,
    pub(super) now: Timestamp,
}

impl Manifests {
    /// Reads them. There has to be a Trail, and every EventSelector of one has to be accepted.
    pub(super) async fn read(
        paths: &[PathBuf],
        namespace: Option<&str>,
        clients: Option<&Clients>,
    ) -> Result<Self> {
        let mut objects = read_all_manifests(paths, namespace, None)?;
        if objects.trails.is_empty() {
            bail!(
                "there is no Trail in {}; what is there can be priced together with its Trail only",
                paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
            );
        }
        let mut unnamed = Vec::new();
        if let Some(clients) = clients {
            identify(&mut objects, clients, false).await?;
        } else {
            objects.take_accounts_at_their_word();
            unnamed.extend(objects.accounts_to_be_made_up());
        }
        for name in &unnamed {
            objects.make_up_account(name, NO_ACCOUNT);
        }
        for object in &objects.event_selectors {
            let (namespace, name) = object.trail();
            let is_its = |trail: &&trail_operator_crds::Trail| {
                trail.metadata.namespace.as_deref() == Some(namespace)
                    && trail.metadata.name.as_deref() == Some(name)
            };
            if objects.trails.iter().any(|trail| is_its(&trail)) {
                accepted(object, &objects)?;
            }
        }
        let mut manifests = Self { objects, inputs: Vec::new(), unnamed };
        manifests.dereference()?;
        Ok(manifests)
    }

    /// Takes the accounts that are not among them for this one.
    pub(super) fn be_of(&mut self, account_id: &str) -> Result<()> {
        for name in &self.unnamed {
            self.objects.make_up_account(name, account_id);
        }
        self.dereference()
    }

    /// What the trails are to be, with the objects as they are now known.
    fn dereference(&mut self) -> Result<()> {
        let now = Timestamp::now();
        let mut inputs = Vec::new();
        for trail in &self.objects.trails {
            match input_of(trail, &self.objects, now) {
                Ok(input) => inputs.push(input),
                Err(unresolved) => {
                    let metadata = &trail.metadata;
                    bail!(
                        "Trail {}/{}: {}: {}",
                        metadata.namespace.as_deref().unwrap_or_default(),
                        metadata.name.as_deref().unwrap_or_default(),
                        unresolved.reason().as_str(),
                        unresolved.message()
                    );
                }
            }
        }
        self.inputs = inputs;
        Ok(())
    }

    /// What their cost depends on.
    pub(super) fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.inputs.iter().map(|input| &*input.cost)
    }

    /// Whose each trail's bucket is declared to be.
    pub(super) fn bucket_owners(&self) -> impl Iterator<Item = Option<&str>> {
        self.objects.trails.iter().map(|trail| trail.spec.s3.bucket_owner.as_deref())
    }

    /// What each of them costs.
    pub(super) fn price(&self, pricing: &Pricing<'_>) -> Vec<Priced> {
        self.inputs.iter().map(|input| self.price_one(input, pricing)).collect()
    }

    fn price_one(&self, input: &Input, pricing: &Pricing<'_>) -> Priced {
        let account = self.account(input, pricing);
        let mut subject = (*input.cost).clone();
        subject.trail.logging_since = age(pricing, input, &subject.trail.arn);
        let (month, account) = match &pricing.volume {
            Volume::Counted(counting) => {
                let month = counting.month(&subject);
                subject.pairs = month.as_ref().map_or(subject.pairs, pairs);
                (month, account)
            }
            Volume::Usage(usages) => (None, usages.put(&mut subject, account)),
            Volume::AsDeclared => (None, account),
        };
        let priced_month = month.clone().map(|events| Month { events, log_files: None });
        let mut costs =
            cost::estimate_month(&subject, &account, priced_month.as_ref(), pricing.prices, pricing.now);
        if let Volume::Usage(_) = pricing.volume {
            costs.sample = String::from("the usage file");
        }
        let judged = cost::judge(&subject, Some(&costs), &<_>::default(), pricing.now);
        let name = (subject.object.namespace.clone(), subject.object.name.clone());
        let detail = costs.estimate.clone().map(|estimate| {
            let lines: Vec<_> = cost::own_lines(&subject, &estimate).into_iter().cloned().collect();
            let frequent = match &pricing.volume {
                Volume::Counted(counting) => counting.most_frequent(&subject, dearest::MOST),
                Volume::Usage(_) | Volume::AsDeclared => Vec::new(),
            };
            let called = format!("{}/{}", name.0, name.1);
            let of_events: Vec<_> = lines.iter().filter(|line| is_of_events(line)).cloned().collect();
            Detail {
                events: month.as_ref().map(|month| events(&subject, month)).unwrap_or_default(),
                dearest: month
                    .as_ref()
                    .map(|month| dearest(&called, month, &frequent, &of_events))
                    .unwrap_or_default(),
                lines,
                estimate,
            }
        });
        Priced::of_facts(name, judged.status, &judged.facts, detail)
    }

    /// The trail's account: what AWS says, with the other manifests' trails as they would be.
    fn account(&self, input: &Input, pricing: &Pricing<'_>) -> Account {
        let mut account = pricing.seen.get(&input.arn).cloned().unwrap_or_else(|| Account::declared(input));
        let declared: Vec<_> = self.inputs.iter().map(|input| input.arn.as_str()).collect();
        account.trails.retain(|trail| !declared.contains(&trail.arn.as_str()));
        let others = self.inputs.iter().filter(|other| other.arn != input.arn);
        account.trails.extend(others.map(|other| {
            let trail = other.cost.trail.clone();
            Trail { logging_since: age(pricing, input, &trail.arn), ..trail }
        }));
        if let Some(days) = pricing.retention {
            let days = Retention::Days(days);
            if let Some(bucket) = &mut account.bucket {
                bucket.retention = days;
            }
            if let Some((group, _)) = &mut account.log_group {
                group.retention = days;
            }
        }
        account
    }
}

/// Since when a trail of the account of another logs.
fn age(pricing: &Pricing<'_>, input: &Input, arn: &str) -> Option<i64> {
    let seen = pricing.seen.get(&input.arn)?;
    seen.trails.iter().find(|trail| trail.arn == arn)?.logging_since
}

/// How many pairs of account and Region deliver.
fn pairs(month: &Extrapolated<Kind>) -> u32 {
    let pairs: std::collections::BTreeSet<_> =
        month.monthly.keys().map(|kind| (&kind.account, &kind.region)).collect();
    u32::try_from(pairs.len()).unwrap_or(u32::MAX).max(1)
}

/// Events a month that each EventSelector takes.
fn events(subject: &Subject, month: &Extrapolated<Kind>) -> BTreeMap<Object, Decimal> {
    let taken = |name: &str| {
        let of_it = month.monthly.iter().filter(|(kind, _)| kind.selector.as_deref() == Some(name));
        of_it.map(|(_, monthly)| monthly.events).sum()
    };
    let object = |named: &NamedSelector| {
        let (namespace, name) = named.name.split_once('/')?;
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        Some((Object { kind: ObjectKind::EventSelector, namespace, name }, taken(&named.name)))
    };
    subject.named.iter().filter_map(object).collect()
}
