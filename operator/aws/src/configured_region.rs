//! The Region that the user has configured, as the AWS command line finds it: no machine is asked where it stands.

use aws_config::{
    environment::EnvironmentVariableRegionProvider, meta::region::RegionProviderChain,
    profile::ProfileFileRegionProvider,
};

/// `AWS_REGION`, `AWS_DEFAULT_REGION`, then that of the profile; `None` where there is none.
pub async fn configured_region(profile: Option<&str>) -> Option<String> {
    let mut of_profile = ProfileFileRegionProvider::builder();
    if let Some(profile) = profile {
        of_profile = of_profile.profile_name(profile);
    }
    let chain =
        RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new()).or_else(of_profile.build());
    chain.region().await.map(|region| region.as_ref().to_owned()).filter(|region| !region.is_empty())
}
