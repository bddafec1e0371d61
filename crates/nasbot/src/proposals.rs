//! Networks that are proposed to a search, as files and programs give them.
//!
//! A text is one network, a JSON array of them, or lines with one each. A line may also be an object with a `network`, as `nasbot ask
//! --format json` prints it. What is no network is left out and said; the others count.

use nn_graph::Network;
use serde::Deserialize;
use serde_json::value::RawValue;

/// How many problems are named.
const NAMED: usize = 3;

/// What was read of a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Read {
    /// The networks, in their order.
    pub networks: Vec<Network>,
    /// What is wrong with the rest, with its place; the first few of many.
    pub problems: Vec<String>,
    /// How many places have no network.
    pub unread: usize,
}

impl Read {
    fn take(&mut self, text: &str, place: &str) {
        #[derive(Deserialize)]
        struct Wrapped<'a> {
            #[serde(borrow)]
            network: &'a RawValue,
        }
        let inner = serde_json::from_str::<Wrapped<'_>>(text);
        let text = inner.as_ref().map_or(text, |wrapped| wrapped.network.get());
        match text.parse() {
            Ok(network) => self.networks.push(network),
            Err(error) => self.miss(format!("{place}: {error}")),
        }
    }

    fn miss(&mut self, problem: String) {
        self.unread += 1;
        if self.problems.len() < NAMED {
            self.problems.push(problem);
        }
    }

    /// What is wrong, in one sentence; `None` where nothing is.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        let more = self.unread - self.problems.len();
        let more = match more {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        (self.unread > 0).then(|| {
            let all = self.unread + self.networks.len();
            let problems = self.problems.join("; ");
            format!(
                "{} of {all} proposals are no networks: {problems}{more}",
                self.unread
            )
        })
    }
}

/// Reads the networks of a text.
///
/// ```
/// let text = r#"
/// {"kind":"mlp-reg","layers":[{"op":"ip"},{"op":"relu","units":8},{"op":"linear"},{"op":"op"}],"edges":[[0,1],[1,2],[2,3]]}
/// Here are two networks:
/// {"kind":"mlp-reg","layers":[{"op":"ip"},{"op":"op"}],"edges":[[0,1]]}
/// "#;
/// let read = nasbot::proposals::read(text);
/// assert_eq!((read.networks.len(), read.unread), (1, 2));
/// assert!(read.problems[0].starts_with("line 3: "));
/// ```
#[must_use]
pub fn read(text: &str) -> Read {
    let text = text.trim_start_matches('\u{feff}');
    let mut read = Read::default();
    if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(text) {
        for (place, network) in list.iter().enumerate() {
            read.take(
                network.get(),
                &format!("network {place} of the list, counted from 0"),
            );
        }
    } else if serde_json::from_str::<&RawValue>(text).is_ok() {
        read.take(text, "the network");
    } else {
        let lines = text.lines().enumerate();
        for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            read.take(line.trim(), &format!("line {}", number + 1));
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: &str = r#"{"kind":"mlp-reg","layers":[{"op":"ip"},{"op":"relu","units":8},{"op":"linear"},{"op":"op"}],"edges":[[0,1],[1,2],[2,3]]}"#;

    #[test]
    fn one_network_a_list_and_lines_are_read() {
        let spread = NETWORK.replace(',', ",\n");
        let list = format!("[{NETWORK},\n{spread}]");
        let wrapped = format!("{{\"next\":\"evaluate\",\"network\":{NETWORK}}}");
        let lines = format!("\n{NETWORK}\r\n{wrapped}\n");
        for (text, count) in [
            (NETWORK, 1),
            (&spread, 1),
            (&list, 2),
            (&lines, 2),
            ("", 0),
            ("[]", 0),
        ] {
            let found = read(text);
            assert_eq!(
                (found.networks.len(), found.complaint()),
                (count, None),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_network_is_named_and_left_out() {
        let many = format!("{NETWORK}\n{}", "garbage\n".repeat(10));
        let found = read(&many);
        assert_eq!((found.networks.len(), found.unread), (1, 10));
        let said = found.complaint().unwrap();
        assert!(
            said.starts_with("10 of 11 proposals are no networks: line 2: "),
            "{said}"
        );
        assert!(said.ends_with("; and 7 more"), "{said}");
        let said = read("[1, 2]").complaint().unwrap();
        assert!(said.contains("network 0 of the list"), "{said}");
    }
}
