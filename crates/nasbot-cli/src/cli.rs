//! The command line: what can be typed, and the help that teaches it.

mod by_hand;
mod data;
mod description;
mod evaluate;
mod look;
mod run_output;
mod set;
mod shell;
mod show;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use self::by_hand::{AskArgs, FailArgs, GiveArgs, ProposeArgs, ReplayArgs, TellArgs};
pub(crate) use self::data::{InspectArgs, PredictArgs, SplitArgs, TaskName};
pub(crate) use self::description::{InitArgs, SchemaArgs, SchemaFormat};
pub(crate) use self::evaluate::EvaluateArgs;
pub(crate) use self::look::{ReportArgs, ServeArgs};
pub(crate) use self::run_output::{RunFormat, RunOutput};
pub(crate) use self::set::SetArgs;
pub(crate) use self::shell::{CompletionsArgs, ManArgs};
pub(crate) use self::show::{ShowArgs, ShowFormat, Since, Sort};
use crate::config::Span;

const EXAMPLES: &str = "\
Examples:
  nasbot init --data patients.csv             write the description of a search on your data
  nasbot validate demos/digits-cnn.toml       check a search before spending anything on it
  nasbot search demos/digits-cnn.toml         search; Ctrl-C stops it, nothing is lost
  nasbot resume digits-cnn.nasbot.db          go on where it stopped
  nasbot show digits-cnn.nasbot.db            what was found so far, also while it runs
  nasbot report digits-cnn.nasbot.db          write a page for a browser with all of it
  nasbot serve digits-cnn.nasbot.db           the same page, which follows the search
  nasbot draw digits-cnn.nasbot.db -o a.svg   draw the best network
  nasbot train digits-cnn.nasbot.db           train it on all data, and export it
  nasbot predict digits-cnn.trained new.csv   what it says of new rows or pictures
  nasbot distance a.json b.json               how far two architectures are apart

Evaluations run by hand or by another program, in the same study:
  nasbot ask digits-cnn.nasbot.db             hands out a network
  nasbot tell digits-cnn.nasbot.db 17 0.93    takes its score
  nasbot propose digits-cnn.nasbot.db n.json  a network of one's own, if it is worth it

Exit status:
  0    it worked
  1    it failed: a worker could not be started, a program gives no answer, a disk is full, …
  2    what was given is wrong: an unknown option, an invalid file
  3    the search ended without one score, or gave up after too many failures in a row
  130  interrupted (Ctrl-C, SIGTERM)

Results go to standard output, everything else to standard error. NO_COLOR=1 turns colours off;
they are off anyway where no terminal is.";

/// Searches for a good neural network: Bayesian optimisation over architectures, with
/// optimal-transport distances between them.
///
/// A search is described by one TOML file: the family of networks, the data, how a candidate is
/// trained, where evaluations run and how much may be spent. `nasbot` proposes networks, trains
/// each in a worker process, learns from every score, and hands back the best network with its
/// weights and its drawing. The record of a search, its study, is one SQLite file; a search that
/// was stopped or killed resumes from it and repeats nothing.
#[derive(Debug, Parser)]
#[command(name = "nasbot", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Search(SearchArgs),
    Resume(ResumeArgs),
    Show(ShowArgs),
    Report(ReportArgs),
    Serve(ServeArgs),
    Ask(AskArgs),
    Tell(TellArgs),
    Fail(FailArgs),
    Give(GiveArgs),
    Propose(ProposeArgs),
    Replay(ReplayArgs),
    Train(TrainArgs),
    Predict(PredictArgs),
    Distance(DistanceArgs),
    Split(SplitArgs),
    Inspect(InspectArgs),
    Validate(ValidateArgs),
    Draw(DrawArgs),
    Init(InitArgs),
    Schema(SchemaArgs),
    Evaluate(EvaluateArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// Search as a TOML file describes, into a new study.
///
/// The study (NAME.nasbot.db) is written to the current directory unless the file or --study says
/// otherwise; results and logs go beside it, to NAME.nasbot.out/. At the end the best network is
/// trained once more on training and validation data together and tested.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot search demos/digits-cnn.toml
  nasbot search demos/digits-cnn.toml --seed 7 --study runs/seven.nasbot.db
  nasbot search demos/synthetic-cnn.toml --fresh --evaluations 50
  nasbot search demos/digits-cnn.toml --set training.epochs=30 --set workers.timeout=10m

The sections of the file are [study], [space], [data], [training], [search], [workers] and
[budget]; `nasbot schema --format example` explains every key, and `nasbot init` writes a short
file for your data. Paths in it are relative to the file.

Ctrl-C once stops the workers and leaves a study that `nasbot resume` continues; twice stops at
once. An evaluation that was interrupted runs again, a finished one never does.")]
pub(crate) struct SearchArgs {
    /// The TOML file that describes the search.
    pub(crate) file: PathBuf,
    /// Where to write the study [default: the file's study.path, or NAME.nasbot.db here].
    #[arg(long, value_name = "PATH")]
    pub(crate) study: Option<PathBuf>,
    /// The seed, instead of the file's study.seed.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// How many evaluations, instead of the file's budget.evaluations.
    #[arg(long, value_name = "N")]
    pub(crate) evaluations: Option<u64>,
    /// If the study exists already, leave it alone and start another beside it (NAME-2, NAME-3, …).
    #[arg(long)]
    pub(crate) fresh: bool,
    #[command(flatten)]
    pub(crate) set: SetArgs,
    #[command(flatten)]
    pub(crate) output: RunOutput,
}

/// Continue a study that was stopped, killed, or is to get a larger budget.
///
/// Takes everything from the study: the TOML file it began with is not needed. A description that has
/// been mended is taken up where that leaves scores comparable: named as FILE, or else the one the study
/// began with if it is still there. Where the data stand, workers and budget may always change; the
/// rest of [data], and [training], as long as no network has a score; the space, the search and the
/// seed never. What changed is said and recorded. Evaluations that were running when the search stopped run again; finished ones are never
/// repeated. Those that `nasbot ask` handed out stay pending, unless --take-back says otherwise.
#[derive(Debug, Args)]
#[command(
    allow_missing_positional = true,
    after_help = "\
Examples:
  nasbot resume digits-cnn.nasbot.db
  nasbot resume mended.toml digits-cnn.nasbot.db         with a description that was mended
  nasbot resume digits-cnn.nasbot.db --evaluations 60    spend more on a finished search
  nasbot resume digits-cnn.nasbot.db --wall-time 4h      or give it more time
  nasbot resume digits-cnn.nasbot.db --set workers.per-device=4
  nasbot resume digits-cnn.nasbot.db --retry-failed      run what failed once more
  nasbot resume digits-cnn.nasbot.db --retry-failed timed-out,out-of-memory"
)]
pub(crate) struct ResumeArgs {
    /// The description, mended [default: the study's own, as it is in its file now].
    pub(crate) file: Option<PathBuf>,
    /// The study.
    pub(crate) study: PathBuf,
    /// A new budget: how many evaluations in all, those already made included.
    #[arg(long, value_name = "N")]
    pub(crate) evaluations: Option<u64>,
    /// A new limit of time in all, that already spent included: 90s, 30m, 2h, 1d.
    #[arg(long, value_name = "TIME")]
    pub(crate) wall_time: Option<Span>,
    /// Run evaluations that failed once more: all, or those that failed in these ways (diverged,
    /// out-of-memory, impossible-shape, timed-out, crashed, other).
    #[arg(long, value_name = "CAUSE,…", num_args = 0..=1, value_delimiter = ',', require_equals = false, default_missing_value = "all")]
    pub(crate) retry_failed: Option<Vec<String>>,
    /// Run evaluations here that were handed out by `nasbot ask` and not told: they count as given back.
    #[arg(long)]
    pub(crate) take_back: bool,
    #[command(flatten)]
    pub(crate) set: SetArgs,
    #[command(flatten)]
    pub(crate) output: RunOutput,
}

/// Train one network on all data and export it: weights, PyTorch program, ONNX file, model card.
///
/// Takes the best network of a study, or a network of yours with the TOML file that says on which data
/// and how. It is trained on training and validation data together and scored on the test data. The
/// folder appears once everything in it is complete.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot train digits-cnn.nasbot.db                        into digits-cnn.trained/
  nasbot train digits-cnn.nasbot.db --evaluation 3 --repeats 5
  nasbot train digits-cnn.nasbot.db --within 'parameters<=20000'    the best of the small ones
  nasbot train digits-cnn.nasbot.db --config long.toml     by another protocol, or on other data
  nasbot train net.json --config demos/digits-cnn.toml --device cuda:0 --out net/

The folder holds model.safetensors, model.py (needs nothing but torch), model.onnx, README.md (the
model card), network.json, network.svg and training.log.")]
pub(crate) struct TrainArgs {
    /// A study, or a network (JSON).
    pub(crate) source: PathBuf,
    /// The TOML file that says on which data and how [default: the study's own].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Which evaluation of a study [default: the best].
    #[arg(long, value_name = "N")]
    pub(crate) evaluation: Option<u64>,
    /// The best of a study's networks within a bound, such as latency-ms<=2 or score>=0.9; may be given several times.
    #[arg(long, value_name = "NAME<=NUMBER", conflicts_with = "evaluation")]
    pub(crate) within: Vec<String>,
    /// Where to write [default: NAME.trained here].
    #[arg(long, short, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// If the folder exists already, leave it alone and write another beside it (NAME-2, NAME-3, …).
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Where to train: cpu, cuda or cuda:N [default: the first of workers.devices].
    #[arg(long, value_name = "DEVICE")]
    pub(crate) device: Option<String>,
    /// The seed [default: the evaluation's, or the file's study.seed].
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Train so often, from seeds that follow one another, and report the scores' spread; the first
    /// model is the one that is exported [default: training.repeats].
    #[arg(long, value_name = "N")]
    pub(crate) repeats: Option<u32>,
    /// Train on every row, the test rows too; the score that is told is then one in validation, of a training without them.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) set: SetArgs,
    #[command(flatten)]
    pub(crate) output: RunOutput,
}

/// The OTMANN distance between two networks.
///
/// One value for each structural coefficient: the raw distance, and the distance normalised by the
/// networks' total masses. 0 means that the two are the same to the distance.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot distance a.json b.json
  nasbot distance a.json b.json --format json       {\"raw\":[…],\"normalised\":[…]}
  nasbot distance a.json b.json --structure 0.1,1.5
  nasbot distance --pairs pairs.jsonl --format json one line out for each line in
  generate | nasbot distance --pairs -              the same from standard input
  nasbot distance a.json b.json --draw match.svg    a drawing of which layers are matched

A line of --pairs is {\"a\":NETWORK,\"b\":NETWORK}.")]
pub(crate) struct DistanceArgs {
    /// The first network (JSON).
    #[arg(required_unless_present = "pairs", requires = "b")]
    pub(crate) a: Option<PathBuf>,
    /// The second network (JSON).
    pub(crate) b: Option<PathBuf>,
    /// JSON lines, a pair each; - is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["a", "b"])]
    pub(crate) pairs: Option<PathBuf>,
    /// Structural coefficients, at least 0, separated by commas.
    #[arg(
        long,
        value_name = "C,…",
        value_delimiter = ',',
        default_value = "0.1,0.25,0.61,1.5"
    )]
    pub(crate) structure: Vec<f64>,
    /// Draws both networks and which layers are matched, at the first structural coefficient, to
    /// this file, as SVG or, if it ends in .png, as PNG; - is standard output, in place of the distances.
    #[arg(long, value_name = "FILE", conflicts_with = "pairs")]
    pub(crate) draw: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

/// Check networks (JSON) and search descriptions (TOML) without running anything.
///
/// The data that a description names are opened and read: all that is wrong with them is said at once, and what was found in
/// them is shown, with an estimate of the time and the memory that the evaluation of the smallest and of the largest network
/// takes on this processor.
///
/// Exits with status 2 when any file is invalid, and says which, where and what to do.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot validate demos/*.toml net.json
  cat nets.jsonl | nasbot validate -")]
pub(crate) struct ValidateArgs {
    /// Do not open the data that a description names.
    #[arg(long)]
    pub(crate) no_data: bool,
    /// Files: .toml is a search, anything else a network; .jsonl and - are networks, one a line.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) set: SetArgs,
    /// How to print.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

/// Draw a network, or the best network of a study.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot draw net.json -o net.svg
  nasbot draw digits-cnn.nasbot.db -o best.svg
  nasbot draw digits-cnn.nasbot.db --evaluation 3 -o third.png
  nasbot draw net.json --to dot | dot -Tpdf > net.pdf")]
pub(crate) struct DrawArgs {
    /// A network (JSON), a study, or - for a network on standard input.
    pub(crate) source: PathBuf,
    /// Where to write; the ending (.svg, .png or .dot) says what [default: standard output].
    #[arg(long, short, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// What to write [default: the output's ending, else svg].
    #[arg(long, value_enum)]
    pub(crate) to: Option<Drawing>,
    /// Which evaluation of a study [default: the best].
    #[arg(long, value_name = "N")]
    pub(crate) evaluation: Option<u64>,
}

/// For a person or for a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a person.
    #[value(alias = "text")]
    Table,
    /// For a program: one JSON object, or one a line.
    Json,
}

/// What a drawing is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drawing {
    /// A picture for browsers and documents.
    Svg,
    /// A picture in pixels, two for a unit of the SVG.
    Png,
    /// A description for Graphviz.
    Dot,
}
