//! A process between a search and a program that it runs: it lives as long as both do.
//!
//! The guard hands the program its input and then listens on its own standard input. When the search dies, however it
//! dies, that stream ends, and the guard kills the program and everything that the program started, also what was
//! started in a session of its own: orphans become children of the guard, which is a subreaper. When the program ends,
//! the guard kills what is left and ends in the same way: with its status, or by its signal. A guard that is killed
//! takes its program along.
//!
//! While a guard lives it holds a lock on the study, so that the next owner does not run an evaluation that still runs.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{self, Signal};
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::{self, Pid};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};

use super::program::Program;
use crate::study;

/// The first argument of a program that is to be a guard.
const NAME: &str = "__guard";
/// The byte by which a guard is asked to end its program politely.
pub(super) const END_POLITELY: u8 = b'e';
/// The byte by which a guard is asked to let its program pause.
pub(super) const PAUSE: u8 = b'p';
/// The byte by which a guard is given more input for its program: its length as eight bytes and the input follow.
const MORE: u8 = b'm';
/// Time for a program to end after SIGTERM, before SIGKILL.
pub(super) const GRACE: Duration = Duration::from_secs(3);
/// How long what is killed may take to end.
const PATIENCE: Duration = Duration::from_secs(5);
/// Exit statuses of shells for a program that can't be run, and for one that is not there.
const CANNOT_RUN: u8 = 126;
const NOT_THERE: u8 = 127;

/// A guard's arguments, up to the program's.
pub(super) fn arguments(program: &Program) -> [OsString; 4] {
    let keep = if program.keep_input_open {
        "open"
    } else {
        "close"
    };
    [
        NAME.into(),
        (program.study.as_deref()).map_or_else(OsString::new, |study| study.as_os_str().to_owned()),
        program.input.len().to_string().into(),
        keep.into(),
    ]
}

/// A program's input as its guard is given it: the first one, whose length the [arguments] say, or a further one.
pub(super) fn input(text: &str, is_further: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 9);
    if is_further {
        bytes.push(MORE);
        bytes.extend((text.len() as u64).to_le_bytes());
    }
    bytes.extend(text.as_bytes());
    bytes
}

/// Becomes a guard if the program was started as one; `None` for every other start.
pub(super) fn intercept() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != NAME {
        return None;
    }
    let arguments: Vec<OsString> = arguments.collect();
    Some(match arguments.as_slice() {
        [study, input, keep, program, rest @ ..] => guard(study, input, keep, program, rest),
        _ => ExitCode::from(2),
    })
}

fn guard(
    study: &OsStr,
    input: &OsStr,
    keep: &OsStr,
    program: &OsStr,
    arguments: &[OsString],
) -> ExitCode {
    let _lock = (!study.is_empty()).then(|| study::guard(Path::new(study)));
    let Some(length) = input.to_str().and_then(|text| text.parse().ok()) else {
        return ExitCode::from(2);
    };
    // Not the buffered one of the library: what it had read ahead could not be waited for.
    let Ok(mut search) = io::stdin().as_fd().try_clone_to_owned().map(File::from) else {
        return ExitCode::FAILURE;
    };
    let mut text = vec![0; length];
    // Behind the lock: a search that has ended by now wants nothing of this.
    if search.read_exact(&mut text).is_err() {
        return ExitCode::FAILURE;
    }
    // Requests to stop go to whole groups: the program decides, the guard waits for it. What is ignored stays ignored,
    // also for the program.
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        if !crate::is_ignored(signal)
            && signal_hook::flag::register(signal, Arc::default()).is_err()
        {
            return ExitCode::FAILURE;
        }
    }
    // Without it, only what was started in a session of its own may be left behind.
    let _ = prctl::set_child_subreaper(true);
    let Ok(ears) = Ears::open(search) else {
        return ExitCode::FAILURE;
    };
    match start(program, arguments) {
        Ok(child) => watch(child, ears, text, keep == "open"),
        Err(error) => {
            // The log says so too.
            let _ = writeln!(io::stderr(), "can't run {}: {error}", program.display());
            ExitCode::from(match error.kind() {
                io::ErrorKind::NotFound => NOT_THERE,
                _ => CANNOT_RUN,
            })
        }
    }
}

#[expect(
    unsafe_code,
    reason = "a program must die with its guard, which only the program itself can ask for, between fork and exec"
)]
fn start(program: &OsStr, arguments: &[OsString]) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped());
    let guard = unistd::getpid();
    // SAFETY: the closure runs in the forked child and makes two system calls; it allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(move || {
            prctl::set_pdeathsig(Signal::SIGKILL)?;
            // The guard may have died before.
            if unistd::getppid() != guard {
                return Err(io::ErrorKind::Interrupted.into());
            }
            Ok(())
        });
    }
    command.spawn()
}

/// What a guard waits for.
struct Ears {
    /// What the search asks for.
    search: File,
    /// Has something to read whenever a child has ended.
    ended: UnixStream,
}

/// What a guard has heard.
enum Heard {
    /// A child has ended.
    End,
    /// The search asks for a polite end.
    Request,
    /// The search asks the program to pause.
    Pause,
    /// The search has more for the program to do.
    More(Vec<u8>),
    /// The search is gone, or insists.
    Gone,
    /// Nothing for a while.
    Nothing,
}

impl Ears {
    /// Listens from now on.
    fn open(search: File) -> io::Result<Self> {
        let (ended, write) = UnixStream::pair()?;
        ended.set_nonblocking(true)?;
        signal_hook::low_level::pipe::register(SIGCHLD, write)?;
        Ok(Self { search, ended })
    }

    fn listen(&mut self, patience: PollTimeout) -> Heard {
        let (search, child) = {
            let mut wanted = [
                PollFd::new(self.search.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.ended.as_fd(), PollFlags::POLLIN),
            ];
            if poll(&mut wanted, patience).is_err() {
                return Heard::Nothing;
            }
            let is_ready = |fd: &PollFd<'_>| fd.any().is_some_and(|ready| ready);
            (is_ready(&wanted[0]), is_ready(&wanted[1]))
        };
        if child {
            // Several ends may have come together.
            while matches!(self.ended.read(&mut [0; 64]), Ok(1..)) {}
            return Heard::End;
        }
        let mut byte = [0];
        match (search, search.then(|| self.search.read(&mut byte))) {
            (true, Some(Ok(1))) if byte[0] == END_POLITELY => Heard::Request,
            (true, Some(Ok(1))) if byte[0] == PAUSE => Heard::Pause,
            (true, Some(Ok(1))) if byte[0] == MORE => {
                further(&mut self.search).map_or(Heard::Gone, Heard::More)
            }
            (true, Some(Err(error))) if error.kind() == io::ErrorKind::Interrupted => {
                Heard::Nothing
            }
            (true, _) => Heard::Gone,
            (false, _) => Heard::Nothing,
        }
    }
}

/// Reads a further input; a search that has died meanwhile wants nothing of it.
fn further(search: &mut File) -> io::Result<Vec<u8>> {
    let mut length = [0; 8];
    search.read_exact(&mut length)?;
    let mut input = Vec::new();
    let length = u64::from_le_bytes(length);
    match search.take(length).read_to_end(&mut input)? as u64 == length {
        true => Ok(input),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn watch(mut child: Child, mut ears: Ears, first: Vec<u8>, keep_open: bool) -> ExitCode {
    let program = Pid::from_raw(child.id().cast_signed());
    let mut input = child.stdin.take().map(Input::open);
    if let Some(to) = &input {
        to.write(first);
    }
    if !keep_open {
        drop(input.take());
    }
    let mut until: Option<Instant> = None;
    loop {
        if reap(program) {
            return match child.wait() {
                Ok(status) => {
                    kill_all();
                    end_like(status)
                }
                Err(_) => ExitCode::FAILURE,
            };
        }
        let patience = match until {
            Some(_) => PollTimeout::from(20_u8),
            None => PollTimeout::NONE,
        };
        match ears.listen(patience) {
            Heard::End | Heard::Nothing => {}
            Heard::Request => {
                // Its input ends too, which workers take for the same request.
                drop(input.take());
                terminate();
                until = Instant::now().checked_add(GRACE);
            }
            Heard::Pause => match &input {
                // A worker listens there; any other program gets the signal that queues send.
                Some(input) => input.write(format!("{}\n", nn_train::job::PAUSE).into_bytes()),
                None => drop(signal::kill(program, Signal::SIGUSR2)),
            },
            Heard::More(more) => {
                // The input of a program that is given more to do is kept open.
                if let Some(input) = &input {
                    input.write(more);
                }
            }
            Heard::Gone => {
                kill_all();
                return ExitCode::from(128 + Signal::SIGKILL as u8);
            }
        }
        if until.is_some_and(|until| Instant::now() >= until) {
            kill_all();
            return ExitCode::from(128 + Signal::SIGKILL as u8);
        }
    }
}

/// A program's input, written by a thread of its own: a program that does not read keeps its guard from nothing.
struct Input(Sender<Vec<u8>>);

impl Input {
    fn open(mut stdin: ChildStdin) -> Self {
        let (sender, receiver) = channel::<Vec<u8>>();
        thread::spawn(move || {
            // A program that has ended already is judged by its answer. The stream is closed once nothing more can come.
            while let Ok(bytes) = receiver.recv() {
                if stdin.write_all(&bytes).is_err() {
                    return;
                }
            }
        });
        Self(sender)
    }

    fn write(&self, bytes: Vec<u8>) {
        // The thread has ended if the program reads no more.
        let _ = self.0.send(bytes);
    }
}

/// Reaps children that have ended, but for the program itself, and says whether that has.
fn reap(program: Pid) -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    loop {
        match waitid(Id::All, flags).ok().and_then(|status| status.pid()) {
            Some(ended) if ended == program => return true,
            // An orphan, of which this is the parent now.
            Some(ended) => drop(waitpid(ended, Some(WaitPidFlag::WNOHANG))),
            None => return false,
        }
    }
}

/// Asks all that has come from the program to end.
fn terminate() {
    for process in descendants() {
        let _ = signal::kill(process, Signal::SIGTERM);
        // A stopped process ends only when it goes on.
        let _ = signal::kill(process, Signal::SIGCONT);
    }
}

/// Kills all that has come from the program, until nothing is left.
fn kill_all() {
    let since = Instant::now();
    loop {
        // Orphans are the guard's to reap.
        let state = loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(status) if status.pid().is_some() => {}
                other => break other,
            }
        };
        if state == Err(Errno::ECHILD) || since.elapsed() > PATIENCE {
            return;
        }
        for process in descendants() {
            let _ = signal::kill(process, Signal::SIGKILL);
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// All living processes that have come from this one.
fn descendants() -> Vec<Pid> {
    let mut found = children(unistd::getpid());
    let mut next = 0;
    while let Some(&process) = found.get(next) {
        found.extend(children(process));
        next += 1;
    }
    found
}

/// The children of a process that are no zombies.
fn children(parent: Pid) -> Vec<Pid> {
    let Ok(threads) = fs::read_dir(format!("/proc/{parent}/task")) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for thread in threads.flatten() {
        let Ok(text) = fs::read_to_string(thread.path().join("children")) else {
            continue;
        };
        let numbers = text.split_whitespace().filter_map(|word| word.parse().ok());
        found.extend(
            numbers
                .map(Pid::from_raw)
                .filter(|&process| is_alive(process)),
        );
    }
    found
}

fn is_alive(process: Pid) -> bool {
    let text = fs::read_to_string(format!("/proc/{process}/stat"));
    // The state follows the name, which may hold parentheses itself.
    text.is_ok_and(|text| {
        let state = text.rsplit_once(')').map(|(_, rest)| rest.trim_start());
        state.is_some_and(|state| !state.starts_with(['Z', 'X']))
    })
}

fn end_like(status: ExitStatus) -> ExitCode {
    if let Some(code) = status.code() {
        return ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX));
    }
    let Some(number) = status.signal() else {
        return ExitCode::FAILURE;
    };
    let caught = [SIGTERM, SIGINT, SIGHUP].contains(&number);
    if let Ok(by) = Signal::try_from(number)
        && !caught
    {
        let _ = signal::raise(by);
    }
    // Shells report 128 + the signal.
    ExitCode::from(128_u8.saturating_add(u8::try_from(number).unwrap_or(0)))
}
