//! Requests as they are sent, and what becomes of answers that the real Ray gives seldom: over a socket that answers as told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use super::*;

/// An address at which each request is answered in turn with a status and a text; without one the connection is closed. What
/// was requested: the first line, the header that proves who asks, the body.
fn served(answers: Vec<Option<(u16, String)>>) -> (String, JoinHandle<Vec<[String; 3]>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let serving = thread::spawn(move || {
        let mut requests = Vec::new();
        for answer in answers {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let (mut lines, mut length) = (Vec::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let line = line.trim().to_owned();
                if line.is_empty() {
                    break;
                }
                if let Some(number) = line.to_lowercase().strip_prefix("content-length: ") {
                    length = number.parse().unwrap();
                }
                lines.push(line);
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let is_proof = |line: &&String| line.to_lowercase().starts_with("authorization");
            let proof = lines.iter().find(is_proof).cloned();
            requests.push([
                lines[0].clone(),
                // Without a header the comparison fails.
                proof.unwrap_or_default(),
                String::from_utf8(body).unwrap(),
            ]);
            if let Some((status, text)) = answer {
                let length = text.len();
                let head = format!(
                    "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                );
                reader
                    .get_mut()
                    .write_all((head + &text).as_bytes())
                    .unwrap();
            }
        }
        requests
    });
    (address, serving)
}

fn ray(address: &str, options: Value) -> Ray {
    let mut options: settings::Ray = serde_json::from_value(options).unwrap();
    options.address = Some(address.to_owned());
    let variables = |name: &str| (name == "RAY_AUTH_TOKEN").then(|| "the-token".to_owned());
    Ray::with(&options, &variables).ok().unwrap()
}

/// Submits a job, whose requests are answered in turn.
fn submit(
    options: Value,
    answers: Vec<Option<(u16, String)>>,
) -> (Result<Vec<JobId>, Trouble>, Vec<[String; 3]>) {
    let (address, serving) = served(answers);
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("0a1b.sh");
    fs::write(&script, "#!/bin/sh\nexec nasbot __job \"0\"\n").unwrap();
    let batch = Batch {
        study: "study-1f",
        token: "0a1b",
        folder: folder.path(),
        script: &script,
        slots: &[0],
    };
    let submitted = ray(&address, options).submit(&batch);
    (submitted, serving.join().unwrap())
}

fn answer(status: u16, text: &str) -> Option<(u16, String)> {
    Some((status, text.to_owned()))
}

#[test]
fn a_request_holds_what_is_asked_for_and_who_asks() {
    let (submitted, requests) = submit(json!({}), vec![answer(200, "{}")]);
    assert_eq!(submitted, Ok(vec!["nasbot-study-1f-0a1b".to_owned()]));
    let [line, proof, body] = &requests[0];
    assert_eq!(line, "POST /api/jobs/ HTTP/1.1");
    assert_eq!(proof.split_once(": ").unwrap().1, "Bearer the-token");
    let entrypoint = "exec sh -c '#!/bin/sh\nexec nasbot __job \"0\"\n'";
    let least = json!({
        "submission_id": "nasbot-study-1f-0a1b", "entrypoint": entrypoint, "entrypoint_num_cpus": 1.0,
    });
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), least);
    let all = json!({
        "entrypoint-num-cpus": 2.5, "entrypoint-num-gpus": 0.5, "entrypoint-memory": "1G",
        "entrypoint-resources": {"big": 1.0}, "entrypoint-label-selector": {"zone": "a"},
        "runtime-env": {"env_vars": {"A": "b"}, "pip": ["torch"]}, "setup": ["module load cuda"],
    });
    assert_eq!(ray("http://nowhere:1", all.clone()).threads(), Some(3));
    let (_, requests) = submit(all, vec![answer(200, "{}")]);
    let body: Value = serde_json::from_str(&requests[0][2]).unwrap();
    for (key, expected) in [
        ("entrypoint_num_cpus", json!(2.5)),
        ("entrypoint_num_gpus", json!(0.5)),
        ("entrypoint_memory", json!(1_073_741_824)),
        ("entrypoint_resources", json!({"big": 1.0})),
        ("entrypoint_label_selector", json!({"zone": "a"})),
        (
            "runtime_env",
            json!({"env_vars": {"A": "b"}, "pip": ["torch"]}),
        ),
    ] {
        assert_eq!(body[key], expected, "{key}");
    }
    assert!(
        body["entrypoint"]
            .as_str()
            .unwrap()
            .starts_with("exec bash -c ")
    );
}

#[test]
fn a_submission_whose_answer_was_lost_is_sent_again_and_counts_once() {
    let there =
        "Traceback\nValueError: Job with submission_id nasbot-study-1f-0a1b already exists.\n";
    let (submitted, requests) = submit(json!({}), vec![None, answer(500, there)]);
    assert_eq!(submitted, Ok(vec!["nasbot-study-1f-0a1b".to_owned()]));
    assert_eq!(requests[0], requests[1]);
}

#[test]
fn what_may_pass_is_waited_for_and_the_rest_is_said() {
    for (status, text, is_for_now, expected) in [
        (
            401,
            "Unauthorized: Missing authentication token",
            false,
            "RAY_AUTH_TOKEN",
        ),
        (
            403,
            "Forbidden: Invalid authentication token",
            false,
            "RAY_AUTH_TOKEN",
        ),
        (
            400,
            "Traceback\nTypeError: unexpected keyword\n",
            false,
            "unexpected keyword",
        ),
        (302, "", true, "RAY_JOB_HEADERS"),
        (404, "not here", true, "dashboard"),
        (
            500,
            "No available agent to submit job, please try again later.",
            true,
            "try again later",
        ),
        (503, "upstream", true, "status 503"),
    ] {
        let (submitted, _) = submit(json!({}), vec![answer(status, text)]);
        let message = match submitted.unwrap_err() {
            Trouble::Later(message) if is_for_now => message,
            Trouble::Never(message) if !is_for_now => message,
            other => panic!("{status}: {other:?}"),
        };
        assert!(message.contains(expected), "{status}: {message}");
        assert!(!message.contains("the-token"), "{message}");
    }
}

#[test]
fn a_head_that_is_away_is_waited_for() {
    // A port that was just free.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut ray = ray(&address, json!({}));
    let Err(Trouble::Later(message)) = ray.states("study-1f", &[]) else {
        panic!("it answers");
    };
    assert!(message.contains("does not answer"), "{message}");
    let Err(Trouble::Later(_)) = ray.cancel("study-1f", &["a".to_owned()]) else {
        panic!("it answers");
    };
    // A job that cannot be asked about keeps what is known of its end.
    let output = tempfile::NamedTempFile::new().unwrap();
    let cause = ray.examine(&"a".to_owned(), Cause::Cancelled, output.path());
    assert_eq!(cause, Cause::Cancelled);
}

#[test]
fn jobs_of_other_studies_are_none_of_ours() {
    let job = |id: &str| json!({"submission_id": id, "status": "RUNNING"});
    let list = json!([
        job("nasbot-study-1f-0a1b"),
        job("nasbot-study-2e-77"),
        job("raysubmit_4711"),
        {"submission_id": null, "job_id": "02000000", "type": "DRIVER", "status": "RUNNING"},
    ]);
    let (address, serving) = served(vec![answer(200, &list.to_string()), answer(200, "<html>")]);
    let mut ray = ray(&address, json!({}));
    let seen = ray.states("study-1f", &[]).unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].batch, Some(("0a1b".to_owned(), 0)));
    assert_eq!(seen[0].state, JobState::Running);
    let Err(Trouble::Later(message)) = ray.states("study-1f", &[]) else {
        panic!("a page is no list");
    };
    assert!(
        message.contains("does not answer as Ray's Jobs API"),
        "{message}"
    );
    serving.join().unwrap();
}

#[test]
fn a_job_is_stopped_once_and_one_that_is_gone_is_no_error() {
    let gone = answer(404, "Job b does not exist");
    let (address, serving) = served(vec![answer(200, r#"{"stopped": true}"#), gone]);
    let mut ray = ray(&address, json!({}));
    let jobs = ["a".to_owned(), "b".to_owned()];
    assert_eq!(ray.cancel("study-1f", &jobs), Ok(()));
    // It waits for its turn, and hears of it then: a third request would not be answered.
    assert_eq!(ray.cancel("study-1f", &jobs), Ok(()));
    let requests = serving.join().unwrap();
    assert_eq!(requests[0][0], "POST /api/jobs/a/stop HTTP/1.1");
    assert_eq!(requests[1][0], "POST /api/jobs/b/stop HTTP/1.1");
}

#[test]
fn the_output_of_a_job_and_what_ray_says_of_it_are_kept() {
    let logs = json!({"logs": "the setup failed\n"}).to_string();
    let told =
        json!({"status": "FAILED", "message": "runtime_env setup failed: no pip"}).to_string();
    let (address, serving) = served(vec![
        answer(200, &logs),
        answer(200, &logs),
        answer(200, &told),
    ]);
    let mut ray = ray(&address, json!({}));
    let output = tempfile::NamedTempFile::new().unwrap();
    let failed = Cause::Failed {
        status: 3,
        signal: 0,
    };
    let job = "a".to_owned();
    assert_eq!(ray.examine(&job, failed, output.path()), failed);
    assert_eq!(
        fs::read_to_string(output.path()).unwrap(),
        "the setup failed\n"
    );
    assert_eq!(
        ray.examine(&job, Cause::NotStarted, output.path()),
        Cause::NotStarted
    );
    let text = fs::read_to_string(output.path()).unwrap();
    assert!(
        text.contains("the setup failed") && text.contains("no pip"),
        "{text}"
    );
    assert_eq!(
        ray.examine(&job, Cause::Lost, output.path()),
        Cause::Forgotten
    );
    let requests = serving.join().unwrap();
    assert_eq!(requests[0][0], "GET /api/jobs/a/logs HTTP/1.1");
    assert_eq!(requests[2][0], "GET /api/jobs/a HTTP/1.1");
}
