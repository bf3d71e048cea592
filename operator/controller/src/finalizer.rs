//! Putting the finalizer on and taking it off. The only thing in users' metadata that the operator ever writes.

use std::fmt::Debug;

use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
};
use serde::de::DeserializeOwned;
use serde_json::json;
use trail_operator_crds::FINALIZER;

use crate::kubernetes::{self, CallError};

/// Whether the finalizer is on.
pub(crate) fn is_on<K: Resource>(object: &K) -> bool {
    object.finalizers().iter().any(|finalizer| finalizer == FINALIZER)
}

/// Puts it on. The watch brings the object back.
pub(crate) async fn put_on<K>(api: &Api<K>, object: &K) -> Result<(), CallError>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let finalizers = object.finalizers().iter().cloned().chain([FINALIZER.to_owned()]).collect();
    replace("putting the finalizer on", api, object, finalizers).await
}

/// Takes it off. An object that is gone needs nothing.
pub(crate) async fn take_off<K>(api: &Api<K>, object: &K) -> Result<(), CallError>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let finalizers =
        object.finalizers().iter().filter(|finalizer| *finalizer != FINALIZER).cloned().collect();
    match replace("taking the finalizer off", api, object, finalizers).await {
        Err(error) if error.is_not_found() => Ok(()),
        result => result,
    }
}

/// The resourceVersion makes it a conflict when somebody else has changed the list since.
async fn replace<K>(
    what: &'static str,
    api: &Api<K>,
    object: &K,
    finalizers: Vec<String>,
) -> Result<(), CallError>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let version = object.resource_version();
    let patch = json!({"metadata": {"resourceVersion": version, "finalizers": finalizers}});
    let patch = Patch::Merge(&patch);
    kubernetes::call(what, api.patch_metadata(&object.name_any(), &PatchParams::default(), &patch))
        .await
        .map(drop)
}
