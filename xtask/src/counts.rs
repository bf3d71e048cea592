//! How many tests ran, read from what the test runners print.
//!
//! Knows: cargo's and unittest's last lines. Must not know: which tests there are.

use std::ops::AddAssign;

/// Tests by how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        *self += other;
    }

    /// From the output of `cargo test`: the sum over all its test programs.
    pub(crate) fn of_cargo(output: &str) -> Self {
        let mut sum = Self::default();
        for line in output.lines().filter_map(|line| line.trim().strip_prefix("test result: ")) {
            sum += Self {
                passed: number_before(line, " passed"),
                failed: number_before(line, " failed"),
                ignored: number_before(line, " ignored"),
            };
        }
        sum
    }

    /// From the output of `python -m unittest`.
    pub(crate) fn of_unittest(output: &str) -> Self {
        let line = |start| output.lines().rev().find_map(|line| line.trim().strip_prefix(start));
        let ran =
            line("Ran ").and_then(|rest| rest.split(' ').next()?.parse::<u64>().ok()).unwrap_or_default();
        let end = line("OK").or_else(|| line("FAILED")).unwrap_or_default();
        let failed = number_after(end, "failures=") + number_after(end, "errors=");
        // An expected failure is a pass; `skipped` tests are among those that ran.
        let ignored = number_after(end, "skipped=");
        Self { passed: ran.saturating_sub(failed + ignored), failed, ignored }
    }

    /// The counts of a run whose program says it failed: a crash or a broken build is one failure too.
    pub(crate) fn or_failed(self, success: bool) -> Self {
        if !success && self.failed == 0 { Self { failed: 1, ..self } } else { self }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

fn number_before(line: &str, word: &str) -> u64 {
    let before = line.find(word).map(|at| &line[..at]).unwrap_or_default();
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

fn number_after(line: &str, word: &str) -> u64 {
    let after = line.find(word).map(|at| &line[at + word.len()..]).unwrap_or_default();
    let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    after[..digits].parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_prints_a_result_for_each_program() {
        let output = "\
running 2 tests
test result: ok. 41 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.05s
test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 12.87s
";
        assert_eq!(Counts::of_cargo(output), Counts { passed: 48, failed: 2, ignored: 1 });
    }

    #[test]
    fn unittest_prints_what_ran_and_how_it_ended() {
        let output = "Ran 12 tests in 3.1s\n\nFAILED (failures=1, errors=2, skipped=3)\n";
        assert_eq!(Counts::of_unittest(output), Counts { passed: 6, failed: 3, ignored: 3 });
        assert_eq!(
            Counts::of_unittest("Ran 12 tests in 3.1s\n\nOK\n"),
            Counts { passed: 12, failed: 0, ignored: 0 }
        );
    }

    #[test]
    fn a_crash_is_a_failure() {
        assert_eq!(Counts::default().or_failed(false).failed, 1);
        assert_eq!(Counts::default().or_failed(true).failed, 0);
    }
}
