//! Whose credentials these are, by `AwsAccount`, as this process has found out.
//!
//! Not taken from status: an earlier process may have run with other credentials.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

/// Account ids by uid of the `AwsAccount`.
#[derive(Clone, Default)]
pub(crate) struct Identities(Arc<Mutex<HashMap<String, String>>>);

impl Identities {
    /// AWS said that the credentials for this object belong to that account.
    pub(crate) fn found(&self, uid: &str, account_id: &str) {
        self.0.lock().insert(uid.to_owned(), account_id.to_owned());
    }

    /// The object is gone.
    pub(crate) fn forget(&self, uid: &str) {
        self.0.lock().remove(uid);
    }

    /// What AWS said.
    pub(crate) fn of(&self, uid: &str) -> Option<String> {
        self.0.lock().get(uid).cloned()
    }
}
