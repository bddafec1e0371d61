//! NVIDIA's Multi-Process Service, by which the kernels of several processes run on a card at the same time.
//!
//! Without it, processes take turns. Every process that sees the service's pipes is served by it, workers of ours too: all there is to
//! do is to ask whether it runs, and to say so.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The program that speaks with the service.
const CONTROL: &str = "nvidia-cuda-mps-control";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(10);

/// How the service stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// It runs: workers are served by it.
    Runs,
    /// It could be started.
    CouldRun,
    /// It is not installed here, or does not answer.
    IsAbsent,
}

impl Service {
    /// Asks the service. A question is all that is put to it: it changes nothing.
    pub(super) fn ask() -> Self {
        Self::ask_by(&mut Command::new(CONTROL))
    }

    fn ask_by(program: &mut Command) -> Self {
        let child = program
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = child else {
            return Self::IsAbsent;
        };
        if let Some(mut stdin) = child.stdin.take() {
            // Without a service it has ended by now.
            let _ = stdin.write_all(b"get_default_active_thread_percentage\n");
        }
        let since = Instant::now();
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if since.elapsed() < PATIENCE => thread::sleep(LOOK),
                _ => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Self::IsAbsent;
                }
            }
        };
        let mut answer = String::new();
        let heard = (child.stdout.take()).map(|out| out.take(1000).read_to_string(&mut answer));
        let is_percentage = answer.trim().parse::<f64>().is_ok();
        match status.success() && matches!(heard, Some(Ok(_))) && is_percentage {
            true => Self::Runs,
            false => Self::CouldRun,
        }
    }

    /// What is worth saying of it where several workers share a card.
    pub(super) fn note(self) -> Option<&'static str> {
        match self {
            Self::Runs => {
                Some("NVIDIA's MPS serves the workers: those on one GPU compute at the same time")
            }
            Self::CouldRun => Some(
                "workers on one GPU take turns; with NVIDIA's MPS, which `nvidia-cuda-mps-control -d` starts, they compute at the same time",
            ),
            Self::IsAbsent => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_is_asked_and_its_answer_is_believed_only_if_it_is_one() {
        let answers = |text: &str| Service::ask_by(Command::new("sh").args(["-c", text]));
        let runs = "read -r question; [ \"$question\" = get_default_active_thread_percentage ] && echo 100.0";
        assert_eq!(answers(runs), Service::Runs);
        let none = answers("echo Cannot find MPS control daemon process; exit 1");
        assert_eq!(none, Service::CouldRun);
        assert_eq!(answers("echo hello"), Service::CouldRun);
        let mut absent = Command::new("/nowhere/nvidia-cuda-mps-control");
        assert_eq!(Service::ask_by(&mut absent), Service::IsAbsent);
        assert!(Service::Runs.note().is_some() && Service::IsAbsent.note().is_none());
    }
}
