//! What `aws cloudtrail validate-logs` asks of AWS, answered from objects in memory over loopback: ListObjects,
//! GetObject, GetBucketLocation, ListPublicKeys, DescribeTrails, DescribeOrganization.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use base64::Engine as _;
use serde_json::{Value, json};
use trail_operator_integrity::Object;

use crate::support::chains::World;
use crate::support::memory::Trouble;

/// Answers at this address until the test ends.
pub fn serve(world: World) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let world = Arc::new(world);
    thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            let world = Arc::clone(&world);
            thread::spawn(move || while answer(&world, &connection).is_some() {});
        }
    });
    endpoint
}

/// One request, as far as it matters here.
struct Request {
    path: String,
    query: Vec<(String, String)>,
    target: String,
    region: String,
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Answers the next request of a connection; `None` when there is none.
fn answer(world: &World, connection: &TcpStream) -> Option<()> {
    let request = read(connection)?;
    let Answer { status, headers, body } =
        if request.target.is_empty() { s3(world, &request) } else { service(world, &request) };
    let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    let mut writer = connection;
    writer.write_all(&[head.as_bytes(), b"\r\n", &body].concat()).ok()
}

fn read(connection: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let (path, query) = line.split(' ').nth(1)?.split_once('?').unwrap_or((line.split(' ').nth(1)?, ""));
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut request = Request {
        path: decoded(path),
        query: pairs.map(|(name, value)| (decoded(name), decoded(value))).collect(),
        target: String::new(),
        region: String::new(),
    };
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|read| *read > 2)?;
        let more = header.trim_end();
        let (name, value) = more.split_once(": ").unwrap_or((more, ""));
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "x-amz-target" => value.rsplit('.').next()?.clone_into(&mut request.target),
            // AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …
            "authorization" => value.split('/').nth(2)?.clone_into(&mut request.region),
            _ => {}
        }
        if reader.buffer().starts_with(b"\r\n") {
            reader.consume(2);
            break;
        }
    }
    reader.take(length).read_to_end(&mut Vec::new()).ok()?;
    Some(request)
}

/// Percent-decoded.
fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(code, 16).unwrap());
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8(bytes).unwrap()
}

fn service(world: &World, request: &Request) -> Answer {
    let location = &world.location;
    let body = match request.target.as_str() {
        "ListPublicKeys" => {
            let keys =
                world.memory.with(|state| state.keys.get(&request.region).cloned().unwrap_or_default());
            let key = |key: &trail_operator_integrity::ListedKey| {
                let value = base64::engine::general_purpose::STANDARD.encode(&key.value);
                json!({"Value": value, "Fingerprint": key.fingerprint, "ValidityStartTime": 1.0, "ValidityEndTime": 4e9})
            };
            json!({"PublicKeyList": keys.iter().map(key).collect::<Vec<Value>>()})
        }
        "DescribeTrails" => json!({"trailList": [{
            "TrailARN": world.trail.arn, "Name": world.trail.name, "HomeRegion": world.trail.home_region,
            "S3BucketName": location.bucket, "S3KeyPrefix": location.prefix, "IsOrganizationTrail": true,
        }]}),
        "DescribeOrganization" => json!({"Organization": {"Id": location.organization}}),
        other => panic!("awscli asks for {other}"),
    };
    let headers = vec![("content-type".to_owned(), "application/x-amz-json-1.1".to_owned())];
    Answer { status: 200, headers, body: body.to_string().into_bytes() }
}

fn s3(world: &World, request: &Request) -> Answer {
    let path = request.path.trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let asked =
        |name: &str| request.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    if !key.is_empty() {
        return object(world, &Object { bucket: bucket.to_owned(), key: key.to_owned() });
    }
    if asked("location").is_some() {
        return xml(200, "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>");
    }
    let (prefix, marker) = (asked("prefix").unwrap_or_default(), asked("marker").unwrap_or_default());
    let mut keys = world.memory.with(|state| {
        let known = state.objects.keys().filter(|object| object.bucket == bucket);
        let known = known.filter(|object| object.key.starts_with(prefix) && object.key.as_str() > marker);
        known.map(|object| object.key.clone()).collect::<Vec<String>>()
    });
    // Small pages, so that paging is part of it.
    let more = keys.len() > 5;
    keys.truncate(5);
    let mut body = format!("<ListBucketResult><IsTruncated>{more}</IsTruncated>");
    for key in keys {
        write!(body, "<Contents><Key>{key}</Key><Size>1</Size></Contents>").unwrap();
    }
    xml(200, &format!("{body}</ListBucketResult>"))
}

fn object(world: &World, object: &Object) -> Answer {
    let Some(stored) = world.memory.with(|state| state.objects.get(object).cloned()) else {
        return xml(404, "<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>");
    };
    if let Some(Trouble::Error(_)) = stored.trouble {
        return xml(403, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>");
    }
    let headers = stored.metadata.iter().map(|(name, value)| (format!("x-amz-meta-{name}"), value.clone()));
    Answer { status: 200, headers: headers.collect(), body: stored.body }
}

fn xml(status: u16, body: &str) -> Answer {
    let headers = vec![("content-type".to_owned(), "application/xml".to_owned())];
    Answer { status, headers, body: body.as_bytes().to_vec() }
}
