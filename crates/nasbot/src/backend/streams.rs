//! What a child process writes: bytes of its standard error, lines of its standard output.

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::process::Child;
use std::thread;
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// How often the child, the clock and the request to stop are looked at while the child writes nothing, in milliseconds.
const TICK: u16 = 20;
/// No answer is longer than this; the rest of a longer line is dropped.
const LONGEST_LINE: usize = 1 << 20;

/// What a child writes, until it is closed.
pub(super) struct Streams {
    pub(super) stdout: Option<Lines>,
    pub(super) stderr: Option<Box<dyn Stream>>,
}

pub(super) trait Stream: Read + AsFd + Send {}

impl<T: Read + AsFd + Send> Stream for T {}

impl Streams {
    pub(super) fn of(child: &mut Child) -> io::Result<Self> {
        let stdout = match child.stdout.take() {
            Some(stdout) => Some(Lines::new(unblocked(stdout)?)),
            None => None,
        };
        let stderr = match child.stderr.take() {
            Some(stderr) => Some(unblocked(stderr)?),
            None => None,
        };
        Ok(Self { stdout, stderr })
    }

    pub(super) fn are_closed(&self) -> bool {
        self.stdout.is_none() && self.stderr.is_none()
    }

    /// Hands over what has come on standard error, at most a buffer full; whether there was anything.
    pub(super) fn copy_errors(&mut self, buffer: &mut [u8], to: impl FnOnce(&[u8])) -> bool {
        let Some(stderr) = &mut self.stderr else {
            return false;
        };
        match read(stderr, buffer) {
            Got::Bytes(count) => {
                to(&buffer[..count]);
                true
            }
            Got::Nothing => false,
            Got::End => {
                self.stderr = None;
                false
            }
        }
    }

    /// Drops what has come unasked.
    pub(super) fn forget(&mut self) {
        let mut buffer = [0; 4096];
        while self.copy_errors(&mut buffer, |_| ()) {}
        if let Some(stdout) = &mut self.stdout {
            while matches!(read(&mut stdout.stream, &mut buffer), Got::Bytes(_)) {}
            stdout.line.clear();
        }
    }

    /// Waits until there is something to read, a moment at most.
    pub(super) fn wait(&self) {
        let out = self.stdout.as_ref().map(|lines| lines.stream.as_fd());
        let err = self.stderr.as_ref().map(|stream| (**stream).as_fd());
        let fds = out.into_iter().chain(err);
        let mut fds: Vec<PollFd<'_>> = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        if fds.is_empty() {
            thread::sleep(Duration::from_millis(1));
        } else {
            // An interrupted wait is a short one.
            let _ = poll(&mut fds, PollTimeout::from(TICK));
        }
    }
}

fn unblocked<T: Stream + 'static>(stream: T) -> io::Result<Box<dyn Stream>> {
    fcntl(stream.as_fd(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok(Box::new(stream))
}

/// What a read came to.
pub(super) enum Got {
    Bytes(usize),
    Nothing,
    End,
}

pub(super) fn read(stream: &mut dyn Stream, buffer: &mut [u8]) -> Got {
    match stream.read(buffer) {
        Ok(0) => Got::End,
        Ok(count) => Got::Bytes(count),
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Got::Nothing,
            _ => Got::End,
        },
    }
}

/// Standard output, as lines. A carriage return ends one too: progress bars write over what they wrote before.
pub(super) struct Lines {
    pub(super) stream: Box<dyn Stream>,
    pub(super) line: Vec<u8>,
    /// Whether the last byte was a carriage return, so that a line break after it ends no further line.
    is_returned: bool,
}

impl Lines {
    fn new(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            line: Vec::new(),
            is_returned: false,
        }
    }

    /// Takes in bytes, and hands over each line that they complete.
    pub(super) fn take<B>(
        &mut self,
        bytes: &[u8],
        on_line: &mut dyn FnMut(&str) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        for piece in bytes.split_inclusive(|&byte| is_end(byte)) {
            let (text, end) = match piece.split_last() {
                Some((&end, text)) if is_end(end) => (text, Some(end)),
                _ => (piece, None),
            };
            let room = LONGEST_LINE.saturating_sub(self.line.len());
            self.line.extend(&text[..text.len().min(room)]);
            if let Some(end) = end {
                let is_new = end == b'\n' && !self.is_returned;
                self.is_returned = end == b'\r';
                if is_new || !self.line.is_empty() {
                    self.hand_over(on_line)?;
                }
            } else {
                self.is_returned = false;
            }
        }
        ControlFlow::Continue(())
    }

    /// Hands over what has come since the last line break; bytes that are no text are replaced.
    pub(super) fn hand_over<B>(
        &mut self,
        on_line: &mut dyn FnMut(&str) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let line = std::mem::take(&mut self.line);
        on_line(&String::from_utf8_lossy(&line))
    }
}

/// Whether a byte ends a line.
const fn is_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}
