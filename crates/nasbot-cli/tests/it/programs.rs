//! Programs of the user's that begin, answer and end in odd ways: each case with what is right.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::{Folder, eventually, runs};

/// A search of evaluations by a program in the folder; `more` is appended to the section `[workers]`.
pub(crate) fn search(folder: &Folder, command: &[&str], evaluations: u64, more: &str) {
    let command = serde_json::to_string(command).unwrap();
    folder.write(
        "search.toml",
        &format!(
            "[space]\nkind = \"mlp-class\"\nmax-layers = 8\n[search]\nstrategy = \"random\"\n\
             [budget]\nevaluations = {evaluations}\n\
             [workers]\nbackend = \"command\"\ncommand = {command}\ndevices = [\"cpu\"]\n{more}\n"
        ),
    );
}

/// What came of one evaluation by a shell script.
fn shell(code: &str) -> Value {
    let folder = Folder::new();
    search(&folder, &["sh", "-c", code], 1, "");
    folder.run(&["search", "search.toml", "-q"]);
    folder.evaluations().remove(0)
}

#[test]
fn an_answer_counts_however_its_program_ends() {
    for (code, note) in [
        ("echo '{\"score\": 0.5}'; exit 1", "status 1"),
        ("echo '{\"score\": 0.5}'; kill -SEGV $$", "signal 11"),
        ("echo '{\"score\": 0.5}'; nosuchcleanup", "status 127"),
        ("sleep 20 & printf '{\"score\": 0.5}'", ""),
        ("sleep 20 & echo '{\"score\": 0.5}'", ""),
        ("echo '{\"score\": 0.5}'; exec >&-; sleep 0.3", ""),
        ("exec <&-; echo '{\"score\": 0.5}'", ""),
        ("printf '10%%\\r50%%\\r{\"score\": 0.5}\\r\\n'", ""),
        ("echo '{\"score\": 0.5, \"metrics\": {\"f1\": NaN}}'", ""),
    ] {
        let evaluation = shell(code);
        assert_eq!(evaluation["score"], 0.5, "{code}: {evaluation}");
        let message = evaluation["message"].as_str().unwrap_or_default();
        assert!(message.contains(note), "{code}: {message}");
        let seconds = evaluation["seconds"].as_f64().unwrap();
        assert!(
            seconds < 15.0,
            "{code}: what it left behind is not waited for"
        );
    }
}

#[test]
fn what_is_no_answer_is_quoted_from_its_end() {
    let folder = Folder::new();
    let code = "echo \"$(head -c 3000 /dev/zero | tr '\\0' x) 0 NaN values seen\"";
    search(&folder, &["sh", "-c", code], 1, "");
    let message = folder.run(&["search", "search.toml", "-q"]).fails(1);
    assert!(
        message.contains("0 NaN values seen'") && message.len() < 700,
        "{message}"
    );
    assert_eq!(shell("echo '{\"score\": NaN}'")["failure"], "diverged");
}

#[test]
fn a_program_that_may_not_be_run_is_named_before_there_is_a_study() {
    let folder = Folder::new();
    folder.write("score.sh", "#!/bin/sh\n");
    search(&folder, &["./score.sh"], 1, "");
    let error = folder.run(&["search", "search.toml"]).fails(2);
    assert!(
        error.contains("may not be run") && error.contains("chmod +x"),
        "{error}"
    );
    search(&folder, &["./none.sh"], 1, "");
    let error = folder.run(&["search", "search.toml"]).fails(2);
    assert!(error.contains("there is no program"), "{error}");
    assert!(!folder.path("search.nasbot.db").exists());
}

#[test]
fn a_program_that_prints_without_end_is_stopped_in_time_and_at_once() {
    let chatty = "while :; do echo epoch 1, loss 0.5; sleep 0.01; done";
    let folder = Folder::new();
    search(&folder, &["sh", "-c", chatty], 1, "timeout = \"1s\"");
    // Its only evaluation fails.
    folder.run(&["search", "search.toml", "-q"]).fails(3);
    let evaluation = folder.evaluations().remove(0);
    assert_eq!(evaluation["failure"], "timed-out");
    assert!(evaluation["seconds"].as_f64().unwrap() < 10.0);

    let flood = Folder::new();
    let long = folder.path("search.toml").display().to_string();
    search(&flood, &["sh", "-c", "yes", &long], 1, "");
    let search = flood.start(&["search", "search.toml"]);
    eventually("the program floods", || runs(&folder.path("search.toml")));
    let log = "search.nasbot.out/logs/evaluation-0000.log";
    eventually("its log is full", || flood.read(log).len() > 4_000_000);
    search.signal(Signal::SIGINT);
    search.wait().fails(130);
    assert!(flood.read(log).len() < 5_000_000);
}

#[test]
fn a_huge_timeout_is_as_good_as_none() {
    let folder = Folder::new();
    search(
        &folder,
        &["sh", "-c", "echo '{\"score\": 1}'"],
        1,
        "timeout = 9223372036854775807",
    );
    folder.run(&["search", "search.toml", "-q"]).ok();
    assert_eq!(folder.evaluations()[0]["score"], 1.0);
}

#[test]
fn what_starts_a_session_of_its_own_is_stopped_too() {
    let mark = Folder::new();
    let mark = mark.path("mark").display().to_string();
    let left = || runs(std::path::Path::new(&mark));
    let code = format!("setsid sh -c 'sleep 1000; : {mark}' & sleep 1000; : {mark}");
    for how in ["timeout", "SIGINT", "SIGKILL"] {
        let folder = Folder::new();
        let timeout = if how == "timeout" {
            "timeout = \"1s\""
        } else {
            ""
        };
        search(&folder, &["sh", "-c", &code], 1, timeout);
        let search = folder.start(&["search", "search.toml", "-q"]);
        eventually("it runs", left);
        match how {
            "SIGINT" => search.signal(Signal::SIGINT),
            "SIGKILL" => search.signal(Signal::SIGKILL),
            _ => {}
        }
        search.wait();
        eventually(how, || !left());
    }
}

#[test]
fn signals_that_were_ignored_at_the_start_stay_ignored() {
    for (trap, signal) in [("HUP", Signal::SIGHUP), ("INT", Signal::SIGINT)] {
        let folder = Folder::new();
        search(
            &folder,
            &["sh", "-c", "sleep 0.2; echo '{\"score\": 1}'"],
            5,
            "",
        );
        let program = env!("CARGO_BIN_EXE_nasbot");
        let code = format!("trap '' {trap}; exec {program} search search.toml");
        let mut command = std::process::Command::new("env");
        let mut child = command
            .args(["--default-signal=INT,TERM,HUP", "sh", "-c", &code])
            .current_dir(folder.path(""))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        eventually("it runs", || folder.path("search.nasbot.db").exists());
        std::thread::sleep(Duration::from_millis(300));
        let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
        nix::sys::signal::kill(pid, signal).unwrap();
        assert!(child.wait().unwrap().success(), "{trap}");
        assert_eq!(folder.summary()["state"], "complete");
    }
}

/// A process and all that have come from it.
fn family(pid: i32) -> Vec<i32> {
    let mut found = vec![pid];
    let mut next = 0;
    while next < found.len() {
        let threads = std::fs::read_dir(format!("/proc/{}/task", found[next]));
        for thread in threads.into_iter().flatten().flatten() {
            let text = std::fs::read_to_string(thread.path().join("children"));
            let text = text.unwrap_or_default();
            found.extend(text.split_whitespace().map(|w| w.parse::<i32>().unwrap()));
        }
        next += 1;
    }
    found
}

#[test]
fn a_signal_to_the_whole_group_books_nothing_as_failed() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let folder = Folder::new();
        search(
            &folder,
            &["sh", "-c", "sleep 0.3; echo '{\"score\": 1}'"],
            12,
            "per-device = 4",
        );
        let search = folder.start(&["search", "search.toml", "-q"]);
        eventually("it runs", || folder.path("search.nasbot.out/logs").exists());
        std::thread::sleep(Duration::from_millis(200));
        for pid in family(search.id()) {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal);
        }
        search.wait().fails(130);
        let summary = folder.summary();
        assert_eq!(
            (&summary["state"], &summary["failed"]),
            (&"interrupted".into(), &0.into())
        );
        folder.run(&["resume", "search.nasbot.db", "-q"]).ok();
        assert_eq!(folder.summary()["evaluations"], 12);
        assert_eq!(folder.summary()["failed"], 0);
    }
}

#[test]
fn an_answer_in_time_counts_although_the_search_was_stopped_meanwhile() {
    let folder = Folder::new();
    search(
        &folder,
        &["sh", "-c", "sleep 0.5; echo '{\"score\": 1}'"],
        1,
        "timeout = \"1s\"",
    );
    let search = folder.start(&["search", "search.toml", "-q"]);
    eventually("it runs", || folder.path("search.nasbot.out/logs").exists());
    search.signal(Signal::SIGSTOP);
    let since = Instant::now();
    while since.elapsed() < Duration::from_millis(2_000) {
        std::thread::sleep(Duration::from_millis(50));
    }
    search.signal(Signal::SIGCONT);
    search.wait().ok();
    assert_eq!(folder.evaluations()[0]["score"], 1.0);
}

#[test]
fn what_a_program_writes_cannot_command_the_terminal() {
    let folder = Folder::new();
    let code = "printf '\\033[2J evil' >&2; exit 3";
    search(&folder, &["sh", "-c", code], 1, "");
    let error = folder.run(&["search", "search.toml"]).fails(3);
    assert!(!error.contains('\u{1b}'), "{error:?}");
    for arguments in [
        &["show", "search.nasbot.db", "--all"][..],
        &["show", "search.nasbot.db", "--evaluation", "0"],
    ] {
        let shown = folder.run(arguments).ok();
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }
    assert!(
        folder
            .run(&["show", "search.nasbot.db", "--evaluation", "0"])
            .ok()
            .contains("evil")
    );
}
