//! What every back-end must do, whatever it is: one suite, run over each of ours and over one that outlives its search.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "these are tests, although not of the usual harness"
)]

mod automatic;
mod detached;
mod fake_queue;
mod inheriting;
mod jobs;
mod queues;
mod ray;
mod recipe;
mod slurm;
mod suite;
mod support;
mod warm;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if let Some(status) = nasbot::backend::intercept() {
        return status;
    }
    let mut trials = Vec::new();
    for (backend, make) in support::backends() {
        for (what, test) in suite::TESTS {
            trials.push(Trial::test(format!("{backend}::{what}"), move || {
                run(backend, || test(&make));
                Ok(())
            }));
        }
    }
    for (backend, make) in support::outliving() {
        for (what, test) in detached::TESTS {
            trials.push(Trial::test(format!("{backend}::{what}"), move || {
                run(backend, || test(&make));
                Ok(())
            }));
        }
    }
    for (backend, make) in inheriting::queues() {
        for (what, test) in inheriting::TESTS {
            let name = format!("inheriting::{backend}::{what}");
            trials.push(Trial::test(name, move || {
                run(backend, || test(&make));
                Ok(())
            }));
        }
    }
    for (what, test) in queues::TESTS {
        trials.push(Trial::test(format!("queues::{what}"), move || {
            test();
            Ok(())
        }));
    }
    for (what, test) in automatic::TESTS {
        trials.push(Trial::test(format!("automatic::{what}"), move || {
            test();
            Ok(())
        }));
    }
    for (what, test) in warm::TESTS {
        trials.push(Trial::test(format!("warm::{what}"), move || {
            test();
            Ok(())
        }));
    }
    let recipe = "the_back_end_of_the_recipe_is_the_one_that_is_tested";
    trials.push(Trial::test(format!("contributing::{recipe}"), || {
        let (_, code) = include_str!("recipe.rs").split_once("\n\n").unwrap();
        let text = include_str!("../../../../CONTRIBUTING.md");
        assert!(
            text.contains(&format!("```rust\n{code}```\n")),
            "CONTRIBUTING.md does not have the text of crates/nasbot/tests/backends/recipe.rs"
        );
        Ok(())
    }));
    for (what, test) in slurm::TESTS {
        let test = Trial::test(format!("slurm::{what}"), move || {
            test();
            Ok(())
        });
        trials.push(test.with_ignored_flag(!slurm::is_there()));
    }
    for (what, test) in ray::TESTS {
        let test = Trial::test(format!("ray::{what}"), move || {
            test();
            Ok(())
        });
        trials.push(test.with_ignored_flag(!ray::is_there()));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Runs a test of the suites. Some of Ray's own tests end its head.
fn run(backend: &str, test: impl FnOnce()) {
    match backend {
        "ray" => ray::undisturbed(test),
        _ => test(),
    }
}
