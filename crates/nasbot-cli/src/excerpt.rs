//! What is wrong with a network (JSON), shown with its line and a caret.

use std::ops::Range;

use miette::{Diagnostic, MietteError, MietteSpanContents, SourceCode, SourceSpan};
use nasbot::report::clean;
use nn_graph::Error;

use crate::config::visible;
use crate::json_place::{Step, find};

/// Of a long line so many characters before and after the place are shown: networks that programs write stand on one line.
const MOST: usize = 50;

/// Stands where something is left out.
const SIGN: char = '…';

/// An error of a network, and where in its text it lies.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
pub(crate) struct Excerpt {
    message: String,
    #[help]
    help: Option<String>,
    #[source_code]
    text: Cropped,
    #[label("here")]
    span: SourceSpan,
}

/// A text of which long lines are cropped.
#[derive(Debug)]
struct Cropped {
    name: String,
    text: String,
    /// How many bytes are missing before the place in its line.
    missing: usize,
}

impl Excerpt {
    /// The error where it lies in `text`, which is shown under `name`; `None` where no place says more than the message.
    pub(crate) fn new(name: &str, text: &str, error: &Error) -> Option<Self> {
        let span = place(text, error)?;
        let (message, help) = parts(error);
        let (text, span) = Cropped::new(&clean(name), &visible(text), span);
        Some(Self {
            message,
            help,
            text,
            span,
        })
    }
}

/// A message without the place, which is shown, and what to do about it.
fn parts(error: &Error) -> (String, Option<String>) {
    let message = clean(&error.to_string());
    if matches!(error, Error::Json { .. })
        && let Some((what, place)) = message.rsplit_once(" at line ")
    {
        let hint = place.split_once(" (").map(|(_, hint)| hint);
        let hint = hint.map(|hint| hint.trim_end_matches(')').to_owned());
        return (what.to_owned(), hint);
    }
    match message.rsplit_once(": did you mean ") {
        Some((what, name)) => (what.to_owned(), Some(format!("did you mean {name}"))),
        None => (message, None),
    }
}

/// Where the error lies.
fn place(text: &str, error: &Error) -> Option<Range<usize>> {
    use Step::{At, Key};
    let layer = |index: usize| vec![Key("layers"), At(index)];
    let of_layer = |index: usize, key| vec![Key("layers"), At(index), Key(key)];
    let edge = |from: usize, to: usize| vec![Key("edges"), Step::Last([from, to])];
    let steps = match error {
        Error::Json { message } => return reader(text, message),
        Error::UnknownKind { .. } => vec![Key("kind")],
        Error::UnknownOp {
            layer: Some(index), ..
        } => of_layer(*index, "op"),
        Error::OpNotInKind { layer, .. } => of_layer(layer.index, "op"),
        Error::BadUnits { layer, .. } | Error::UnexpectedUnits { layer } => {
            of_layer(layer.index, "units")
        }
        Error::BadStride { layer, .. } | Error::UnexpectedStride { layer } => {
            of_layer(layer.index, "stride")
        }
        Error::MissingUnits { layer: at }
        | Error::MissingStride { layer: at }
        | Error::Unreachable { layer: at }
        | Error::DeadEnd { layer: at }
        | Error::EdgeIntoInput { layer: at }
        | Error::EdgeOutOfOutput { layer: at }
        | Error::NotADecision { layer: at, .. }
        | Error::NotConvAfterInput { layer: at }
        | Error::ImageSizeMismatch { layer: at, .. }
        | Error::ImageIsFlat { layer: at, .. }
        | Error::TooLarge { layer: at } => layer(at.index),
        Error::RepeatedTerminal { second, .. } => layer(*second),
        Error::MissingTerminal { .. } => vec![Key("layers")],
        Error::EdgeOutOfRange { from, to, .. } | Error::DuplicateEdge { from, to } => {
            edge(*from, *to)
        }
        Error::DecisionNotLast { layer, child } => edge(layer.index, child.index),
        Error::Cycle { layers } => match layers[..] {
            [from, to, ..] => edge(from, to),
            [alone] => edge(alone, alone),
            [] => return None,
        },
        _ => return None,
    };
    find(text, &steps)
}

/// Where the reader of JSON stopped: its message says line and column, from 1, counted in bytes. A name in the message that
/// stands there is shown whole.
fn reader(text: &str, message: &str) -> Option<Range<usize>> {
    let (what, place) = message.rsplit_once(" at line ")?;
    let (line, rest) = place.split_once(" column ")?;
    let column = rest.split(' ').next()?;
    let (line, column): (usize, usize) = (line.parse().ok()?, column.parse().ok()?);
    let start: usize = (text.split_inclusive('\n').take(line.checked_sub(1)?))
        .map(str::len)
        .sum();
    let end = (start + column).min(text.len());
    if let Some(name) = what.split('`').nth(1)
        && let Some(before) = text.get(..end)
        && before.ends_with(&format!("\"{name}\""))
    {
        return Some(end - name.len() - 2..end);
    }
    let mut first = end.saturating_sub(1);
    while !text.is_char_boundary(first) {
        first -= 1;
    }
    let length = text[first..].chars().next().map_or(0, char::len_utf8);
    Some(first..first + length)
}

impl Cropped {
    /// Crops what is long; the place in what is left.
    fn new(name: &str, text: &str, span: Range<usize>) -> (Self, SourceSpan) {
        let mut cropped = Self {
            name: name.to_owned(),
            text: String::new(),
            missing: 0,
        };
        let (mut start, mut shown) = (0, None);
        for line in text.split_inclusive('\n') {
            let end = start + line.len();
            let content = line.trim_end_matches(['\n', '\r']);
            if shown.is_none() && (span.start < end || end == text.len()) {
                let from = (span.start - start).min(content.len());
                let to = (span.end - start).clamp(from, after(content, from));
                let left = before(content, from);
                let sign = if left > 0 { SIGN.len_utf8() } else { 0 };
                cropped.missing = left - sign;
                let offset = cropped.text.len() + sign + from - left;
                cropped.add(content, left..after(content, to));
                shown = Some(SourceSpan::from(offset..offset + to - from));
            } else {
                cropped.add(content, 0..after(content, 0));
            }
            if line.ends_with('\n') {
                cropped.text.push('\n');
            }
            start = end;
        }
        (cropped, shown.unwrap_or_else(|| SourceSpan::from(0..0)))
    }

    /// Adds a part of a line, with signs where something is left out.
    fn add(&mut self, line: &str, part: Range<usize>) {
        let is_last = part.end == line.len();
        if part.start > 0 {
            self.text.push(SIGN);
        }
        self.text.push_str(&line[part]);
        if !is_last {
            self.text.push(SIGN);
        }
    }
}

/// The byte of a line so many characters before a place, or its start if less would be left out than the sign for it takes.
fn before(line: &str, place: usize) -> usize {
    let mut characters = line[..place].char_indices().rev();
    let at = characters.nth(MOST - 1).map_or(0, |(at, _)| at);
    if at < SIGN.len_utf8() { 0 } else { at }
}

/// The byte of a line so many characters after a place, or its end.
fn after(line: &str, place: usize) -> usize {
    let mut characters = line[place..].char_indices();
    (characters.nth(MOST)).map_or(line.len(), |(at, _)| place + at)
}

impl SourceCode for Cropped {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn miette::SpanContents<'a> + 'a>, MietteError> {
        let found = self.text.read_span(span, before, after)?;
        // Without its neighbours a line is asked for where its number and the column are shown, which are those of the whole.
        let missing = match (before, after) {
            (0, 0) => self.missing,
            _ => 0,
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            found.data(),
            *found.span(),
            found.line(),
            found.column() + missing,
            found.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use nn_graph::Network;

    use super::*;
    use crate::config::{in_plain_words, render};

    const NETWORK: &str = r#"{"kind": "cnn",
 "layers": [{"op": "ip"}, {"op": "conv3", "units": 16, "stride": 1}, {"op": "max-pool"},
            {"op": "fc", "units": 32}, {"op": "softmax"}, {"op": "op"}],
 "edges": [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]}"#;

    /// What an excerpt of a text that is no network points at, and the excerpt.
    fn shown(text: &str) -> (String, String) {
        let error = match text.parse::<Network>().unwrap_err() {
            Error::Json { message } => Error::Json {
                message: in_plain_words(&message),
            },
            error => error,
        };
        let excerpt = Excerpt::new("net.json", text, &error).unwrap();
        let (start, length) = (excerpt.span.offset(), excerpt.span.len());
        let marked = excerpt.text.text[start..start + length].to_owned();
        (marked, render(&excerpt))
    }

    #[test]
    fn errors_are_shown_where_they_lie() {
        for (old, new, marked, help) in [
            ("\"cnn\"", "\"cnnn\"", "\"cnnn\"", "did you mean 'cnn'?"),
            ("conv3", "conv33", "\"conv33\"", "did you mean 'conv3'?"),
            ("16", "0.5", "0.5", ""),
            ("\"stride\": 1", "\"stride\": 3", "3", ""),
            (
                ", \"stride\": 1",
                "",
                "{\"op\": \"conv3\", \"units\": 16}",
                "",
            ),
            ("[4, 5]]", "[4, 6]]", "[4, 6]", ""),
            ("[1, 2],", "[1, 2], [1, 2],", "[1, 2]", ""),
            ("[2, 3],", "[2, 3], [3, 1],", "[2, 3]", ""),
            (
                "{\"op\": \"ip\"}",
                "{\"op\": \"fc\", \"units\": 1}",
                "[{\"op\": \"fc\", \"units\": 1}, {\"op\": \"conv3\", \"units\"",
                "",
            ),
            ("\"edges\"", "\"edgs\"", "\"edgs\"", "did you mean `edges`?"),
            ("[4, 5]]}", "[4, 5]", "]", ""),
        ] {
            let (found, text) = shown(&NETWORK.replacen(old, new, 1));
            assert_eq!(found, marked, "{new}\n{text}");
            assert!(text.contains(help), "{text}");
            let line = NETWORK[..NETWORK.find(old).unwrap()].matches('\n').count() + 1;
            if !new.contains("[3, 1]") {
                assert!(text.contains(&format!("net.json:{line}:")), "{text}");
            }
        }
    }

    #[test]
    fn of_a_long_line_the_place_is_shown_with_its_column() {
        let text = NETWORK
            .replace('\n', "")
            .replace("\"softmax\"", "\"sofmax\"");
        let (marked, shown) = shown(&text);
        assert_eq!(marked, "\"sofmax\"");
        let column = text.find("\"sofmax\"").unwrap() + 1;
        assert!(shown.contains(&format!("[net.json:1:{column}]")), "{shown}");
        assert!(
            shown.lines().all(|line| line.chars().count() < 130),
            "{shown}"
        );
    }
}
