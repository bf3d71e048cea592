//! How fast records are parsed and counted here: megabytes and events a second, one thread.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // it is there to print, and may stop at the first surprise

use std::time::{Duration, Instant};

use trail_operator_integrity::records::{RecordCounts, each};

/// A record of the usual size, 1.5 KB, with the usual nesting.
fn record(number: usize) -> String {
    let service = ["s3", "ec2", "sts", "kms", "dynamodb"][number % 5];
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROA7FFO265WMCW4DY3ZU:session-{number}","arn":"arn:aws:sts::111122223333:assumed-role/app-api-02/session-{number}","accountId":"111122223333","accessKeyId":"ASIAGFJC3KPEAKNQ75C6","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROA7FFO265WMCW4DY3ZU","arn":"arn:aws:iam::111122223333:role/app-api-02","accountId":"111122223333","userName":"app-api-02"}},"attributes":{{"creationDate":"2026-01-05T00:00:00Z","mfaAuthenticated":"false"}}}}}},"eventTime":"2026-01-05T00:00:00Z","eventSource":"{service}.amazonaws.com","eventName":"GetObject","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.{}","userAgent":"[aws-sdk-go-v2/1.30.3 os/linux lang/go#1.23.1 md/GOOS#linux md/GOARCH#amd64 api/s3#1.58.2]","requestParameters":{{"bucketName":"example-data","Host":"example-data.s3.us-east-1.amazonaws.com","key":"part/{number}.parquet"}},"responseElements":null,"additionalEventData":{{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","bytesTransferredOut":{number}}},"requestID":"EXAMPLE{number}","eventID":"9a1f2c3d-0000-0000-0000-{number:012}","readOnly":{},"resources":[{{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::example-data/part/{number}.parquet"}}],"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data"}}"#,
        number % 250,
        number.is_multiple_of(3)
    )
}

fn main() {
    let records: Vec<String> = (0..20_000).map(record).collect();
    let file = format!("{{\"Records\":[{}]}}", records.join(","));
    let parse = || {
        let mut events = 0;
        each(file.as_bytes(), |_| events += 1).unwrap();
        events
    };
    let count = || {
        let mut records = Vec::new();
        each(file.as_bytes(), |record| records.push(record)).unwrap();
        RecordCounts::of(&records).total().events
    };
    report("parsed", file.len(), parse);
    report("parsed and counted", file.len(), count);
}

fn report(what: &str, bytes: usize, work: impl Fn() -> u64) {
    let (mut best, mut events) = (Duration::MAX, 0);
    for _ in 0..7 {
        let began = Instant::now();
        events = work();
        best = best.min(began.elapsed());
    }
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    let events_a_second = f64::from(u32::try_from(events).unwrap_or(u32::MAX)) / best.as_secs_f64();
    let megabytes = f64::from(bytes) / 1e6 / best.as_secs_f64();
    println!("{what}: {megabytes:.0} MB/s, {events_a_second:.0} events/s");
}
