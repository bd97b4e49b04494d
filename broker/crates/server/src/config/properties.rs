//! Java properties files (`java.util.Properties.load`).

use std::iter::Peekable;
use std::str::Chars;

use thiserror::Error;

/// One name and value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// Name, unescaped.
    pub name: String,
    /// Value, unescaped.
    pub value: String,
    /// Line on which the name begins, from 1.
    pub line: usize,
}

/// Text that is not a properties file.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}: \\u must be followed by four hexadecimal digits")]
pub struct SyntaxError {
    /// Line on which the property begins, from 1.
    pub line: usize,
}

/// Parses a properties file: `#` and `!` comments, `=`, `:` or blanks between name and value, a
/// backslash at the end of a line that goes on, and Java's escapes.
///
/// # Errors
/// [`SyntaxError`] for a malformed `\u` escape, the only thing that is not allowed.
pub fn parse(text: &str) -> Result<Vec<Property>, SyntaxError> {
    let mut properties = Vec::new();
    let mut lines = text.lines().zip(1..).peekable();
    while let Some((first, line)) = lines.next() {
        let first = first.trim_start_matches(is_blank);
        if first.is_empty() || first.starts_with(['#', '!']) {
            continue;
        }
        let mut logical = first.to_owned();
        while goes_on(&logical) {
            logical.pop();
            let Some((next, _)) = lines.next() else { break };
            logical.push_str(next.trim_start_matches(is_blank));
        }
        properties.push(property(&logical).ok_or(SyntaxError { line })?.at(line));
    }
    Ok(properties)
}

struct Pair {
    name: String,
    value: String,
}

impl Pair {
    fn at(self, line: usize) -> Property {
        Property { name: self.name, value: self.value, line }
    }
}

/// A line goes on when it ends in an odd number of backslashes.
fn goes_on(line: &str) -> bool {
    let backslashes = line.len() - line.trim_end_matches('\\').len();
    backslashes % 2 == 1
}

fn property(line: &str) -> Option<Pair> {
    let mut characters = line.chars().peekable();
    let mut name = String::new();
    while let Some(character) = characters.next_if(|c| !is_blank(*c) && !is_separator(*c)) {
        name.push(unescape(character, &mut characters)?);
    }
    while characters.next_if(|c| is_blank(*c)).is_some() {}
    if characters.next_if(|c| is_separator(*c)).is_some() {
        while characters.next_if(|c| is_blank(*c)).is_some() {}
    }
    let mut value = String::new();
    while let Some(character) = characters.next() {
        value.push(unescape(character, &mut characters)?);
    }
    Some(Pair { name, value })
}

fn unescape(character: char, rest: &mut Peekable<Chars<'_>>) -> Option<char> {
    if character != '\\' {
        return Some(character);
    }
    match rest.next() {
        // A lone backslash at the end of the file.
        None => Some(' '),
        Some('t') => Some('\t'),
        Some('n') => Some('\n'),
        Some('r') => Some('\r'),
        Some('f') => Some('\u{c}'),
        Some('u') => {
            let unit = code_unit(rest)?;
            match unit {
                // The first half of a surrogate pair: Java writes both as escapes.
                0xd800..=0xdbff => {
                    (rest.next()? == '\\' && rest.next()? == 'u').then_some(())?;
                    let low = code_unit(rest)?;
                    char::decode_utf16([unit, low]).next()?.ok()
                }
                unit => char::from_u32(u32::from(unit)),
            }
        }
        Some(other) => Some(other),
    }
}

fn code_unit(rest: &mut Peekable<Chars<'_>>) -> Option<u16> {
    let mut unit = 0;
    for _ in 0..4 {
        unit = unit << 4 | u16::try_from(rest.next()?.to_digit(16)?).ok()?;
    }
    Some(unit)
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\u{c}')
}

fn is_separator(character: char) -> bool {
    matches!(character, '=' | ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let properties = parse(text).expect("well formed");
        properties.into_iter().map(|property| (property.name, property.value)).collect()
    }

    fn pair(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn separators_and_blanks_are_java_s() {
        for line in ["a=b", " a = b", "a:b", "a b", "a\t:  b", "a   =b"] {
            assert_eq!(pairs(line), pair("a", "b"), "{line}");
        }
        assert_eq!(pairs("a"), pair("a", ""));
        assert_eq!(pairs("a=b "), pair("a", "b "));
        assert_eq!(pairs("a==b"), pair("a", "=b"));
        assert_eq!(pairs("l=CONTROLLER://:9093"), pair("l", "CONTROLLER://:9093"));
        assert_eq!(pairs("# c\n ! d\n\n"), []);
    }

    #[test]
    fn lines_go_on_after_an_odd_number_of_backslashes() {
        assert_eq!(pairs("a=1,\\\n   2,\\\n\t3"), pair("a", "1,2,3"));
        assert_eq!(pairs("a=1\\\\\nb=2").len(), 2);
        assert_eq!(pairs("a=1\\\n# not a comment"), pair("a", "1# not a comment"));
        assert_eq!(pairs("a=1\\"), pair("a", "1"));
    }

    #[test]
    fn escapes_are_java_s() {
        assert_eq!(pairs("a\\ b\\=c=d\\te\\\\"), pair("a b=c", "d\te\\"));
        assert_eq!(pairs("a=\\u00e9\\uD83D\\uDE00\\q"), pair("a", "\u{e9}\u{1f600}q"));
    }

    #[test]
    fn a_malformed_escape_is_an_error_with_its_line() {
        for text in ["#\na=1\nb=\\u12", "#\n\nb=\\uzzzz", "\n\nb=\\uD83Dx"] {
            assert_eq!(parse(text), Err(SyntaxError { line: 3 }), "{text}");
        }
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let properties = parse("a=1\n\nb=\\\n2\r\nc=3\n").expect("well formed");
        let lines: Vec<_> = properties.iter().map(|p| (p.name.as_str(), p.line)).collect();
        assert_eq!(lines, [("a", 1), ("b", 3), ("c", 5)]);
    }
}
