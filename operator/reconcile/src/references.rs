//! Where referenced objects come from: a cluster's caches, or files.

use std::{collections::BTreeMap, sync::Arc};

use trail_operator_crds::AwsAccount;

/// The objects that others point at.
pub trait References {
    /// The `AwsAccount` of that name, if there is one.
    ///
    /// # Errors
    /// When there is one, and this version cannot read it.
    fn aws_account(&self, name: &str) -> Result<Option<Arc<AwsAccount>>, Unreadable>;

    /// The account that the credentials for an `AwsAccount` belong to, where that has been found out. An answer of an
    /// earlier process does not count: the credentials may have been exchanged since.
    fn acting_in(&self, account: &AwsAccount) -> Option<String>;

    /// What is known of a namespace; `None` when it does not exist.
    fn namespace(&self, name: &str) -> Option<Namespace>;
}

/// There is an object of that name, and it is of no form that this version knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// The part of a namespace that matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Whether it is being deleted.
    pub terminating: bool,
}
