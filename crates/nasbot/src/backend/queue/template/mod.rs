//! Any queue: three commands of the user's, and patterns of what they print.

mod pattern;
mod words;

use std::process::Command;
use std::time::Duration;

use self::pattern::Pattern;
use self::words::State;
use super::call::{Called, call, said};
use super::engine::{Batch, Engine, JobId, JobState, Seen, Trouble, job_name};
use super::folder::Home;
use crate::error::Error;
use crate::report::quoted;
use crate::settings;

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often in a row submissions may fail before that counts as an error of the command's.
const MOST_FAILURES: u32 = 5;

/// A queue that three commands speak for.
pub(super) struct Template {
    options: settings::Template,
    submitted: Pattern,
    listed: Pattern,
    missing: Option<Pattern>,
    /// Submissions that failed in a row.
    failures: u32,
}

impl Template {
    pub(super) fn new(options: &settings::Template) -> Result<Self, Error> {
        let read = |key: &str, text: &str, needs: &[&str]| {
            Pattern::read(text, needs)
                .map_err(|problem| Error::Queue(format!("template.{key} = \"{text}\": {problem}")))
        };
        let has = |key: &str, text: &str, needs: &str| match text.contains(needs) {
            true => Ok(()),
            false => Err(Error::Queue(format!(
                "template.{key}: the command must hold {needs}"
            ))),
        };
        has("submit", &options.submit, "{script}")?;
        has("status", &options.status, "{")?;
        has("cancel", &options.cancel, "{id}")?;
        Ok(Self {
            submitted: read("submitted", &options.submitted, &["{id}"])?,
            listed: read("listed", &options.listed, &["{id}", "{state}"])?,
            missing: (options.missing.as_deref())
                .map(|missing| read("missing", missing, &["{id}"]))
                .transpose()?,
            options: options.clone(),
            failures: 0,
        })
    }

    /// Runs a command of the user's.
    fn run(&self, command: &str) -> Result<Ran, Trouble> {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", command])
            .current_dir(&self.options.folder);
        match call(&mut shell, PATIENCE) {
            Err(error) => Err(Trouble::Later(format!("sh: {error}"))),
            Ok(Called::TooLong) => Err(Trouble::Later(format!(
                "'{command}' does not end within {} s",
                PATIENCE.as_secs()
            ))),
            Ok(Called::Ended {
                status,
                output,
                errors,
            }) => Ok(Ran {
                said: format!("'{command}': {status}: {}", said(&output, &errors)),
                is_good: status.success(),
                output,
                errors,
            }),
        }
    }
}

/// What a command printed.
struct Ran {
    is_good: bool,
    output: String,
    errors: String,
    /// All of it, for messages.
    said: String,
}

impl Engine for Template {
    fn name(&self) -> &'static str {
        "queue"
    }

    fn setup(&self) -> &[String] {
        &self.options.setup
    }

    fn submit(&mut self, batch: &Batch<'_>) -> Result<Vec<JobId>, Trouble> {
        let output = Home(batch.folder.to_owned()).output(batch.token, 0);
        let slot = batch.slots.first().copied().unwrap_or(0);
        let command = (self.options.submit)
            .replace("{script}", &quoted(batch.script))
            .replace("{log}", &quoted(&output))
            .replace("{name}", &format!("nasbot-{}", batch.token))
            .replace("{study}", &job_name(batch.study))
            .replace("{slot}", &slot.to_string());
        let ran = self.run(&command)?;
        if !ran.is_good {
            self.failures += 1;
            return Err(match self.failures >= MOST_FAILURES {
                true => Trouble::Never(format!(
                    "template.submit failed {} times: {}",
                    self.failures, ran.said
                )),
                false => Trouble::Later(ran.said),
            });
        }
        self.failures = 0;
        let mut found = ran
            .output
            .lines()
            .filter_map(|line| self.submitted.find(line));
        match found.next_back() {
            Some(found) => Ok(vec![found.id]),
            None => Err(Trouble::Never(format!(
                "no line that template.submit printed is as template.submitted = \"{}\": {}",
                self.options.submitted, ran.said
            ))),
        }
    }

    fn states(&mut self, study: &str, wanted: &[JobId]) -> Result<Vec<Seen>, Trouble> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let command = (self.options.status)
            .replace("{ids}", &wanted.join(" "))
            .replace("{study}", &job_name(study));
        let ran = self.run(&command)?;
        let mut seen = Vec::new();
        for found in (ran.output.lines()).filter_map(|line| self.listed.find(line)) {
            if !wanted.contains(&found.id) {
                continue;
            }
            let (state, remark) = match words::state(&self.options.states, &found.state) {
                State::Known(state) => (state, None),
                State::Unknown => (
                    JobState::NoNews,
                    Some(format!(
                        "'{}' is no state that is known: list it under [template.states]",
                        found.state
                    )),
                ),
            };
            seen.push(Seen {
                id: found.id,
                batch: None,
                state,
                remark,
            });
        }
        if ran.is_good {
            return Ok(seen);
        }
        // A command that failed has told of those that it names, and of no others.
        let lines = ran.output.lines().chain(ran.errors.lines());
        let missing: Vec<JobId> = match &self.missing {
            Some(pattern) => (lines.filter_map(|line| pattern.find(line)))
                .map(|found| found.id)
                .collect(),
            None => Vec::new(),
        };
        if seen.is_empty() && missing.is_empty() {
            return Err(Trouble::Later(ran.said));
        }
        let silent: Vec<&JobId> = (wanted.iter())
            .filter(|id| !missing.contains(id) && !seen.iter().any(|seen| seen.id == **id))
            .collect();
        seen.extend(silent.into_iter().map(|id| Seen {
            id: id.clone(),
            batch: None,
            state: JobState::NoNews,
            remark: None,
        }));
        Ok(seen)
    }

    fn cancel(&mut self, _: &str, jobs: &[JobId]) -> Result<(), Trouble> {
        for job in jobs {
            // A job that has ended cannot be cancelled, which queues call an error. One that goes on ends by itself.
            self.run(&self.options.cancel.replace("{id}", job))?;
        }
        Ok(())
    }
}
