//! A folder of its own for each test, the program in it, and workers that behave as they are told.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Anything that takes longer hangs. Only ever waited for when a test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A small convolutional network.
pub(crate) const NETWORK: &str = r#"{"kind":"cnn","layers":[{"op":"ip"},{"op":"conv3","units":16,"stride":1},{"op":"max-pool"},{"op":"fc","units":32},{"op":"softmax"},{"op":"op"}],"edges":[[0,1],[1,2],[2,3],[3,4],[4,5]]}"#;

/// The digits, from anywhere.
pub(crate) const DIGITS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../datasets/digits/digits.csv.gz"
);

/// What the program left when it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Asserts success and returns standard output.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}\n{}", self.stdout, self.stderr);
        self.stdout
    }

    /// Asserts a failure with this status and returns standard error.
    pub(crate) fn fails(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self.stderr
    }

    /// Asserts success and reads standard output as one JSON value.
    pub(crate) fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.ok()).unwrap()
    }
}

/// A folder of its own.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The lines of a file that a fake worker writes.
    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        self.read(name).lines().map(str::to_owned).collect()
    }

    /// Writes an executable script. Another process writes it: a program that this one forks meanwhile would inherit the
    /// file open for writing, and a file that is being written cannot be executed.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        let mut writer = Command::new("sh")
            .args(["-c", r#"cat > "$0" && chmod +x "$0""#])
            .arg(&path)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = writer.stdin.take().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        drop(input);
        assert!(writer.wait().unwrap().success());
        path
    }

    /// The program, in this folder, in a clean environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        // Tests that run in the background, or under nohup, ignore signals, and so would the program that they start.
        let mut command = Command::new("env");
        command
            .args([
                "--default-signal=INT,TERM,HUP",
                env!("CARGO_BIN_EXE_nasbot"),
            ])
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("CUDA_VISIBLE_DEVICES")
            .env("NASBOT_WORKER", self.path("worker"))
            .env("COLUMNS", "100")
            .env("NO_COLOR", "1");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// Runs the program with this on its standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        let writer = std::thread::spawn(move || {
            // A program that stops reading at an error closes the pipe.
            let _ = stdin.write_all(input.as_bytes());
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts the program and lets it run.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let child = self
            .command(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Running(child)
    }

    /// Writes `worker`, a fake that says hello, notes the evaluation's number in `began`, does what
    /// the shell code says (with `$n` the number), notes it in `ended` and scores 0.NN.
    pub(crate) fn worker(&self, code: &str) {
        let folder = self.0.path().display();
        self.script(
            "worker",
            &format!(
                r#"#!/bin/sh
read -r job
n=$(printf '%s' "$job" | sed 's/.*"evaluation":\([0-9]*\).*/\1/')
case $job in *'"final":{{'*) final=yes ;; *) final=no ;; esac
[ $final = no ] && echo "$n" >> {folder}/began
echo '{{"event":"hello","protocol":3,"worker":"0.1.0","torch":"none"}}'
{code}
echo '{{"event":"progress","epoch":1,"epochs":2,"loss":0.5,"score":0.25}}'
if [ $final = yes ]; then
    save=$(printf '%s' "$job" | sed 's/.*"save":"\([^"]*\)".*/\1/')
    echo weights > "$save"
else
    echo "$n" >> {folder}/ended
fi
printf '{{"event":"done","score":0.%02d,"metrics":{{"accuracy":0.%02d}},"seconds":0.1,"parameters":1234}}\n' "$n" "$n"
"#
            ),
        );
    }

    /// Writes `search.toml` for a search of small networks by workers, at random so that suggestions
    /// cost nothing; `more` is appended (it begins in the section `[workers]`).
    pub(crate) fn search(&self, evaluations: u64, more: &str) {
        self.write("data.csv", &pictures());
        self.write(
            "search.toml",
            &format!(
                r#"
[space]
kind = "cnn"
max-layers = 12
max-units = 64

[data]
path = "data.csv"
task = "class"
image = [1, 8, 8]

[search]
strategy = "random"
initial = 2

[budget]
evaluations = {evaluations}

[workers]
devices = ["cpu"]
{more}
"#
            ),
        );
    }

    /// The summary that `show` gives of `search.nasbot.db`.
    pub(crate) fn summary(&self) -> serde_json::Value {
        self.run(&["show", "search.nasbot.db", "--format", "json"])
            .json()
    }

    /// All evaluations of `search.nasbot.db`.
    pub(crate) fn evaluations(&self) -> Vec<serde_json::Value> {
        let text = self
            .run(&["show", "search.nasbot.db", "--all", "--format", "json"])
            .ok();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// Twenty pictures of 8 × 8 pixels in two classes, as rows of a table.
fn pictures() -> String {
    let row = |class: usize| {
        let pixels = (0..64).map(|pixel| format!("{},", (pixel + class) % 5));
        pixels.collect::<String>() + &format!("{class}\n")
    };
    (0..20).map(|i| row(i % 2)).collect()
}

/// The program while it runs; killed if a test fails before it ends.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn id(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap()
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.id()), signal).unwrap();
    }

    /// Waits for the end.
    pub(crate) fn wait(mut self) -> Ran {
        let status = self.0.wait().unwrap();
        let read = |stream: &mut dyn std::io::Read| {
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            text
        };
        Ran {
            code: status.code(),
            stdout: read(self.0.stdout.as_mut().unwrap()),
            stderr: read(self.0.stderr.as_mut().unwrap()),
        }
    }

    /// Reads standard error up to a line with this in it.
    pub(crate) fn wait_for_line(&mut self, what: &str) {
        let mut lines = BufReader::new(self.0.stderr.as_mut().unwrap()).lines();
        assert!(
            lines.any(|line| line.unwrap().contains(what)),
            "it never said {what}"
        );
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until something is true.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < PATIENCE, "still not true: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether any process other than this has `text` in its command line.
pub(crate) fn runs(text: &Path) -> bool {
    let text = text.as_os_str().as_encoded_bytes();
    let own = std::process::id().to_string();
    fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        entry.file_name().to_str() != Some(&own) && line.windows(text.len()).any(|w| w == text)
    })
}
