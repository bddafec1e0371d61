//! Numbers as a person writes them. Whatever a person reads goes through here; what programs read keeps every digit.

/// A number for people: five significant digits, no exponent where none is needed.
#[must_use]
pub fn number(value: f64) -> String {
    let size = value.abs();
    if value.fract() == 0.0 && size < 1e9 {
        // Zero has no sign.
        return format!("{}", value + 0.0);
    }
    if !(1e-4..1e9).contains(&size) {
        let text = format!("{value:.4e}");
        return match text.split_once('e') {
            Some((digits, exponent)) if digits.contains('.') => {
                format!("{}e{exponent}", without_zeros(digits))
            }
            _ => text,
        };
    }
    let digits = (4 - size.log10().floor() as i32).clamp(0, 8);
    let text = format!("{value:.*}", digits.unsigned_abs() as usize);
    match text.contains('.') {
        true => without_zeros(&text).to_owned(),
        false => text,
    }
}

/// The same without the zeros at the end of a fraction.
fn without_zeros(text: &str) -> &str {
    text.trim_end_matches('0').trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_but_say_enough() {
        for (value, shown) in [
            (0.0, "0"),
            (-0.0, "0"),
            (12.0, "12"),
            (0.983_333_333, "0.98333"),
            (-0.5, "-0.5"),
            (123_456.789, "123457"),
            (587.219_999_999_999_9, "587.22"),
            (4.8e-5, "4.8e-5"),
            (1e-17, "1e-17"),
            (1.2e12, "1.2e12"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(number(value), shown);
        }
    }
}
