//! Patterns of lines: text with `{id}`, `{state}` and `{_}` (any word) in it.

/// A pattern. It stands at the beginning of a line; blanks in it are one or more, and each of its placeholders is as many
/// letters other than blanks as can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Blank,
    Id,
    State,
    Any,
}

/// What stands in the places of a pattern; empty where it has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) id: String,
    pub(super) state: String,
}

impl Pattern {
    /// Reads a pattern that must hold some placeholders.
    pub(super) fn read(text: &str, needs: &[&str]) -> Result<Self, String> {
        if let Some(missing) = needs.iter().find(|needed| !text.contains(**needed)) {
            return Err(format!("it must hold {missing}"));
        }
        let mut parts = Vec::new();
        let mut rest = text.trim();
        while let Some(first) = rest.chars().next() {
            let part = [
                ("{id}", Part::Id),
                ("{state}", Part::State),
                ("{_}", Part::Any),
            ];
            if let Some((name, part)) = part.into_iter().find(|(name, _)| rest.starts_with(name)) {
                rest = &rest[name.len()..];
                parts.push(part);
            } else if first.is_whitespace() {
                rest = rest.trim_start();
                parts.push(Part::Blank);
            } else {
                let end = rest[first.len_utf8()..].find(|c: char| c.is_whitespace() || c == '{');
                let end = end.map_or(rest.len(), |end| end + first.len_utf8());
                parts.push(Part::Text(rest[..end].to_owned()));
                rest = &rest[end..];
            }
        }
        Ok(Self(parts))
    }

    /// What stands in its places, if a line is as it says.
    pub(super) fn find(&self, line: &str) -> Option<Found> {
        let mut found = Found::default();
        matches(&self.0, line.trim(), &mut found).then_some(found)
    }
}

fn matches(parts: &[Part], line: &str, found: &mut Found) -> bool {
    let Some((part, rest)) = parts.split_first() else {
        return true;
    };
    match part {
        Part::Text(text) => {
            (line.strip_prefix(text.as_str())).is_some_and(|line| matches(rest, line, found))
        }
        Part::Blank => {
            line.starts_with(char::is_whitespace) && matches(rest, line.trim_start(), found)
        }
        Part::Id | Part::State | Part::Any => {
            let longest = line.find(char::is_whitespace).unwrap_or(line.len());
            let ends = line[..longest]
                .char_indices()
                .map(|(at, c)| at + c.len_utf8());
            let Some(end) = ends.rev().find(|&end| matches(rest, &line[end..], found)) else {
                return false;
            };
            match part {
                Part::Id => line[..end].clone_into(&mut found.id),
                Part::State => line[..end].clone_into(&mut found.state),
                _ => {}
            }
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(pattern: &str, line: &str) -> Option<(String, String)> {
        let pattern = Pattern::read(pattern, &["{id}"]).unwrap();
        pattern.find(line).map(|found| (found.id, found.state))
    }

    #[test]
    fn what_queues_print_is_found() {
        // As printed by LSF's bsub, OpenPBS's qsub and qstat, kubectl, and LSF's bjobs.
        for (pattern, line, id, state) in [
            (
                "Job <{id}> is submitted",
                "Job <8217> is submitted to queue <normal>.",
                "8217",
                "",
            ),
            ("{id}", "1034.pbs-head\n", "1034.pbs-head", ""),
            (
                "job.batch/{id} created",
                "job.batch/nasbot-3f created",
                "nasbot-3f",
                "",
            ),
            (
                "{id} {_} {_} {_} {state}",
                "1034.pbs-head     nasbot-3f    ann    00:00:00 R workq",
                "1034.pbs-head",
                "R",
            ),
            ("{id} {state}", "8217   RUN   -", "8217", "RUN"),
            (
                "jobs.batch \"{id}\" not",
                "jobs.batch \"a\" not found",
                "a",
                "",
            ),
        ] {
            let expected = Some((id.to_owned(), state.to_owned()));
            assert_eq!(find(pattern, line), expected, "{pattern}");
        }
        assert_eq!(
            find("Job <{id}> is submitted", "Request aborted by esub."),
            None
        );
        assert_eq!(find("{id} {state}", "alone"), None);
        assert!(Pattern::read("Job is submitted", &["{id}"]).is_err());
    }
}
