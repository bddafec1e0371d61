//! Ray, by the Jobs API of its dashboard.
//!
//! A job is submitted under a name made from the study and its batch, which is never used twice: Ray refuses a name that it
//! knows, so that a submission whose answer was lost can be sent again. A head that is restarted forgets its jobs and ends
//! them; their works run again unless a result is there.

mod answer;
mod http;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::answer::{Listed, Logs, is_there_already, said};
use self::http::{Answer, Http, Variables};
use super::engine::{Batch, Cause, Engine, JobId, JobState, Seen, Trouble, job_name};
use crate::error::Error;
use crate::report::quoted;
use crate::settings;

/// How often in a row Ray may fail at submissions, for reasons that it does not tell apart, before that counts as an error.
const MOST_FAILURES: u32 = 5;
/// After which time a job that goes on is stopped once more. One that waits ends only when it has had its turn.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is said once where Ray has given up a job.
const GIVEN_UP: &str = "jobs that wait for room longer than RAY_JOB_START_TIMEOUT_SECONDS (900) are given up by Ray and submitted \
                        again: lower workers.jobs to as many as have room, or raise that variable where the head is started";

/// Ray.
pub(super) struct Ray {
    http: Http,
    options: settings::Ray,
    /// Submissions that failed in a row.
    failures: u32,
    /// Jobs that have been stopped, and when.
    stopped: HashMap<JobId, Instant>,
}

impl Ray {
    pub(super) fn new(options: &settings::Ray) -> Result<Self, Error> {
        let variables = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::with(options, &variables)
    }

    fn with(options: &settings::Ray, variables: Variables<'_>) -> Result<Self, Error> {
        if let Some((_, problem)) = options.problems().into_iter().next() {
            return Err(Error::Queue(format!("[ray] {problem}")));
        }
        Ok(Self {
            http: Http::new(options.address.as_deref(), variables)?,
            options: options.clone(),
            failures: 0,
            stopped: HashMap::new(),
        })
    }

    /// What is asked for a job.
    fn request(&self, id: &str, entrypoint: &str) -> Value {
        let own = &self.options;
        let mut request = json!({
            "submission_id": id,
            "entrypoint": entrypoint,
            "entrypoint_num_cpus": own.cpus(),
        });
        let memory = own
            .entrypoint_memory
            .as_ref()
            .and_then(settings::Memory::bytes);
        for (key, value) in [
            (
                "entrypoint_num_gpus",
                own.entrypoint_num_gpus.map(Value::from),
            ),
            ("entrypoint_memory", memory.map(Value::from)),
            ("entrypoint_resources", given(&own.entrypoint_resources)),
            (
                "entrypoint_label_selector",
                given(&own.entrypoint_label_selector),
            ),
            (
                "runtime_env",
                (!own.runtime_env.is_empty()).then(|| own.runtime_env.clone().into()),
            ),
        ] {
            if let Some(value) = value {
                request[key] = value;
            }
        }
        request
    }

    /// What an answer that is no success means.
    fn trouble(&self, answer: &Answer) -> Trouble {
        let address = self.http.address();
        match answer.status {
            401 | 403 => Trouble::Never(format!(
                "{address} refuses this user ({}): RAY_AUTH_TOKEN, or RAY_AUTH_TOKEN_PATH, must hold the token of Ray",
                said(answer)
            )),
            300..=399 => Trouble::Later(format!(
                "{address} leads elsewhere (status {}), as a proxy does that wants a login: RAY_JOB_HEADERS may hold what it wants",
                answer.status
            )),
            404 => Trouble::Later(format!(
                "{address} does not answer as Ray's Jobs API (status 404): is it the address of the dashboard, and was Ray \
                 installed with it (\"ray[default]\")?"
            )),
            _ => Trouble::Later(format!("{address}: {}", said(answer))),
        }
    }
}

/// A table as JSON, if there is anything in it.
fn given<T: Clone + Into<Value>>(table: &BTreeMap<String, T>) -> Option<Value> {
    let pairs = table
        .iter()
        .map(|(key, value)| (key.clone(), value.clone().into()));
    (!table.is_empty()).then(|| Value::Object(pairs.collect()))
}

/// What the job of a batch is called.
fn name_of(study: &str, token: &str) -> String {
    format!("{}-{token}", job_name(study))
}

/// The batch of a job, if it is one of the study's.
fn batch_of(id: &str, study: &str) -> Option<(String, usize)> {
    let token = id.strip_prefix(&job_name(study))?.strip_prefix('-')?;
    (!token.contains('-')).then(|| (token.to_owned(), 0))
}

impl Engine for Ray {
    fn name(&self) -> &'static str {
        "ray"
    }

    fn setup(&self) -> &[String] {
        &self.options.setup
    }

    fn threads(&self) -> Option<usize> {
        Some((self.options.cpus().ceil() as usize).max(1))
    }

    fn submit(&mut self, batch: &Batch<'_>) -> Result<Vec<JobId>, Trouble> {
        // Ray hands the script's text to the node, where a file of a moment ago may not be seen yet.
        let text = fs::read_to_string(batch.script)
            .map_err(|error| Trouble::Later(format!("{}: {error}", batch.script.display())))?;
        let shell = match self.options.setup.is_empty() {
            true => "sh",
            false => "bash",
        };
        let entrypoint = format!("exec {shell} -c {}", quoted(Path::new(&text)));
        let id = name_of(batch.study, batch.token);
        let request = self.request(&id, &entrypoint);
        // Whether a request came through whose answer did not is found out by sending it again.
        let answer = self.http.post("/api/jobs/", &request);
        let answer = answer.or_else(|_| self.http.post("/api/jobs/", &request));
        let answer = answer.map_err(Trouble::Later)?;
        if answer.status == 200 || is_there_already(&answer, &id) {
            self.failures = 0;
            return Ok(vec![id]);
        }
        let is_unclear = answer.status == 500 && !answer.text.contains("try again later");
        self.failures += u32::from(is_unclear);
        match answer.status {
            400 | 405 | 413 | 422 => Err(Trouble::Never(said(&answer))),
            500 if self.failures >= MOST_FAILURES => Err(Trouble::Never(format!(
                "a submission failed {} times: {}",
                self.failures,
                said(&answer)
            ))),
            _ => Err(self.trouble(&answer)),
        }
    }

    fn states(&mut self, study: &str, _: &[JobId]) -> Result<Vec<Seen>, Trouble> {
        let answer = self.http.get("/api/jobs/").map_err(Trouble::Later)?;
        if answer.status != 200 {
            return Err(self.trouble(&answer));
        }
        let listed: Vec<Listed> = serde_json::from_str(&answer.text).map_err(|error| {
            Trouble::Later(format!(
                "{} does not answer as Ray's Jobs API: {error}",
                self.http.address()
            ))
        })?;
        let seen = listed.into_iter().filter_map(|job| {
            let id = job.submission_id.clone()?;
            let batch = batch_of(&id, study)?;
            let state = job.state();
            let is_given_up = state == JobState::Ended(Cause::Waited);
            Some(Seen {
                id,
                batch: Some(batch),
                state,
                remark: is_given_up.then(|| GIVEN_UP.to_owned()),
            })
        });
        Ok(seen.collect())
    }

    fn examine(&mut self, job: &JobId, cause: Cause, output: &Path) -> Cause {
        if cause == Cause::Lost {
            return Cause::Forgotten;
        }
        let ask = |path: &str| {
            let answer = self.http.get(&format!("/api/jobs/{job}{path}")).ok()?;
            (answer.status == 200).then_some(answer.text)
        };
        let logs: Option<Logs> = ask("/logs").and_then(|text| serde_json::from_str(&text).ok());
        let mut text = logs.map_or_else(String::new, |logs| logs.logs);
        // Of a job that has no output of its own Ray says why that is so.
        if cause.is_before_its_start()
            && let Some(answer) = ask("")
            && let Ok(listed) = serde_json::from_str::<Listed>(&answer)
            && let Some(message) = listed.message
        {
            text += &format!("\n{message}\n");
        }
        // It is there for people only.
        let _ = fs::write(output, text);
        cause
    }

    fn cancel(&mut self, _: &str, jobs: &[JobId]) -> Result<(), Trouble> {
        let now = Instant::now();
        self.stopped.retain(|_, at| now < *at + PATIENCE);
        for job in jobs {
            if self.stopped.contains_key(job) {
                continue;
            }
            let path = format!("/api/jobs/{job}/stop");
            let answer = self.http.post(&path, &json!({})).map_err(Trouble::Later)?;
            let is_unknown = answer.status == 404 && answer.text.contains(job.as_str());
            if answer.status != 200 && !is_unknown {
                return Err(self.trouble(&answer));
            }
            self.stopped.insert(job.clone(), now);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
