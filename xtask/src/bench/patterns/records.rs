//! Records of an account at work: many services, most of them reading, some of them what alarms are about.
//!
//! Knows: what records hold. Must not know: patterns.

use std::fmt::Write as _;

use fastrand::Rng;
use test_lab::{ACCOUNT, REGION};

/// Service, event, whether it only reads, parameters, response.
type Call = (&'static str, &'static str, bool, &'static str, &'static str);

/// What fills log files.
const USUAL: [Call; 14] = [
    (
        "sts",
        "AssumeRole",
        true,
        r#"{"roleArn":"arn:aws:iam::111122223333:role/deploy","roleSessionName":"ci-48213","durationSeconds":3600}"#,
        r#"{"credentials":{"accessKeyId":"ASIAEXAMPLE0000EXAMPLE","sessionToken":"IQoJb3JpZ2luX2VjEXAMPLETOKENIQoJb3JpZ2luX2VjEXAMPLETOKENIQoJb3JpZ2luX2VjEXAMPLETOKEN","expiration":"Jan 5, 2026, 11:00:00 AM"},"assumedRoleUser":{"assumedRoleId":"AROAEXAMPLE:ci-48213","arn":"arn:aws:sts::111122223333:assumed-role/deploy/ci-48213"}}"#,
    ),
    (
        "kms",
        "Decrypt",
        true,
        r#"{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"aws:s3:arn":"arn:aws:s3:::example-data"}}"#,
        "null",
    ),
    (
        "kms",
        "GenerateDataKey",
        true,
        r#"{"keyId":"arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab","keySpec":"AES_256"}"#,
        "null",
    ),
    (
        "ec2",
        "DescribeInstances",
        true,
        r#"{"maxResults":1000,"instancesSet":{},"filterSet":{"items":[{"name":"tag:team","valueSet":{"items":[{"value":"orders"}]}}]}}"#,
        "null",
    ),
    (
        "ec2",
        "DescribeNetworkInterfaces",
        true,
        r#"{"networkInterfaceIdSet":{"items":[{"networkInterfaceId":"eni-0a1b2c3d4e5f60718"}]},"filterSet":{}}"#,
        "null",
    ),
    (
        "s3",
        "GetBucketAcl",
        true,
        r#"{"bucketName":"example-logs","Host":"example-logs.s3.amazonaws.com","acl":""}"#,
        "null",
    ),
    (
        "s3",
        "HeadBucket",
        true,
        r#"{"bucketName":"example-data","Host":"example-data.s3.us-east-1.amazonaws.com"}"#,
        "null",
    ),
    (
        "logs",
        "CreateLogStream",
        false,
        r#"{"logGroupName":"/aws/lambda/orders","logStreamName":"2026/01/05/[$LATEST]d41d8cd98f00b204e9800998ecf8427e"}"#,
        "null",
    ),
    ("lambda", "ListFunctions20150331", true, r#"{"maxItems":10000}"#, "null"),
    ("dynamodb", "DescribeTable", true, r#"{"tableName":"orders"}"#, "null"),
    (
        "ecs",
        "SubmitTaskStateChange",
        false,
        r#"{"cluster":"production","task":"arn:aws:ecs:us-east-1:111122223333:task/production/0123456789abcdef0123456789abcdef","status":"RUNNING","containers":[{"containerName":"api","status":"RUNNING","networkBindings":[{"bindIP":"0.0.0.0","containerPort":8080,"hostPort":32768,"protocol":"tcp"}]}]}"#,
        r#"{"acknowledgment":"ACCEPT"}"#,
    ),
    (
        "ssm",
        "UpdateInstanceInformation",
        false,
        r#"{"instanceId":"i-0a1b2c3d4e5f60718","agentVersion":"3.3.2299.0","agentStatus":"Active","platformType":"Linux","platformName":"Amazon Linux","platformVersion":"2023","ipAddress":"10.0.3.17","computerName":"ip-10-0-3-17.ec2.internal"}"#,
        "null",
    ),
    (
        "elasticloadbalancing",
        "DescribeTargetHealth",
        true,
        r#"{"targetGroupArn":"arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/orders/0123456789abcdef"}"#,
        "null",
    ),
    (
        "ec2",
        "RunInstances",
        false,
        r#"{"instancesSet":{"items":[{"imageId":"ami-0a1b2c3d4e5f60718","minCount":1,"maxCount":1}]},"instanceType":"m7g.large","blockDeviceMapping":{"items":[{"deviceName":"/dev/xvda","ebs":{"volumeSize":40,"deleteOnTermination":true,"volumeType":"gp3","encrypted":true}}]},"monitoring":{"enabled":false},"disableApiTermination":false,"clientToken":"fleet-0a1b2c3d-0","networkInterfaceSet":{"items":[{"deviceIndex":0,"subnetId":"subnet-0a1b2c3d4e5f60718"}]},"tagSpecificationSet":{"items":[{"resourceType":"instance","tags":[{"key":"team","value":"orders"},{"key":"Name","value":"orders-worker"}]}]}}"#,
        r#"{"requestId":"00000000-0000-0000-0000-000000000000","reservationId":"r-0a1b2c3d4e5f60718","ownerId":"111122223333","groupSet":{},"instancesSet":{"items":[{"instanceId":"i-0a1b2c3d4e5f60718","imageId":"ami-0a1b2c3d4e5f60718","currentState":{"code":0,"name":"pending"},"privateDnsName":"ip-10-0-3-18.ec2.internal","amiLaunchIndex":0,"productCodes":{},"instanceType":"m7g.large","launchTime":1767603600000,"placement":{"availabilityZone":"us-east-1a","tenancy":"default"},"monitoring":{"state":"disabled"},"subnetId":"subnet-0a1b2c3d4e5f60718","vpcId":"vpc-0a1b2c3d4e5f60718","privateIpAddress":"10.0.3.18","stateReason":{"code":"pending","message":"pending"},"architecture":"arm64","rootDeviceType":"ebs","rootDeviceName":"/dev/xvda","virtualizationType":"hvm","hypervisor":"xen","groupSet":{"items":[{"groupId":"sg-0a1b2c3d4e5f60718","groupName":"orders"}]},"sourceDestCheck":true,"ebsOptimized":false}]}}"#,
    ),
];

/// What alarms are about: two in a hundred records.
const UNUSUAL: [Call; 12] = [
    (
        "iam",
        "PutRolePolicy",
        false,
        r#"{"roleName":"deploy","policyName":"inline","policyDocument":"{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"arn:aws:s3:::example-data/*\"}]\n}"}"#,
        "null",
    ),
    (
        "iam",
        "AttachRolePolicy",
        false,
        r#"{"roleName":"deploy","policyArn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}"#,
        "null",
    ),
    (
        "cloudtrail",
        "UpdateTrail",
        false,
        r#"{"name":"audit","isMultiRegionTrail":true,"enableLogFileValidation":true}"#,
        r#"{"name":"audit"}"#,
    ),
    (
        "kms",
        "ScheduleKeyDeletion",
        false,
        r#"{"keyId":"1234abcd-12ab-34cd-56ef-1234567890ab","pendingWindowInDays":30}"#,
        "null",
    ),
    (
        "s3",
        "PutBucketPolicy",
        false,
        r#"{"bucketName":"example-logs","bucketPolicy":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::example-logs"}]}}"#,
        "null",
    ),
    (
        "config",
        "PutConfigurationRecorder",
        false,
        r#"{"configurationRecorder":{"name":"default","recordingGroup":{"allSupported":true}}}"#,
        "null",
    ),
    (
        "ec2",
        "AuthorizeSecurityGroupIngress",
        false,
        r#"{"groupId":"sg-0a1b2c3d4e5f60718","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"ipRanges":{"items":[{"cidrIp":"10.0.0.0/8"}]}}]}}"#,
        r#"{"_return":true}"#,
    ),
    (
        "ec2",
        "ReplaceNetworkAclEntry",
        false,
        r#"{"networkAclId":"acl-0a1b2c3d","ruleNumber":100,"egress":false}"#,
        r#"{"_return":true}"#,
    ),
    (
        "ec2",
        "CreateRoute",
        false,
        r#"{"routeTableId":"rtb-0a1b2c3d","destinationCidrBlock":"0.0.0.0/0","gatewayId":"igw-0a1b2c3d"}"#,
        r#"{"_return":true}"#,
    ),
    (
        "ec2",
        "AttachInternetGateway",
        false,
        r#"{"internetGatewayId":"igw-0a1b2c3d","vpcId":"vpc-0a1b2c3d"}"#,
        r#"{"_return":true}"#,
    ),
    (
        "ec2",
        "CreateVpc",
        false,
        r#"{"cidrBlock":"10.1.0.0/16","instanceTenancy":"default"}"#,
        r#"{"_return":true}"#,
    ),
    (
        "organizations",
        "MoveAccount",
        false,
        r#"{"accountId":"444455556666","sourceParentId":"r-abcd","destinationParentId":"ou-abcd-12345678"}"#,
        "null",
    ),
];
const ROLES: [&str; 6] = ["deploy", "readonly", "ecs-tasks", "backup", "AWSReservedSSO_Admin", "ci"];
const AGENTS: [&str; 4] = [
    "aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#amd64 api/ec2#1.170.0",
    "Boto3/1.34.144 md/Botocore#1.34.144 ua/2.0 os/linux#6.1 md/arch#x86_64 lang/python#3.12.4",
    "[AWS Internal]",
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.2 terraform-provider-aws/5.58.0",
];
const ERRORS: [(&str, &str); 3] = [
    ("AccessDenied", "User is not authorized to perform this operation"),
    ("Client.UnauthorizedOperation", "You are not authorized to perform this operation."),
    ("ThrottlingException", "Rate exceeded"),
];

/// Adds one record to `text`, in one line.
pub(super) fn write(text: &mut String, random: &mut Rng) {
    match random.u8(..100) {
        0 => sign_in(text, random),
        1 | 2 => {
            let unusual = UNUSUAL[random.usize(..UNUSUAL.len())];
            call(text, random, unusual);
        }
        _ => {
            let usual = USUAL[random.usize(..USUAL.len())];
            call(text, random, usual);
        }
    }
    text.push('\n');
}

fn call(text: &mut String, random: &mut Rng, (service, name, reads, parameters, response): Call) {
    let (role, agent) = (ROLES[random.usize(..ROLES.len())], AGENTS[random.usize(..AGENTS.len())]);
    let (session, host, key, second) =
        (random.u16(..400), random.u8(1..=254), random.u64(..), random.u8(..60));
    text.push_str(r#"{"eventVersion":"1.11","userIdentity":"#);
    // Writing to a String cannot fail.
    let _ = match random.u8(..100) {
        0 => write!(
            text,
            r#"{{"type":"Root","principalId":"{ACCOUNT}","arn":"arn:aws:iam::{ACCOUNT}:root","accountId":"{ACCOUNT}","accessKeyId":"ASIA{key:016X}"}}"#
        ),
        1..=20 => write!(text, r#"{{"type":"AWSService","invokedBy":"{service}.amazonaws.com"}}"#),
        21..=30 => write!(
            text,
            r#"{{"type":"IAMUser","principalId":"AIDAEXAMPLE{session}","arn":"arn:aws:iam::{ACCOUNT}:user/user-{session}","accountId":"{ACCOUNT}","accessKeyId":"AKIA{key:016X}","userName":"user-{session}"}}"#
        ),
        _ => write!(
            text,
            r#"{{"type":"AssumedRole","principalId":"AROAEXAMPLE{role}:session-{session}","arn":"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/session-{session}","accountId":"{ACCOUNT}","accessKeyId":"ASIA{key:016X}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLE{role}","arn":"arn:aws:iam::{ACCOUNT}:role/{role}","accountId":"{ACCOUNT}","userName":"{role}"}},"attributes":{{"creationDate":"2026-01-05T09:00:00Z","mfaAuthenticated":"false"}}}}}}"#
        ),
    };
    let _ = write!(
        text,
        r#","eventTime":"2026-01-05T10:00:{second:02}Z","eventSource":"{service}.amazonaws.com","eventName":"{name}","awsRegion":"{REGION}","sourceIPAddress":"203.0.113.{host}","userAgent":"{agent}","#
    );
    if random.u8(..100) < 4 {
        let (code, message) = ERRORS[random.usize(..ERRORS.len())];
        let _ = write!(text, r#""errorCode":"{code}","errorMessage":"{message}","#);
    }
    let _ = write!(text, r#""requestParameters":{parameters},"responseElements":{response},"#);
    if service == "s3" {
        let id: String = (0..68).map(|_| random.alphanumeric()).collect();
        let _ = write!(
            text,
            r#""additionalEventData":{{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"{id}","bytesTransferredOut":{session}}},"resources":[{{"accountId":"{ACCOUNT}","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::example-logs"}}],"#
        );
    }
    let (request, event) = (uuid(random.u128(..)), uuid(random.u128(..)));
    let _ = write!(
        text,
        r#""requestID":"{request}","eventID":"{event}","readOnly":{reads},"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{ACCOUNT}","eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"{service}.{REGION}.amazonaws.com"}}}}"#
    );
}

fn sign_in(text: &mut String, random: &mut Rng) {
    let (kind, mfa) = (["IAMUser", "AssumedRole"][random.usize(..2)], ["Yes", "No"][random.usize(..2)]);
    let failure = random.u8(..5) == 0;
    let outcome = if failure { "Failure" } else { "Success" };
    let message = if failure { r#""errorMessage":"Failed authentication","# } else { "" };
    let (user, event) = (random.u16(..400), uuid(random.u128(..)));
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"{kind}","principalId":"AIDAEXAMPLE{user}","arn":"arn:aws:iam::{ACCOUNT}:user/user-{user}","accountId":"{ACCOUNT}","userName":"user-{user}"}},"eventTime":"2026-01-05T10:00:00Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","awsRegion":"{REGION}","sourceIPAddress":"203.0.113.9","userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",{message}"requestParameters":null,"responseElements":{{"ConsoleLogin":"{outcome}"}},"additionalEventData":{{"LoginTo":"https://console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true&state=hashArgsFromTB_us-east-1_0123456789abcdef","MobileVersion":"No","MFAUsed":"{mfa}"}},"eventID":"{event}","readOnly":false,"eventType":"AwsConsoleSignIn","managementEvent":true,"recipientAccountId":"{ACCOUNT}","eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"signin.aws.amazon.com"}}}}"#
    );
}

fn uuid(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn records_are_lines_of_json_and_the_seed_decides_what_they_say() {
        let records = |seed| {
            let (mut text, mut random) = (String::new(), Rng::with_seed(seed));
            (0..2000).for_each(|_| write(&mut text, &mut random));
            text
        };
        let text = records(1);
        assert_eq!(text, records(1));
        assert_ne!(text, records(2));
        let parsed: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(parsed.len(), 2000);
        let names: BTreeSet<_> = parsed.iter().filter_map(|record| record["eventName"].as_str()).collect();
        assert_eq!(names.len(), USUAL.len() + UNUSUAL.len() + 1);
        let average = text.len() / 2000;
        assert!((1_000..2_000).contains(&average), "{average} bytes");
    }
}
