//! What a single cell says.

use jiff::Timestamp;
use std::ops::RangeInclusive;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::data::columns::Kind;

/// What stands for a gap unless the specification says otherwise, besides an empty cell; in small letters.
pub(crate) const USUAL_GAPS: [&str; 9] =
    ["na", "n/a", "nan", "null", "none", "?", "-", "#n/a", "nil"];

/// How cells are read.
#[derive(Clone, Debug)]
pub(in crate::data::readers) struct Notation {
    /// What stands for a gap, if the specification says so.
    pub(in crate::data::readers) gaps: Option<Vec<String>>,
    /// Numbers have a comma before their fraction.
    pub(in crate::data::readers) has_decimal_comma: bool,
}

impl Notation {
    pub(in crate::data::readers) fn is_gap(&self, cell: &str) -> bool {
        match &self.gaps {
            _ if cell.is_empty() => true,
            Some(gaps) => gaps.iter().any(|gap| gap == cell),
            None => USUAL_GAPS.iter().any(|gap| gap.eq_ignore_ascii_case(cell)),
        }
    }

    /// The cell as a number; infinite if it is beyond 64 bits or says so.
    pub(in crate::data::readers) fn number(&self, cell: &str) -> Option<f64> {
        if let Ok(x) = cell.parse::<f64>() {
            return Some(x).filter(|x| !x.is_nan());
        }
        if self.has_decimal_comma && cell.matches(',').count() == 1 && !cell.contains('.') {
            return cell
                .replace(',', ".")
                .parse()
                .ok()
                .filter(|x: &f64| !x.is_nan());
        }
        None
    }

    /// What a cell is that is no gap, taken alone.
    pub(in crate::data::readers) fn kind(&self, cell: &str) -> Kind {
        if self.number(cell).is_some() {
            Kind::Number
        } else if boolean(cell).is_some() {
            Kind::Boolean
        } else if date(cell).is_some() {
            Kind::Date
        } else {
            Kind::Text
        }
    }
}

pub(in crate::data::readers) fn boolean(cell: &str) -> Option<f64> {
    let is = |words: [&str; 2]| words.iter().any(|word| word.eq_ignore_ascii_case(cell));
    if is(["true", "yes"]) {
        return Some(1.0);
    }
    is(["false", "no"]).then_some(0.0)
}

/// Days since 1970-01-01 of an ISO 8601 date, with slashes allowed in place of dashes, or of a day, a month and a year with dots; with or
/// without a time.
pub(in crate::data::readers) fn date(cell: &str) -> Option<f64> {
    // Cheaper than to let every word fail.
    if cell.len() < 8 || !cell.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    let text = match cell.as_bytes()[..4].iter().all(u8::is_ascii_digit) {
        true => cell.replacen('/', "-", 2),
        false => dotted(cell)?,
    };
    let moment = match text.parse::<Timestamp>() {
        Ok(moment) => moment,
        Err(_) => {
            let civil: DateTime = text.parse().ok()?;
            civil.to_zoned(TimeZone::UTC).ok()?.timestamp()
        }
    };
    Some(moment.as_nanosecond() as f64 / 86_400e9)
}

/// A date with dots, 30.6.2024, as ISO 8601 has it. With slashes it could be the month that comes first.
fn dotted(cell: &str) -> Option<String> {
    let end = cell.find([' ', 'T']).unwrap_or(cell.len());
    let mut parts = cell[..end].split('.');
    let mut number = |digits: RangeInclusive<usize>| {
        let part = parts.next()?;
        let is_number = digits.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        is_number.then_some(part)
    };
    let (day, month, year) = (number(1..=2)?, number(1..=2)?, number(4..=4)?);
    let rest = &cell[end..];
    parts
        .next()
        .is_none()
        .then(|| format!("{year}-{month:0>2}-{day:0>2}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notation(has_decimal_comma: bool) -> Notation {
        Notation {
            gaps: None,
            has_decimal_comma,
        }
    }

    #[test]
    fn dates_are_days_since_1970() {
        // date -u -d … +%s, divided by 86,400.
        for (text, seconds) in [
            ("1970-01-02", 86_400.0),
            ("2000/02/29", 951_782_400.0),
            ("2024-06-30 12:00", 1_719_748_800.0),
            ("2024-06-30T12:00:00Z", 1_719_748_800.0),
            ("2024-06-30T12:00:00+02:00", 1_719_741_600.0),
            ("1969-12-31 23:59:59.5", -0.5),
            ("30.06.2024 12:00", 1_719_748_800.0),
            ("2.1.1970", 86_400.0),
            ("29.02.2000", 951_782_400.0),
        ] {
            let days = date(text).unwrap_or(f64::NAN);
            assert!((days * 86_400.0 - seconds).abs() < 1e-5, "{text}: {days}");
        }
        for text in [
            "2024-13-01",
            "2024",
            "20240630x",
            "12:30:00",
            "31.6.2024",
            "1.13.2024",
            "1.5.24",
            "1.5.2024.1",
            "1..2024",
            "192.168.1.2024",
            "2024-06-31",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn a_cell_is_of_one_kind() {
        let comma = notation(true);
        for (cell, kind) in [
            ("1e-13", Kind::Number),
            ("+4", Kind::Number),
            ("20230101", Kind::Number),
            ("1,5", Kind::Number),
            ("Yes", Kind::Boolean),
            ("2023-01-01", Kind::Date),
            ("east, wing B", Kind::Text),
            ("1,5,2", Kind::Text),
        ] {
            assert_eq!(comma.kind(cell), kind, "{cell}");
        }
        assert_eq!(comma.number("1,5"), Some(1.5));
        assert_eq!(notation(false).number("1,5"), None);
        assert_eq!(notation(false).number("1e999"), Some(f64::INFINITY));
    }

    #[test]
    fn gaps_can_be_named() {
        let usual = notation(false);
        assert!(
            ["", "NA", "NaN", "?", "null"]
                .iter()
                .all(|cell| usual.is_gap(cell))
        );
        assert!(!usual.is_gap("-999"));
        let named = Notation {
            gaps: Some(vec!["-999".to_owned()]),
            ..usual
        };
        assert!(named.is_gap("-999") && named.is_gap("") && !named.is_gap("NA"));
    }
}
