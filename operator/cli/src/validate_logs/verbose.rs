//! Every file as it becomes known, in the words of `aws cloudtrail validate-logs --verbose`.

use std::io::Write as _;

use trail_operator_integrity::{Chain, Fault, FileKind, Listener, Object, Severity};

use crate::untrusted::shown;

/// Prints a line for each file.
#[derive(Debug)]
pub(super) struct Lines {
    /// Beside a table; a document stands there alone.
    pub(super) on_stdout: bool,
}

impl Listener for Lines {
    fn file(&self, kind: FileKind, chain: &Chain, object: &Object, fault: Option<&Fault>) {
        let line = line(kind, chain, object, fault);
        // Where nobody reads any more, the verdict is still to be found: nothing here may end the run.
        let _ = if self.on_stdout {
            writeln!(anstream::stdout(), "{line}")
        } else {
            writeln!(anstream::stderr(), "{line}")
        };
    }
}

fn line(kind: FileKind, chain: &Chain, object: &Object, fault: Option<&Fault>) -> String {
    let kind = match (kind, chain.backfill) {
        (FileKind::Digest, false) => "Digest file",
        (FileKind::Digest, true) => "(backfill) Digest file",
        (FileKind::LogFile, _) => "Log file",
    };
    let word = fault.map(|fault| if fault.severity == Severity::Error { "INVALID" } else { "UNCHECKED" });
    let verdict = match (word, fault) {
        (Some(word), Some(fault)) => format!("{word}: {}: {}", fault.reason, shown(&fault.message)),
        _ => "valid".to_owned(),
    };
    format!("{kind}\t{}\t{verdict}", shown(&object.to_string()))
}

#[cfg(test)]
mod tests {
    use trail_operator_integrity::Reason;

    use super::*;

    #[test]
    fn a_file_has_one_line_whatever_its_name_holds() {
        let chain =
            |backfill| Chain { account: "111122223333".to_owned(), region: "us-east-1".to_owned(), backfill };
        let object = Object { bucket: "b".to_owned(), key: "k\n\u{1b}".to_owned() };
        let modified = Fault::new(Reason::LogFileModified, "its hash differs");
        let denied = Fault::new(Reason::AccessDenied, "s3:GetObject");
        for (kind, backfill, fault, told) in [
            (FileKind::Digest, false, None, "Digest file\ts3://b/k\u{fffd}\u{fffd}\tvalid"),
            (FileKind::Digest, true, None, "(backfill) Digest file\ts3://b/k\u{fffd}\u{fffd}\tvalid"),
            (
                FileKind::LogFile,
                true,
                Some(&modified),
                "Log file\ts3://b/k\u{fffd}\u{fffd}\tINVALID: LogFileModified: its hash differs",
            ),
            (
                FileKind::LogFile,
                false,
                Some(&denied),
                "Log file\ts3://b/k\u{fffd}\u{fffd}\tUNCHECKED: AccessDenied: s3:GetObject",
            ),
        ] {
            assert_eq!(line(kind, &chain(backfill), &object, fault), told);
        }
    }
}
