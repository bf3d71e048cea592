//! Text that somebody else wrote, on a terminal.

/// The text without what a terminal would obey, or what would make it look other than it is.
pub(crate) fn shown(text: &str) -> String {
    text.chars().map(|char| if is_visible(char) { char } else { char::REPLACEMENT_CHARACTER }).collect()
}

fn is_visible(char: char) -> bool {
    let turns_direction =
        matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks_lines = matches!(char, '\u{2028}' | '\u{2029}');
    let has_no_width = matches!(char, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}');
    !(char.is_control() || turns_direction || breaks_lines || has_no_width)
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_terminal_obeys_nothing_of_it() {
        assert_eq!(
            shown("a\u{1b}[2Jb\r\n\u{9b}1mc\u{202e}d\u{2028}"),
            "a\u{fffd}[2Jb\u{fffd}\u{fffd}\u{fffd}1mc\u{fffd}d\u{fffd}"
        );
        assert_eq!(shown("Grüße, 世界 s3://b/k"), "Grüße, 世界 s3://b/k");
    }
}
