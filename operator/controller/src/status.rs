//! Writing status: by server-side apply, only when it differs, and only to the very object that was read.

use std::fmt::Debug;

use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use crate::kubernetes::{self, CallError};

/// Owner of the fields of status.
const FIELD_MANAGER: &str = "trail-operator";

/// Writes `status` and gives the object's new resourceVersion. An object that is gone needs no status.
pub(crate) async fn write<K, S>(api: &Api<K>, object: &K, status: &S) -> Result<Option<String>, CallError>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
    S: Serialize,
{
    let patch = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        // The uid makes a write to another object that has taken the name a conflict.
        "metadata": {"uid": object.meta().uid},
        "status": status,
    });
    let params = PatchParams::apply(FIELD_MANAGER).force();
    let patch = Patch::Apply(&patch);
    match kubernetes::call("writing status", api.patch_status(&object.name_any(), &params, &patch)).await {
        Ok(written) => Ok(written.resource_version()),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
