//! The worker program: trains networks with libtorch. See [`nn_train::job`] for what it reads and writes.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use nn_train::torch::predict::predict;
use nn_train::torch::worker::{self, Source, TORCH};

const HELP: &str = "\
nasbot-worker trains networks for nasbot, one after the other.

Usage: nasbot-worker              read a job (a line of JSON) from standard input, which stays open meanwhile;
                                  its end cancels the job, the line `pause` ends it for now if it says keep;
                                  if it says stay, another one may follow
       nasbot-worker --job FILE   read the job from a file
       nasbot-worker --predict WEIGHTS DATA
                                  write what a trained network (safetensors) says of raw examples, as CSV
       nasbot-worker --version
       nasbot-worker --help

Events go to standard output, one JSON object a line, everything else to standard error.
Set OMP_NUM_THREADS to the cores it may use (more than are free is very slow) and OMP_WAIT_POLICY=passive.
You need not start it yourself: nasbot does.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        [] => worker::main(Source::Stdin),
        ["--job", file] => worker::main(Source::File(Path::new(file))),
        ["--predict", weights, data] => {
            let out = std::io::BufWriter::new(std::io::stdout());
            match predict(Path::new(weights), Path::new(data), out) {
                // The reader has enough of the answers (`| head`).
                Err(nn_train::Error::Write { source, .. })
                    if source.kind() == std::io::ErrorKind::BrokenPipe =>
                {
                    Ok(())
                }
                said => said.map_err(std::io::Error::other),
            }
        }
        ["--version" | "-V"] => {
            let version = env!("CARGO_PKG_VERSION");
            writeln!(
                std::io::stdout(),
                "nasbot-worker {version} (libtorch {TORCH})"
            )
        }
        ["--help" | "-h"] => std::io::stdout().write_all(HELP.as_bytes()),
        _ => {
            let _ = std::io::stderr().write_all(HELP.as_bytes());
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "nasbot-worker: {error}");
            ExitCode::FAILURE
        }
    }
}
