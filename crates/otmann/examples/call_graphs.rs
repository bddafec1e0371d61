//! Compares the call graphs of four small programs: how far apart they are, which functions of two
//! of them correspond, and which program is nearest to a fifth.
//!
//! `cargo run -p otmann --example call_graphs`

use std::io::{Write, stdout};

use otmann::{Error, Graph, Measure, Metric, Mismatch, Profile};

/// A program: functions (what they do, lines of code) and calls (from, to).
struct Program {
    name: &'static str,
    functions: &'static [(&'static str, f64)],
    calls: &'static [(usize, usize)],
}

const PROGRAMS: [Program; 4] = [
    Program {
        name: "word-count",
        functions: &[
            ("main", 20.0),
            ("read", 15.0),
            ("parse", 40.0),
            ("count", 30.0),
            ("print", 10.0),
        ],
        calls: &[(0, 1), (0, 2), (2, 3), (0, 4)],
    },
    Program {
        name: "line-count",
        functions: &[
            ("main", 18.0),
            ("read", 15.0),
            ("count", 12.0),
            ("print", 10.0),
        ],
        calls: &[(0, 1), (0, 2), (0, 3)],
    },
    Program {
        name: "linter",
        functions: &[
            ("main", 60.0),
            ("read", 20.0),
            ("lex", 120.0),
            ("parse", 300.0),
            ("check", 250.0),
            ("print", 40.0),
        ],
        calls: &[(0, 1), (0, 3), (3, 2), (0, 4), (4, 5)],
    },
    Program {
        name: "formatter",
        functions: &[
            ("main", 50.0),
            ("read", 20.0),
            ("lex", 110.0),
            ("parse", 320.0),
            ("print", 200.0),
        ],
        calls: &[(0, 1), (0, 3), (3, 2), (0, 4)],
    },
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = stdout().lock();
    // Lexing is a kind of parsing, counting a kind of checking; all else matches only itself.
    let mismatch = Mismatch::new(["main", "read", "lex", "parse", "count", "check", "print"])?
        .with("lex", "parse", 0.3)?
        .with("count", "check", 0.6)?;
    let metric = Metric::new(mismatch).with_coefficients([0.1])?;
    let profiles: Vec<Profile> = (PROGRAMS.iter())
        .map(|program| profile(program, &metric))
        .collect::<Result<_, _>>()?;

    let distances = metric.pairwise(&profiles)?;
    writeln!(out, "normalised distances:")?;
    for (row, program) in PROGRAMS.iter().enumerate() {
        write!(out, "{:>12}", program.name)?;
        for column in 0..PROGRAMS.len() {
            write!(
                out,
                " {:.3}",
                distances.normalised[0][row * PROGRAMS.len() + column]
            )?;
        }
        writeln!(out)?;
    }

    let (a, b) = (&PROGRAMS[2], &PROGRAMS[3]);
    let matching = metric.matching(&profiles[2], &profiles[3], 0.1)?;
    writeln!(out, "\n{} against {}, lines matched:", a.name, b.name)?;
    for m in &matching.matches {
        writeln!(
            out,
            "{:>12} – {:<8} {:>5}",
            a.functions[m.row].0, b.functions[m.column].0, m.amount
        )?;
    }
    for (function, left) in a.functions.iter().zip(&matching.unmatched_first) {
        if *left > 0.0 {
            writeln!(out, "{:>12} – nothing  {left:>5}", function.0)?;
        }
    }

    let nearest = metric.nearest(&profiles[0], &profiles[1..], 1, 0.1, Measure::Normalised)?;
    for neighbour in &nearest.neighbours {
        let name = PROGRAMS[1 + neighbour.index].name;
        writeln!(
            out,
            "\nnearest to {}: {name}, solves avoided: {}",
            PROGRAMS[0].name, nearest.avoided
        )?;
    }
    Ok(())
}

fn profile(program: &Program, metric: &Metric) -> Result<Profile, Error> {
    let labels = (program.functions.iter())
        .map(|(what, _)| metric.mismatch().label(what))
        .collect::<Result<Vec<_>, _>>()?;
    let masses: Vec<f64> = program.functions.iter().map(|&(_, lines)| lines).collect();
    let graph = Graph {
        labels: &labels,
        masses: &masses,
        edges: program.calls,
    };
    Profile::from_graph(&graph, metric)
}
