//! Alarms that standards ask for, ready to be filled into a manifest.
//!
//! Knows the standards' patterns, metrics and numbers. Must not know manifests or AWS. Revisions are data that stays: an
//! upgrade changes no alarm by itself.

mod table;
#[cfg(test)]
mod tests;

/// An alarm that a standard asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name: `SecurityHub/CloudWatch.1`, `CIS-5.0.0/4.3`, `guide/root-usage`.
    pub name: &'static str,
    /// What it is about.
    pub topic: Topic,
    /// Oldest first; never empty.
    revisions: &'static [Revision],
}

/// One state of a preset. The alarm's own settings are the same for all (`cloudtrail.md` 5.5, 5.6): the sum over five
/// minutes, one or more, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Year and month.
    pub revision: &'static str,
    /// Namespace of the metric.
    pub metric_namespace: &'static str,
    /// The filter pattern.
    pub pattern: &'static str,
}

/// What alarms of the standards are about, in the order of CIS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Unauthorized API calls.
    UnauthorizedApiCalls,
    /// Console sign-in without MFA.
    ConsoleSignInWithoutMfa,
    /// Use of the root user.
    RootUsage,
    /// Changes of IAM policies.
    IamPolicyChanges,
    /// Changes of CloudTrail.
    CloudTrailChanges,
    /// Failed console sign-ins.
    ConsoleAuthenticationFailures,
    /// KMS keys disabled or scheduled for deletion.
    KmsKeysDisabledOrDeleted,
    /// Changes of S3 bucket policies.
    S3BucketPolicyChanges,
    /// Changes of AWS Config.
    AwsConfigChanges,
    /// Changes of security groups.
    SecurityGroupChanges,
    /// Changes of network ACLs.
    NetworkAclChanges,
    /// Changes of network gateways.
    NetworkGatewayChanges,
    /// Changes of route tables.
    RouteTableChanges,
    /// Changes of VPCs.
    VpcChanges,
    /// Changes of AWS Organizations.
    OrganizationsChanges,
}

impl Topic {
    /// Every topic.
    pub const ALL: &'static [Self] = &[
        Self::UnauthorizedApiCalls,
        Self::ConsoleSignInWithoutMfa,
        Self::RootUsage,
        Self::IamPolicyChanges,
        Self::CloudTrailChanges,
        Self::ConsoleAuthenticationFailures,
        Self::KmsKeysDisabledOrDeleted,
        Self::S3BucketPolicyChanges,
        Self::AwsConfigChanges,
        Self::SecurityGroupChanges,
        Self::NetworkAclChanges,
        Self::NetworkGatewayChanges,
        Self::RouteTableChanges,
        Self::VpcChanges,
        Self::OrganizationsChanges,
    ];

    /// In words.
    pub fn title(self) -> &'static str {
        match self {
            Self::UnauthorizedApiCalls => "unauthorized API calls",
            Self::ConsoleSignInWithoutMfa => "console sign-in without MFA",
            Self::RootUsage => "use of the root user",
            Self::IamPolicyChanges => "changes of IAM policies",
            Self::CloudTrailChanges => "changes of CloudTrail",
            Self::ConsoleAuthenticationFailures => "failed console sign-ins",
            Self::KmsKeysDisabledOrDeleted => "KMS keys disabled or scheduled for deletion",
            Self::S3BucketPolicyChanges => "changes of S3 bucket policies",
            Self::AwsConfigChanges => "changes of AWS Config",
            Self::SecurityGroupChanges => "changes of security groups",
            Self::NetworkAclChanges => "changes of network ACLs",
            Self::NetworkGatewayChanges => "changes of network gateways",
            Self::RouteTableChanges => "changes of route tables",
            Self::VpcChanges => "changes of VPCs",
            Self::OrganizationsChanges => "changes of AWS Organizations",
        }
    }

    /// Name of the metric.
    pub fn metric_name(self) -> &'static str {
        match self {
            Self::UnauthorizedApiCalls => "UnauthorizedApiCalls",
            Self::ConsoleSignInWithoutMfa => "ConsoleSignInWithoutMfa",
            Self::RootUsage => "RootUsage",
            Self::IamPolicyChanges => "IamPolicyChanges",
            Self::CloudTrailChanges => "CloudTrailChanges",
            Self::ConsoleAuthenticationFailures => "ConsoleAuthenticationFailures",
            Self::KmsKeysDisabledOrDeleted => "KmsKeysDisabledOrDeleted",
            Self::S3BucketPolicyChanges => "S3BucketPolicyChanges",
            Self::AwsConfigChanges => "AwsConfigChanges",
            Self::SecurityGroupChanges => "SecurityGroupChanges",
            Self::NetworkAclChanges => "NetworkAclChanges",
            Self::NetworkGatewayChanges => "NetworkGatewayChanges",
            Self::RouteTableChanges => "RouteTableChanges",
            Self::VpcChanges => "VpcChanges",
            Self::OrganizationsChanges => "OrganizationsChanges",
        }
    }

    /// Its section in chapter 4 of CIS 3.0.0 and 5.0.0, chapter 3 of 1.2.0, chapter 4 of 1.4.0, chapter 5 of 6.0.0 and 7.0.0
    /// (`cloudtrail.md` 5.6).
    pub fn section(self) -> usize {
        1 + self as usize
    }

    /// The preset of CIS.
    pub fn cis(self) -> Option<&'static Preset> {
        find(&format!("CIS-5.0.0/4.{}", self.section()))
    }

    /// The preset of Security Hub. It has none about AWS Organizations.
    pub fn security_hub(self) -> Option<&'static Preset> {
        let presets = all().iter();
        presets.clone().find(|preset| preset.topic == self && preset.name.starts_with("SecurityHub/"))
    }
}

impl Preset {
    /// The newest state.
    pub fn newest(&self) -> Option<&'static Revision> {
        self.revisions.last()
    }

    /// The state of that name.
    pub fn revision(&self, name: &str) -> Option<&'static Revision> {
        self.revisions.iter().find(|revision| revision.revision == name)
    }

    /// Names of its states, oldest first.
    pub fn revisions(&self) -> impl Iterator<Item = &'static str> {
        self.revisions.iter().map(|revision| revision.revision)
    }

    /// The standard: what stands before the slash.
    pub fn standard(&self) -> &'static str {
        self.name.split_once('/').map_or(self.name, |(standard, _)| standard)
    }

    /// Its number or name in the standard.
    pub fn control(&self) -> &'static str {
        self.name.split_once('/').map_or("", |(_, control)| control)
    }
}

/// Every preset.
pub fn all() -> &'static [Preset] {
    table::PRESETS
}

/// Other versions of CIS, with the chapter that theirs is (`cloudtrail.md` 5.6), and how many sections it has in common.
const VERSIONS: [(&str, &str, usize); 5] = [
    ("CIS-1.2.0/", "3.", 14),
    ("CIS-1.4.0/", "4.", 15),
    ("CIS-3.0.0/", "4.", 15),
    ("CIS-6.0.0/", "5.", 15),
    ("CIS-7.0.0/", "5.", 15),
];

/// The preset of that name, which may also be the name of another version of CIS. Capitals do not matter.
pub fn find(name: &str) -> Option<&'static Preset> {
    let named = |wanted: &str| all().iter().find(|preset| preset.name.eq_ignore_ascii_case(wanted));
    named(name).or_else(|| {
        let name = name.to_ascii_uppercase();
        let section = VERSIONS.iter().find_map(|(version, chapter, last)| {
            let section = name.strip_prefix(version)?.strip_prefix(chapter)?.parse().ok()?;
            (1..=*last).contains(&section).then_some(section)
        })?;
        named(&format!("CIS-5.0.0/4.{section}"))
    })
}

/// Names of the standards, and of the other versions of CIS.
pub fn standards() -> Vec<&'static str> {
    let mut names = Vec::new();
    for preset in all() {
        if !names.contains(&preset.standard()) {
            names.push(preset.standard());
        }
    }
    names.extend(VERSIONS.iter().map(|(version, ..)| version.trim_end_matches('/')));
    names
}

/// The presets of a standard or of another version of CIS; `cis` alone is the newest. Capitals, '-' and '_' do not matter.
pub fn of_standard(name: &str) -> Option<Vec<&'static Preset>> {
    let bare = |name: &str| name.replace(['-', '_'], "").to_ascii_lowercase();
    let name = bare(name);
    let other = VERSIONS.iter().find(|(version, ..)| bare(version.trim_end_matches('/')) == name);
    if let Some((.., last)) = other {
        return Some(Topic::ALL.iter().take(*last).filter_map(|topic| topic.cis()).collect());
    }
    let is_of = |preset: &&Preset| {
        let standard = bare(preset.standard());
        standard == name || (name == "cis" && standard.starts_with("cis"))
    };
    let of: Vec<_> = all().iter().filter(is_of).collect();
    (!of.is_empty()).then_some(of)
}
