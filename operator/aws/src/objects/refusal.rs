//! What S3 says in XML when it refuses.

use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_xml::decode::{Document, try_data};
use trail_operator_reconcile::aws_error::AwsError;

/// Refusals are some hundred bytes long; of what is longer no more is read.
const LONGEST: usize = 64 * 1024;

/// Reads the body of a refusal. Named as the SDK's are where it names no code: 5xx answers of proxies are no XML.
pub(super) async fn read(operation: &'static str, mut body: ByteStream) -> AwsError {
    let mut text = Vec::new();
    loop {
        match body.next().await {
            Some(Ok(piece)) => text.extend_from_slice(&piece),
            Some(Err(error)) => return AwsError::new(operation, "ResponseError", error.to_string()),
            None => break,
        }
        if text.len() > LONGEST {
            break;
        }
    }
    let (code, message) = parse(&text);
    AwsError::new(operation, code.unwrap_or_else(|| "UnnamedError".to_owned()), message.unwrap_or_default())
}

/// `<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>…</Error>`
fn parse(text: &[u8]) -> (Option<String>, Option<String>) {
    let (mut code, mut message) = (None, None);
    let Ok(mut document) = Document::try_from(text) else { return (code, message) };
    let Ok(mut root) = document.root_element() else { return (code, message) };
    if root.start_el().matches("Error") {
        while let Some(mut tag) = root.next_tag() {
            let wanted = match tag.start_el().local() {
                "Code" => &mut code,
                "Message" => &mut message,
                _ => continue,
            };
            *wanted = try_data(&mut tag).ok().map(|text| text.trim().to_owned());
        }
    }
    (code.filter(|code| !code.is_empty()), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn said(body: &str) -> (String, String) {
        let error = read("GetObject", ByteStream::from(body.as_bytes().to_vec())).await;
        (error.code, error.message)
    }

    #[tokio::test]
    async fn code_and_message_are_taken_and_nothing_else_is() {
        let body = "<?xml version=\"1.0\"?>\n<Error><Key>Code</Key><Code>NoSuchKey</Code><Message>not &amp; there\
                    </Message><Detail><Code>Inner</Code></Detail></Error>";
        assert_eq!(said(body).await, ("NoSuchKey".to_owned(), "not & there".to_owned()));
    }

    #[tokio::test]
    async fn what_is_no_refusal_of_s3_has_no_name() {
        let endless = "<Error>".repeat(LONGEST);
        for body in
            ["", "<html><Code>NoSuchKey</Code></html>", "<Error><Code></Code></Error>", "<Error", &endless]
        {
            assert_eq!(said(body).await.0, "UnnamedError", "{}", &body[..body.len().min(40)]);
        }
    }
}
