//! What two descriptions of one study differ in, and which of it the scores of its evaluations depend on.

use std::collections::BTreeMap;

use nasbot::report;
use nasbot::study::Change;

/// Sections that say where and how long evaluations run.
const FREE: [&str; 7] = [
    "workers",
    "slurm",
    "ray",
    "template",
    "budget",
    "study",
    "proposals",
];

/// Keys that say where the data stand: they may get another value, but a file that is new, or is not there any more, divides the
/// data otherwise.
const PLACES: [&str; 4] = [
    "data.path",
    "data.labels",
    "data.test.path",
    "data.test.labels",
];

/// Keys that say how files are written and kept.
const FORMS: [&str; 6] = [
    "data.format",
    "data.separator",
    "data.encoding",
    "data.header",
    "data.cache",
    "data.placement",
];

/// What can't change while a study goes on, although the rest of its section can.
const FIXED: [&str; 2] = ["study.seed", "workers.backend"];

/// When a key may be given another value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum May {
    Always,
    /// While no network has a score.
    Unscored,
    Never,
}

/// The keys in which two descriptions differ.
pub(super) struct Differences {
    before: toml::Table,
    after: toml::Table,
    changes: Vec<Change>,
}

impl Differences {
    /// Those of two TOML files. The study's own was read when it began, and the other one before it is compared.
    pub(super) fn of(before: &str, after: &str) -> Self {
        let table = |text: &str| toml::from_str(text).unwrap_or_else(|_| toml::Table::new());
        let (before, after) = (table(before), table(after));
        let [from, to] = [&before, &after].map(|table| {
            let mut leaves = BTreeMap::new();
            flatten("", table, &mut leaves);
            leaves
        });
        let mut keys: Vec<&String> = from.keys().chain(to.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        let changes = keys
            .into_iter()
            .filter(|key| from.get(*key) != to.get(*key));
        let changes = changes.map(|key| Change {
            key: key.clone(),
            from: from.get(key).cloned(),
            to: to.get(key).cloned(),
        });
        Self {
            changes: changes.collect(),
            before,
            after,
        }
    }

    /// All of them, in the order of the keys.
    pub(super) fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether anything is changed that says what networks are trained on.
    pub(super) fn concerns_data(&self) -> bool {
        self.changes
            .iter()
            .any(|change| change.key.starts_with("data."))
    }

    /// What may not be changed, `is_scored` saying whether a network has a score.
    pub(super) fn refused(&self, is_scored: bool) -> Vec<&Change> {
        let is_refused = |change: &&Change| match self.may(change) {
            May::Always => false,
            May::Unscored => is_scored,
            May::Never => true,
        };
        self.changes.iter().filter(is_refused).collect()
    }

    fn may(&self, change: &Change) -> May {
        let key = change.key.as_str();
        if key == "workers.backend" && evaluator(&self.before) == evaluator(&self.after) {
            return May::Always;
        }
        if FIXED.contains(&key) {
            return May::Never;
        }
        let is_moved = change.from.is_some() && change.to.is_some();
        let section = key.split('.').next().unwrap_or(key);
        match section {
            _ if FREE.contains(&section) || FORMS.contains(&key) => May::Always,
            _ if PLACES.contains(&key) && is_moved => May::Always,
            "data" | "training" => May::Unscored,
            _ => May::Never,
        }
    }
}

/// Each of these changes in words.
pub(super) fn listed<'a>(changes: impl IntoIterator<Item = &'a Change>) -> String {
    let changes: Vec<String> = changes.into_iter().map(report::change).collect();
    changes.join("; ")
}

/// What gives networks their scores, wherever it runs.
fn evaluator(table: &toml::Table) -> &str {
    let value = |key: &str| table.get("workers")?.get(key);
    let backend = value("backend")
        .and_then(toml::Value::as_str)
        .unwrap_or("local");
    match backend {
        "slurm" | "ray" | "template" if value("command").is_some() => "command",
        "slurm" | "ray" | "template" => "local",
        other => other,
    }
}

/// The values of a table by their dotted keys, as TOML.
fn flatten(prefix: &str, table: &toml::Table, out: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let key = match prefix {
            "" => key.clone(),
            prefix => format!("{prefix}.{key}"),
        };
        match value {
            toml::Value::Table(inner) => flatten(&key, inner, out),
            value => drop(out.insert(key, value.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Differences;

    const BEFORE: &str = "[study]\nseed = 1\n[space]\nkind = \"mlp-class\"\n[data]\npath = \"a.csv\"\ntask = \"class\"\n\
                          split = { seed = 1 }\ntest = { path = \"t.csv\" }\n[training]\nepochs = 3\n[budget]\nevaluations = 3\n";

    fn refused(from: &str, to: &str, is_scored: bool) -> Vec<String> {
        assert!(BEFORE.contains(from), "{from}");
        let differences = Differences::of(BEFORE, &BEFORE.replace(from, to));
        assert!(!differences.is_empty(), "{to}");
        let refused = differences.refused(is_scored);
        refused.iter().map(|change| change.key.clone()).collect()
    }

    #[test]
    fn what_scores_depend_on_is_refused_once_there_are_scores() {
        for (from, to, key) in [
            (
                "task = \"class\"",
                "task = \"class\"\nlabel = \"y\"",
                "data.label",
            ),
            (
                "task = \"class\"",
                "task = \"class\"\nmetric = \"auc\"",
                "data.metric",
            ),
            ("seed = 1 }", "seed = 2 }", "data.split.seed"),
            ("test = { path = \"t.csv\" }\n", "", "data.test.path"),
            ("epochs = 3", "epochs = 4", "training.epochs"),
        ] {
            assert_eq!(refused(from, to, true), [key], "{to}");
            assert!(refused(from, to, false).is_empty(), "{to}");
        }
    }

    #[test]
    fn what_a_search_is_of_is_always_refused() {
        for (from, to, key) in [
            ("mlp-class", "mlp-reg", "space.kind"),
            ("[study]\nseed = 1", "[study]\nseed = 2", "study.seed"),
            (
                "[budget]",
                "[search]\nstrategy = \"random\"\n[budget]",
                "search.strategy",
            ),
            (
                "[budget]",
                "[workers]\nbackend = \"synthetic\"\n[budget]",
                "workers.backend",
            ),
        ] {
            assert_eq!(refused(from, to, false), [key], "{to}");
        }
    }

    #[test]
    fn places_means_and_limits_may_always_change() {
        for (from, to) in [
            ("a.csv", "b.csv"),
            ("t.csv", "u.csv"),
            ("evaluations = 3", "evaluations = 30\nwall-time = \"1h\""),
            (
                "[budget]",
                "[workers]\nbackend = \"slurm\"\njobs = 2\n[budget]",
            ),
            ("task = \"class\"", "task = \"class\"\nseparator = \";\""),
        ] {
            assert!(refused(from, to, true).is_empty(), "{to}");
        }
    }
}
