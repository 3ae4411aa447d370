//! The few ways in which text is set.

use anstyle::{AnsiColor, Style};

/// Reports fit into this many columns; on a narrower terminal into that.
const WIDTH: usize = 80;

/// The columns that text for a stream is set in; none where it is no terminal.
#[must_use]
pub fn columns(stream: impl std::os::fd::AsFd) -> Option<usize> {
    terminal_size::terminal_size_of(stream).map(|(width, _)| usize::from(width.0).clamp(WIDTH / 2, WIDTH))
}

/// The columns that there are. What goes into a pipe has the same bytes on every terminal.
fn width() -> usize {
    columns(std::io::stdout()).unwrap_or(WIDTH)
}

/// Whether a table has less room than it is made for.
pub(super) fn is_narrow() -> bool {
    width() < WIDTH
}

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
pub(super) const RED: Style = AnsiColor::Red.on_default();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(super) const CYAN: Style = AnsiColor::Cyan.on_default();

/// Sets text in a style.
pub(super) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Sets text in bold.
#[must_use]
pub fn bold(text: &str) -> String {
    styled(BOLD, text)
}

/// Text that came from a lock or a file, made harmless for a terminal or a CI log. Escaped are control
/// characters, those that turn the direction of writing or are not seen at all, and what begins a command
/// for a CI runner that reads the log (`::error::`, `##[error]`).
#[must_use]
pub fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut before = ' ';
    for char in text.chars() {
        if char.is_control() {
            shown.extend(char.escape_default());
        } else if is_harmful(char, before) {
            shown.extend(char.escape_unicode());
        } else {
            shown.push(char);
        }
        before = char;
    }
    shown
}

/// JSON that says the same, with the same characters escaped in its strings: it may end in a log, too.
/// Outside of strings JSON has none of them.
pub(super) fn shown_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    let mut before = ' ';
    for char in json.chars() {
        if char != '\n' && is_harmful(char, before) {
            shown.extend(char.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            shown.push(char);
        }
        before = char;
    }
    shown
}

/// Whether a character had better not reach a terminal or a log behind the one before.
fn is_harmful(char: char, before: char) -> bool {
    char.is_control() || is_unseen(char) || matches!(char, ':' | '#') && char == before
}

/// Whether a character has no picture of its own: Unicode's `Default_Ignorable_Code_Point`, and those that
/// part lines and paragraphs.
fn is_unseen(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// The same of at most so many characters of the text.
pub(super) fn shown_short(text: &str, longest: usize) -> String {
    if text.chars().nth(longest).is_none() {
        return shown(text);
    }
    shown(&text.chars().take(longest - 1).collect::<String>()) + "…"
}

/// `1 node`, `2 nodes`.
pub(super) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A size for people.
pub(super) fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{}.{} KiB", bytes / 1024, bytes % 1024 * 10 / 1024),
        _ => format!("{}.{} MiB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576),
    }
}

/// Text wrapped to the width, with a first line's head and the same indentation below it.
pub(super) fn wrapped(head: &str, text: &str) -> String {
    wrapped_to(width(), head, text)
}

/// The same, to so many columns.
#[must_use]
pub fn wrapped_to(columns: usize, head: &str, text: &str) -> String {
    // A word that is too long for the room beside the head, such as a path, has more of it further left.
    const LEAST: usize = 6;
    let beside = textwrap::core::display_width(head);
    let longest = text.split(' ').map(textwrap::core::display_width).max().unwrap_or(0);
    let indent = " ".repeat(if beside + longest > columns { beside.min(LEAST) } else { beside });
    let options = textwrap::Options::new(columns)
        .initial_indent(head)
        .subsequent_indent(&indent)
        .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .break_words(false);
    textwrap::fill(text, options) + "\n"
}

/// Whether this fits into one line.
pub(super) fn fits(line: &str) -> bool {
    textwrap::core::display_width(line) <= width()
}

/// Text cut or filled to exactly `width` columns.
pub(super) fn cell(text: &str, width: usize) -> String {
    let mut result = String::new();
    let mut used = 0;
    let fits = textwrap::core::display_width(text) <= width;
    for char in text.chars() {
        let next = textwrap::core::display_width(char.encode_utf8(&mut [0; 4]));
        if used + next > if fits { width } else { width.saturating_sub(1) } {
            break;
        }
        used += next;
        result.push(char);
    }
    if !fits {
        result.push('…');
        used += 1;
    }
    result + &" ".repeat(width.saturating_sub(used))
}
