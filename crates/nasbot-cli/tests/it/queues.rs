//! Queues: the examples of the documentation over imitations of the commands, and what descriptions may say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use nix::sys::signal::Signal;

use crate::support::{Folder, eventually};

const FAKES: &str = include_str!("fake_queues.sh");

/// What stands between fences of a language on a page.
fn block(page: &str, language: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("```{language}\n"))?;
    let (block, _) = rest.split_once("```\n")?;
    Some(block.to_owned())
}

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(name);
    fs::read_to_string(path).unwrap()
}

/// A search with the example of a page, over imitations of its commands.
fn example(name: &str, commands: &[&str], seconds: &str) -> Folder {
    let page = page(&format!("queues/{name}.md"));
    let folder = Folder::new();
    fs::create_dir(folder.path("spool")).unwrap();
    fs::create_dir(folder.path("bin")).unwrap();
    let text = format!("#!/bin/sh\n{FAKES}")
        .replace("@SPOOL@", &folder.path("spool").display().to_string());
    for command in commands {
        folder.script(&format!("bin/{command}"), &text);
    }
    if let Some(job) = block(&page, "yaml") {
        folder.write("job.yaml", &job);
    }
    let began = folder.path("began");
    let began = began.display();
    folder.script(
        "score.sh",
        &format!(
            "#!/bin/sh\nread -r network; echo $$ >> {began}; sleep {seconds}; echo '{{\"score\":0.5}}'\n"
        ),
    );
    let toml = block(&page, "toml").unwrap();
    let own = "[workers]\ncommand = [\"./score.sh\"]\ngrace = \"2s\"";
    let toml = toml.replacen("[workers]", own, 1);
    folder.write(
        "search.toml",
        &format!(
            "[space]\nkind = \"mlp-class\"\nmax-layers = 8\n[search]\nstrategy = \"random\"\n[budget]\nevaluations = 5\n{toml}"
        ),
    );
    folder
}

fn with_fakes(folder: &Folder, arguments: &[&str]) -> std::process::Command {
    let mut command = folder.command(arguments);
    let path = std::env::var("PATH").unwrap();
    let bin = folder.path("bin");
    command.env("PATH", format!("{}:{path}", bin.display()));
    command
}

const PAGES: [(&str, &[&str]); 4] = [
    ("pbs", &["qsub", "qstat", "qdel"]),
    ("lsf", &["bsub", "bjobs", "bkill"]),
    ("kubernetes", &["kubectl"]),
    ("ssh", &["ssh"]),
];

#[test]
fn what_a_queue_may_have_is_not_handed_out() {
    let folder = example("lsf", &["bsub", "bjobs", "bkill"], "0.1");
    let ask = || {
        let out = folder.run(&["ask", "search.toml", "--format", "json"]).ok();
        let line: serde_json::Value = serde_json::from_str(&out).unwrap();
        line["id"].as_u64()
    };
    assert_eq!(ask(), Some(0));
    folder
        .run(&["fail", "search.nasbot.db", "0", "interrupted"])
        .ok();
    // As a search leaves it that was killed before its queue said what it calls the job.
    assert_eq!(ask(), Some(1));
}

#[test]
fn the_examples_of_the_documentation_search() {
    for (name, commands) in PAGES {
        let folder = example(name, commands, "0.3");
        let output = with_fakes(&folder, &["search", "search.toml"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {said}");
        assert_eq!(folder.lines("began").len(), 5, "{name}: {said}");
        // Nothing but the study and its results is left.
        assert!(!folder.path("search.nasbot.jobs").exists(), "{name}");
    }
}

#[test]
fn the_examples_of_the_documentation_cancel_and_go_on() {
    for (name, commands) in PAGES {
        let folder = example(name, commands, "30");
        let mut search = with_fakes(&folder, &["search", "search.toml"]);
        let mut search = search.stderr(std::process::Stdio::null()).spawn().unwrap();
        eventually("evaluations began", || folder.lines("began").len() >= 2);
        let pid = nix::unistd::Pid::from_raw(i32::try_from(search.id()).unwrap());
        nix::sys::signal::kill(pid, Signal::SIGINT).unwrap();
        assert_eq!(search.wait().unwrap().code(), Some(130), "{name}");
        let programs: BTreeSet<String> = folder.lines("began").into_iter().collect();
        eventually("the jobs ended", || {
            programs
                .iter()
                .all(|pid| !Path::new("/proc").join(pid).exists())
        });
        let text = fs::read_to_string(folder.path("score.sh")).unwrap();
        folder.script("score.sh", &text.replace("sleep 30", "sleep 0.1"));
        let output = with_fakes(&folder, &["resume", "search.nasbot.db"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {said}");
        assert_eq!(folder.summary()["evaluations"], 5, "{name}");
        assert!(!folder.path("search.nasbot.jobs").exists(), "{name}");
    }
}

#[test]
fn machines_are_taken_by_their_places() {
    let folder = example("ssh", &["ssh"], "0.3");
    let output = with_fakes(&folder, &["search", "search.toml"])
        .output()
        .unwrap();
    assert!(output.status.success());
    let hosts = fs::read_to_string(folder.path("spool/hosts")).unwrap();
    let hosts: BTreeSet<&str> = hosts.lines().collect();
    assert_eq!(hosts, BTreeSet::from(["gpu1", "gpu2", "gpu3"]));
}

#[test]
fn the_examples_for_slurm_and_ray_are_valid_descriptions() {
    for name in ["slurm.md", "ray.md"] {
        let folder = Folder::new();
        let toml = block(&page(name), "toml").unwrap();
        folder.write("s.toml", &toml);
        let ran = folder.run(&["validate", "--no-data", "s.toml"]);
        // The data are not here.
        let said = format!("{}{}", ran.stdout, ran.stderr);
        let problems = said.matches('×').count();
        assert!(
            problems == 1 && said.contains("/shared/ann/pictures"),
            "{name}: {said}"
        );
    }
}

#[test]
fn what_cannot_be_an_address_of_ray_is_refused_before_the_study() {
    let folder = Folder::new();
    folder.write(
        "s.toml",
        "[space]\nkind = \"mlp-class\"\n[budget]\nevaluations = 5\n[workers]\nbackend = \"ray\"\ncommand = [\"true\"]\n",
    );
    let mut search = folder.command(&["search", "s.toml"]);
    // As Ray sets it in its own jobs.
    let ran = search.env("RAY_ADDRESS", "10.0.0.1:6379").output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{said}");
    assert!(
        said.contains("RAY_ADDRESS") && said.contains("http://"),
        "{said}"
    );
    assert!(!folder.path("s.nasbot.db").exists());
}

#[test]
fn what_does_not_fit_a_queue_is_refused() {
    let head = "[space]\nkind = \"mlp-class\"\n[budget]\nevaluations = 5\n[workers]\n";
    for (rest, expected) in [
        (
            "backend = \"slurm\"\ncommand = [\"true\"]\nper-device = 2",
            "jobs = 8",
        ),
        (
            "backend = \"slurm\"\ncommand = [\"true\"]\njobs = 0",
            "from 1 to",
        ),
        (
            "backend = \"slurm\"\ncommand = [\"true\"]\n[slurm]\npartion = \"a\"",
            "did you mean `partition`?",
        ),
        (
            "backend = \"slurm\"\ncommand = [\"true\"]\n[template]\nsubmit = \"a\"\nstatus = \"b\"\ncancel = \"c\"",
            "[template] is for backend",
        ),
        ("backend = \"slurm\"", "[data]"),
        ("backend = \"ray\"", "[data]"),
        (
            "backend = \"ray\"\ncommand = [\"true\"]\n[ray]\naddress = \"head:8265\"",
            "must begin with http:// or https://",
        ),
        (
            "backend = \"ray\"\ncommand = [\"true\"]\n[ray]\naddress = \"http://ann:secret@head\"",
            "RAY_AUTH_TOKEN",
        ),
        (
            "backend = \"ray\"\ncommand = [\"true\"]\n[ray]\nentrypoint_num_gpus = 1",
            "did you mean `entrypoint-num-gpus`?",
        ),
        (
            "backend = \"ray\"\ncommand = [\"true\"]\n[ray]\nentrypoint-num-gpus = 1.5",
            "whole number",
        ),
        (
            "backend = \"ray\"\ncommand = [\"true\"]\n[ray]\nentrypoint-num-cpus = -1",
            "at least 0",
        ),
        (
            "backend = \"ray\"\ncommand = [\"true\"]\n[ray]\nentrypoint-memory = \"lots\"",
            "as in \"16G\"",
        ),
        (
            "backend = \"local\"\n[ray]\naddress = \"http://head:8265\"",
            "[ray] is for backend",
        ),
        (
            "backend = \"template\"\ncommand = [\"true\"]",
            "needs a section [template]",
        ),
        (
            "backend = \"command\"\ncommand = [\"true\"]\njobs = 3",
            "for queues only",
        ),
        (
            "backend = \"slurm\"\ncommand = [\"true\"]\ninterval = \"10ms\"",
            "once a second",
        ),
        (
            "backend = \"slurm\"\ncommand = [\"true\"]\n[slurm]\ntimeout-min = 0",
            "at least 1",
        ),
    ] {
        let folder = Folder::new();
        folder.write("s.toml", &format!("{head}{rest}\n"));
        let ran = folder.run(&["validate", "s.toml"]);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.code, Some(2), "{rest}: {said}");
        assert!(said.contains(expected), "{rest}: {said}");
    }
}

#[test]
fn patterns_and_commands_that_cannot_work_are_refused_before_the_study() {
    let head = "[space]\nkind = \"mlp-class\"\n[budget]\nevaluations = 5\n[workers]\nbackend = \"template\"\ncommand = [\"true\"]\n[template]\n";
    for (rest, expected) in [
        (
            "submit = \"a\"\nstatus = \"b {ids}\"\ncancel = \"c {id}\"",
            "{script}",
        ),
        (
            "submit = \"a {script}\"\nstatus = \"b {ids}\"\ncancel = \"c\"",
            "template.cancel",
        ),
        (
            "submit = \"a {script}\"\nstatus = \"b {ids}\"\ncancel = \"c {id}\"\nsubmitted = \"Job\"",
            "{id}",
        ),
        (
            "submit = \"a {script}\"\nstatus = \"b {ids}\"\ncancel = \"c {id}\"\nlisted = \"{id}\"",
            "{state}",
        ),
    ] {
        let folder = Folder::new();
        folder.write("s.toml", &format!("{head}{rest}\n"));
        let said = folder.run(&["search", "s.toml"]).fails(1);
        assert!(said.contains(expected), "{rest}: {said}");
        assert!(!folder.path("s.nasbot.db").exists());
    }
}
