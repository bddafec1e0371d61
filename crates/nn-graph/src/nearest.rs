//! What to say of a name that is unknown.

/// Names closer than this (Jaro–Winkler) are offered as what was meant.
const SIMILAR: f64 = 0.75;

/// What to do about an unknown name: the known one that was probably meant, or all of them where none is like it.
pub(crate) fn instead<'a>(unknown: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let nearest = (known.clone())
        .map(|name| (strsim::jaro_winkler(unknown, name), name))
        .filter(|&(similarity, _)| similarity >= SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((_, name)) => format!("did you mean '{name}'?"),
        None => format!("use one of {}", known.collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Op;

    #[test]
    fn a_near_name_is_offered_and_all_names_where_none_is_near() {
        let ops = || Op::ALL.iter().map(|op| op.name());
        for (unknown, meant) in [
            ("conv33", "conv3"),
            ("maxpool", "max-pool"),
            ("avg_pool", "avg-pool"),
            ("LeakyRelu", "leaky-relu"),
            ("sofmax", "softmax"),
        ] {
            assert_eq!(
                instead(unknown, ops()),
                format!("did you mean '{meant}'?"),
                "{unknown}"
            );
        }
        for unknown in ["gru", "", "swish", "層"] {
            assert!(
                instead(unknown, ops()).starts_with("use one of ip, op, softmax"),
                "{unknown}"
            );
        }
    }
}
