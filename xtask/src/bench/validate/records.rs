//! Records as CloudTrail delivers them: the same for the same seed.
//!
//! Knows: what a record holds. Must not know: files.

use std::fmt::Write as _;

use fastrand::Rng;
use jiff::Timestamp;

use super::{ACCOUNT, REGION};

/// Calls that fill most log files: service, name, whether it only reads, its parameters.
const CALLS: [(&str, &str, bool, &str); 8] = [
    (
        "sts",
        "AssumeRole",
        true,
        r#"{"roleArn":"arn:aws:iam::111122223333:role/deploy","durationSeconds":3600}"#,
    ),
    (
        "kms",
        "Decrypt",
        true,
        r#"{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"purpose":"logs"}}"#,
    ),
    ("ec2", "DescribeInstances", true, r#"{"maxResults":1000,"instancesSet":{},"filterSet":{}}"#),
    (
        "s3",
        "GetBucketAcl",
        true,
        r#"{"bucketName":"example-logs","Host":"example-logs.s3.amazonaws.com","acl":""}"#,
    ),
    (
        "logs",
        "CreateLogStream",
        false,
        r#"{"logGroupName":"/aws/lambda/orders","logStreamName":"2026/01/05/[$LATEST]"}"#,
    ),
    ("lambda", "ListFunctions20150331", true, r#"{"maxItems":10000}"#),
    ("dynamodb", "DescribeTable", true, r#"{"tableName":"orders"}"#),
    ("ecs", "RegisterContainerInstance", false, r#"{"cluster":"production","totalResources":[]}"#),
];
const ROLES: [&str; 6] = ["deploy", "readonly", "ecs-tasks", "backup", "AWSReservedSSO_Admin", "ci"];
const AGENTS: [&str; 4] = [
    "aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#amd64 api/ec2#1.170.0",
    "Boto3/1.34.144 md/Botocore#1.34.144 ua/2.0 os/linux#6.1 md/arch#x86_64 lang/python#3.12.4",
    "AWS Internal",
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.2 terraform-provider-aws/5.58.0",
];

/// Adds one record to `text`.
pub(super) fn write(text: &mut String, random: &mut Rng, time: Timestamp) {
    let pick = |random: &mut Rng, most: usize| random.usize(..most);
    let (service, name, reads, parameters) = CALLS[pick(random, CALLS.len())];
    let (role, agent) = (ROLES[pick(random, ROLES.len())], AGENTS[pick(random, AGENTS.len())]);
    let session = random.u16(..400);
    let host = random.u8(1..=254);
    let made = time.as_second() - i64::from(random.u16(..3600));
    let made = Timestamp::from_second(made).unwrap_or(time);
    let (size, id): (u16, String) = (random.u16(..), (0..68).map(|_| random.alphanumeric()).collect());
    let (request, event, key) = (random.u128(..), random.u128(..), random.u64(..));
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLE{role}:session-{session}","arn":"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/session-{session}","accountId":"{ACCOUNT}","accessKeyId":"ASIA{key:016X}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLE{role}","arn":"arn:aws:iam::{ACCOUNT}:role/{role}","accountId":"{ACCOUNT}","userName":"{role}"}},"attributes":{{"creationDate":"{made}","mfaAuthenticated":"false"}}}}}},"eventTime":"{time}","eventSource":"{service}.amazonaws.com","eventName":"{name}","awsRegion":"{REGION}","sourceIPAddress":"203.0.113.{host}","userAgent":"{agent}","requestParameters":{parameters},"responseElements":null,"additionalEventData":{{"SignatureVersion":"SigV4","bytesTransferredOut":{size},"x-amz-id-2":"{id}"}},"requestID":"{request}","eventID":"{event}","readOnly":{reads},"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{ACCOUNT}","eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"{service}.{REGION}.amazonaws.com"}}}}"#,
        request = uuid(request),
        event = uuid(event),
    );
}

fn uuid(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_json_and_the_seed_decides_what_it_says() {
        let record = |seed| {
            let mut text = String::new();
            write(&mut text, &mut Rng::with_seed(seed), Timestamp::UNIX_EPOCH);
            serde_json::from_str::<serde_json::Value>(&text).unwrap()
        };
        assert_eq!(record(1), record(1));
        assert_ne!(record(1)["eventID"], record(2)["eventID"]);
        assert_eq!(record(1)["eventID"].as_str().unwrap().len(), 36);
    }
}
