//! The presets, as data. A revision that was ever released stays here unchanged: alarms are held at it.
//!
//! Patterns of Security Hub are its own text to the letter, which its controls compare (`cloudtrail.md` 5.5). Those of CIS are
//! the benchmark's of version 5.0.0 (`cloudtrail.md` 5.6), with three things said where they stand: 4.13, 4.15 and what the
//! benchmark itself gets wrong in 4.1. Those of the guide are the guide's (`cloudtrail.md` 5.7).

use super::{Preset, Revision, Topic};

/// Where Security Hub demands the metric (`cloudtrail.md` 5.5).
const LOG_METRICS: &str = "LogMetrics";
/// Where CIS puts it (`cloudtrail.md` 5.6).
const CIS_BENCHMARK: &str = "CISBenchmark";
/// The guide names none.
const GUIDE: &str = "CloudTrailMetrics";

/// The first release.
const FIRST: &str = "2026-11";

const fn preset(name: &'static str, topic: Topic, revisions: &'static [Revision]) -> Preset {
    Preset { name, topic, revisions }
}

const fn first(metric_namespace: &'static str, pattern: &'static str) -> Revision {
    Revision { revision: FIRST, metric_namespace, pattern }
}

/// Every preset: Security Hub's, CIS's, the guide's.
pub(super) const PRESETS: &[Preset] = &[
    preset(
        "SecurityHub/CloudWatch.1",
        Topic::RootUsage,
        &[first(
            LOG_METRICS,
            r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#,
        )],
    ),
    preset(
        "SecurityHub/CloudWatch.2",
        Topic::UnauthorizedApiCalls,
        &[first(LOG_METRICS, r#"{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}"#)],
    ),
    preset(
        "SecurityHub/CloudWatch.3",
        Topic::ConsoleSignInWithoutMfa,
        &[first(
            LOG_METRICS,
            r#"{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }"#,
        )],
    ),
    preset(
        "SecurityHub/CloudWatch.4",
        Topic::IamPolicyChanges,
        &[first(
            LOG_METRICS,
            r"{($.eventSource=iam.amazonaws.com) && (($.eventName=DeleteGroupPolicy) || ($.eventName=DeleteRolePolicy) || ($.eventName=DeleteUserPolicy) || ($.eventName=PutGroupPolicy) || ($.eventName=PutRolePolicy) || ($.eventName=PutUserPolicy) || ($.eventName=CreatePolicy) || ($.eventName=DeletePolicy) || ($.eventName=CreatePolicyVersion) || ($.eventName=DeletePolicyVersion) || ($.eventName=AttachRolePolicy) || ($.eventName=DetachRolePolicy) || ($.eventName=AttachUserPolicy) || ($.eventName=DetachUserPolicy) || ($.eventName=AttachGroupPolicy) || ($.eventName=DetachGroupPolicy))}",
        )],
    ),
    preset(
        "SecurityHub/CloudWatch.5",
        Topic::CloudTrailChanges,
        &[first(
            LOG_METRICS,
            r"{($.eventName=CreateTrail) || ($.eventName=UpdateTrail) || ($.eventName=DeleteTrail) || ($.eventName=StartLogging) || ($.eventName=StopLogging)}",
        )],
    ),
    preset(
        "SecurityHub/CloudWatch.6",
        Topic::ConsoleAuthenticationFailures,
        &[first(LOG_METRICS, r#"{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}"#)],
    ),
    preset(
        "SecurityHub/CloudWatch.7",
        Topic::KmsKeysDisabledOrDeleted,
        &[first(
            LOG_METRICS,
            r"{($.eventSource=kms.amazonaws.com) && (($.eventName=DisableKey) || ($.eventName=ScheduleKeyDeletion))}",
        )],
    ),
    preset(
        "SecurityHub/CloudWatch.8",
        Topic::S3BucketPolicyChanges,
        &[first(
            LOG_METRICS,
            r"{($.eventSource=s3.amazonaws.com) && (($.eventName=PutBucketAcl) || ($.eventName=PutBucketPolicy) || ($.eventName=PutBucketCors) || ($.eventName=PutBucketLifecycle) || ($.eventName=PutBucketReplication) || ($.eventName=DeleteBucketPolicy) || ($.eventName=DeleteBucketCors) || ($.eventName=DeleteBucketLifecycle) || ($.eventName=DeleteBucketReplication))}",
        )],
    ),
    preset(
        "SecurityHub/CloudWatch.9",
        Topic::AwsConfigChanges,
        &[first(
            LOG_METRICS,
            r"{($.eventSource=config.amazonaws.com) && (($.eventName=StopConfigurationRecorder) || ($.eventName=DeleteDeliveryChannel) || ($.eventName=PutDeliveryChannel) || ($.eventName=PutConfigurationRecorder))}",
        )],
    ),
    preset(
        "SecurityHub/CloudWatch.10",
        Topic::SecurityGroupChanges,
        &[first(
            LOG_METRICS,
            r"{($.eventName=AuthorizeSecurityGroupIngress) || ($.eventName=AuthorizeSecurityGroupEgress) || ($.eventName=RevokeSecurityGroupIngress) || ($.eventName=RevokeSecurityGroupEgress) || ($.eventName=CreateSecurityGroup) || ($.eventName=DeleteSecurityGroup)}",
        )],
    ),
    preset(
        "SecurityHub/CloudWatch.11",
        Topic::NetworkAclChanges,
        &[first(
            LOG_METRICS,
            r"{($.eventName=CreateNetworkAcl) || ($.eventName=CreateNetworkAclEntry) || ($.eventName=DeleteNetworkAcl) || ($.eventName=DeleteNetworkAclEntry) || ($.eventName=ReplaceNetworkAclEntry) || ($.eventName=ReplaceNetworkAclAssociation)}",
        )],
    ),
    preset(
        "SecurityHub/CloudWatch.12",
        Topic::NetworkGatewayChanges,
        &[first(
            LOG_METRICS,
            r"{($.eventName=CreateCustomerGateway) || ($.eventName=DeleteCustomerGateway) || ($.eventName=AttachInternetGateway) || ($.eventName=CreateInternetGateway) || ($.eventName=DeleteInternetGateway) || ($.eventName=DetachInternetGateway)}",
        )],
    ),
    preset(
        "SecurityHub/CloudWatch.13",
        Topic::RouteTableChanges,
        &[first(
            LOG_METRICS,
            r"{($.eventSource=ec2.amazonaws.com) && (($.eventName=CreateRoute) || ($.eventName=CreateRouteTable) || ($.eventName=ReplaceRoute) || ($.eventName=ReplaceRouteTableAssociation) || ($.eventName=DeleteRouteTable) || ($.eventName=DeleteRoute) || ($.eventName=DisassociateRouteTable))}",
        )],
    ),
    preset(
        "SecurityHub/CloudWatch.14",
        Topic::VpcChanges,
        &[first(
            LOG_METRICS,
            r"{($.eventName=CreateVpc) || ($.eventName=DeleteVpc) || ($.eventName=ModifyVpcAttribute) || ($.eventName=AcceptVpcPeeringConnection) || ($.eventName=CreateVpcPeeringConnection) || ($.eventName=DeleteVpcPeeringConnection) || ($.eventName=RejectVpcPeeringConnection) || ($.eventName=AttachClassicLinkVpc) || ($.eventName=DetachClassicLinkVpc) || ($.eventName=DisableVpcClassicLink) || ($.eventName=EnableVpcClassicLink)}",
        )],
    ),
    // `&&` binds tighter than `||`, so the exclusions narrow AccessDenied alone (`cloudtrail.md` 5.6).
    preset(
        "CIS-5.0.0/4.1",
        Topic::UnauthorizedApiCalls,
        &[first(
            CIS_BENCHMARK,
            r#"{ ($.errorCode ="*UnauthorizedOperation") || ($.errorCode ="AccessDenied*") && ($.sourceIPAddress!="delivery.logs.amazonaws.com") && ($.eventName!="HeadBucket") }"#,
        )],
    ),
    preset(
        "CIS-5.0.0/4.2",
        Topic::ConsoleSignInWithoutMfa,
        &[first(
            CIS_BENCHMARK,
            r#"{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") }"#,
        )],
    ),
    preset(
        "CIS-5.0.0/4.3",
        Topic::RootUsage,
        &[first(
            CIS_BENCHMARK,
            r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#,
        )],
    ),
    preset(
        "CIS-5.0.0/4.4",
        Topic::IamPolicyChanges,
        &[first(
            CIS_BENCHMARK,
            r"{($.eventName=DeleteGroupPolicy) || ($.eventName=DeleteRolePolicy) || ($.eventName=DeleteUserPolicy) || ($.eventName=PutGroupPolicy) || ($.eventName=PutRolePolicy) || ($.eventName=PutUserPolicy) || ($.eventName=CreatePolicy) || ($.eventName=DeletePolicy) || ($.eventName=CreatePolicyVersion) || ($.eventName=DeletePolicyVersion) || ($.eventName=AttachRolePolicy) || ($.eventName=DetachRolePolicy) || ($.eventName=AttachUserPolicy) || ($.eventName=DetachUserPolicy) || ($.eventName=AttachGroupPolicy) || ($.eventName=DetachGroupPolicy)}",
        )],
    ),
    preset(
        "CIS-5.0.0/4.5",
        Topic::CloudTrailChanges,
        &[first(
            CIS_BENCHMARK,
            r"{($.eventName=CreateTrail) || ($.eventName=UpdateTrail) || ($.eventName=DeleteTrail) || ($.eventName=StartLogging) || ($.eventName=StopLogging)}",
        )],
    ),
    preset(
        "CIS-5.0.0/4.6",
        Topic::ConsoleAuthenticationFailures,
        &[first(
            CIS_BENCHMARK,
            r#"{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}"#,
        )],
    ),
    preset(
        "CIS-5.0.0/4.7",
        Topic::KmsKeysDisabledOrDeleted,
        &[first(
            CIS_BENCHMARK,
            r"{($.eventSource=kms.amazonaws.com) && (($.eventName=DisableKey) || ($.eventName=ScheduleKeyDeletion))}",
        )],
    ),
    preset(
        "CIS-5.0.0/4.8",
        Topic::S3BucketPolicyChanges,
        &[first(
            CIS_BENCHMARK,
            r"{($.eventSource=s3.amazonaws.com) && (($.eventName=PutBucketAcl) || ($.eventName=PutBucketPolicy) || ($.eventName=PutBucketCors) || ($.eventName=PutBucketLifecycle) || ($.eventName=PutBucketReplication) || ($.eventName=DeleteBucketPolicy) || ($.eventName=DeleteBucketCors) || ($.eventName=DeleteBucketLifecycle) || ($.eventName=DeleteBucketReplication))}",
        )],
    ),
    preset(
        "CIS-5.0.0/4.9",
        Topic::AwsConfigChanges,
        &[first(
            CIS_BENCHMARK,
            r"{($.eventSource=config.amazonaws.com) && (($.eventName=StopConfigurationRecorder) || ($.eventName=DeleteDeliveryChannel) || ($.eventName=PutDeliveryChannel) || ($.eventName=PutConfigurationRecorder))}",
        )],
    ),
    preset(
        "CIS-5.0.0/4.10",
        Topic::SecurityGroupChanges,
        &[first(
            CIS_BENCHMARK,
            r"{($.eventName=AuthorizeSecurityGroupIngress) || ($.eventName=AuthorizeSecurityGroupEgress) || ($.eventName=RevokeSecurityGroupIngress) || ($.eventName=RevokeSecurityGroupEgress) || ($.eventName=CreateSecurityGroup) || ($.eventName=DeleteSecurityGroup) || ($.eventName=ModifySecurityGroupRules)}",
        )],
    ),
    preset(
        "CIS-5.0.0/4.11",
        Topic::NetworkAclChanges,
        &[first(
            CIS_BENCHMARK,
            r"{($.eventName=CreateNetworkAcl) || ($.eventName=CreateNetworkAclEntry) || ($.eventName=DeleteNetworkAcl) || ($.eventName=DeleteNetworkAclEntry) || ($.eventName=ReplaceNetworkAclEntry) || ($.eventName=ReplaceNetworkAclAssociation)}",
        )],
    ),
    preset(
        "CIS-5.0.0/4.12",
        Topic::NetworkGatewayChanges,
        &[first(
            CIS_BENCHMARK,
            r"{($.eventName=CreateCustomerGateway) || ($.eventName=DeleteCustomerGateway) || ($.eventName=AttachInternetGateway) || ($.eventName=CreateInternetGateway) || ($.eventName=DeleteInternetGateway) || ($.eventName=DetachInternetGateway)}",
        )],
    ),
    // The audit text of the benchmark lacks parentheses, its remediation text the source; other services have a CreateRoute
    // too, so both are here, as Security Hub writes it.
    preset(
        "CIS-5.0.0/4.13",
        Topic::RouteTableChanges,
        &[first(
            CIS_BENCHMARK,
            r"{($.eventSource=ec2.amazonaws.com) && (($.eventName=CreateRoute) || ($.eventName=CreateRouteTable) || ($.eventName=ReplaceRoute) || ($.eventName=ReplaceRouteTableAssociation) || ($.eventName=DeleteRouteTable) || ($.eventName=DeleteRoute) || ($.eventName=DisassociateRouteTable))}",
        )],
    ),
    preset(
        "CIS-5.0.0/4.14",
        Topic::VpcChanges,
        &[first(
            CIS_BENCHMARK,
            r"{($.eventName=CreateVpc) || ($.eventName=DeleteVpc) || ($.eventName=ModifyVpcAttribute) || ($.eventName=AcceptVpcPeeringConnection) || ($.eventName=CreateVpcPeeringConnection) || ($.eventName=DeleteVpcPeeringConnection) || ($.eventName=RejectVpcPeeringConnection) || ($.eventName=AttachClassicLinkVpc) || ($.eventName=DetachClassicLinkVpc) || ($.eventName=DisableVpcClassicLink) || ($.eventName=EnableVpcClassicLink)}",
        )],
    ),
    // The benchmark names eighteen events; CancelHandshake, CreateOrganization and EnableAllFeatures are what scanners ask
    // for besides (`peers.md` 7: twenty-one).
    preset(
        "CIS-5.0.0/4.15",
        Topic::OrganizationsChanges,
        &[first(
            CIS_BENCHMARK,
            r"{($.eventSource=organizations.amazonaws.com) && (($.eventName=AcceptHandshake) || ($.eventName=AttachPolicy) || ($.eventName=CancelHandshake) || ($.eventName=CreateAccount) || ($.eventName=CreateOrganization) || ($.eventName=CreateOrganizationalUnit) || ($.eventName=CreatePolicy) || ($.eventName=DeclineHandshake) || ($.eventName=DeleteOrganization) || ($.eventName=DeleteOrganizationalUnit) || ($.eventName=DeletePolicy) || ($.eventName=EnableAllFeatures) || ($.eventName=EnablePolicyType) || ($.eventName=InviteAccountToOrganization) || ($.eventName=LeaveOrganization) || ($.eventName=DetachPolicy) || ($.eventName=DisablePolicyType) || ($.eventName=MoveAccount) || ($.eventName=RemoveAccountFromOrganization) || ($.eventName=UpdateOrganizationalUnit) || ($.eventName=UpdatePolicy))}",
        )],
    ),
    preset("guide/root-usage", Topic::RootUsage, &[first(GUIDE, r#"{$.userIdentity.type = "Root"}"#)]),
    preset(
        "guide/console-login-without-mfa",
        Topic::ConsoleSignInWithoutMfa,
        &[first(GUIDE, r#"{$.eventName = "ConsoleLogin" && $.additionalEventData.MFAUsed != "Yes"}"#)],
    ),
    preset(
        "guide/iam-policy-changes",
        Topic::IamPolicyChanges,
        &[first(GUIDE, r#"{$.eventName = "Put*Policy" || $.eventName = "Delete*Policy"}"#)],
    ),
    preset(
        "guide/security-group-changes",
        Topic::SecurityGroupChanges,
        &[first(
            GUIDE,
            r#"{$.eventName = "AuthorizeSecurityGroup*" || $.eventName = "RevokeSecurityGroup*"}"#,
        )],
    ),
    preset(
        "guide/network-acl-changes",
        Topic::NetworkAclChanges,
        &[first(GUIDE, r#"{$.eventName = "*NetworkAcl*"}"#)],
    ),
];
