//! The arguments of the commands that ask and tell a study, and of the one that recomputes it.

use std::path::PathBuf;

use clap::Args;

use super::{Format, SetArgs};

/// Hand out the next network of a study, to be evaluated by hand or by another program.
///
/// The study is the same as that of `nasbot search`, and is made if a description is named and there is none. What is printed
/// has been recorded: the evaluation stays pending until its result is told, also while a search goes on with the
/// study. Evaluations that an interrupted search left behind are handed out first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot ask search.toml                        the first network; the study is made
  nasbot ask search.nasbot.db                   the next one
  nasbot ask search.nasbot.db --count 8         several, to be evaluated at once
  nasbot ask search.nasbot.db --format json     for programs, one JSON object a line
  nasbot ask search.nasbot.db --evaluations 60  with a larger budget

A line of JSON is {\"next\":\"evaluate\",\"id\":…,\"seed\":…,\"network\":{…},\"origin\":{…}}, with
{\"from\":…,\"until\":…} epochs where trainings stop at rungs; {\"next\":\"wait\",\"pending\":[…]} where nothing can be
suggested before a result; {\"next\":\"over\",\"why\":\"budget\"} (or \"exhausted\") at the end.
A description for which nothing but this evaluates says backend = \"hand\" in [workers].")]
pub(crate) struct AskArgs {
    /// The study, or the TOML file that describes it.
    pub(crate) source: PathBuf,
    /// How many evaluations.
    #[arg(long, short = 'n', value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) count: u16,
    /// Where the study of a description is [default: the file's study.path, or NAME.nasbot.db here].
    #[arg(long, value_name = "PATH")]
    pub(crate) study: Option<PathBuf>,
    /// The seed of a new study, instead of the file's study.seed.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// A new budget: how many evaluations in all, those already made included.
    #[arg(long, value_name = "N")]
    pub(crate) evaluations: Option<u64>,
    #[command(flatten)]
    pub(crate) set: SetArgs,
    /// How to print.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

/// Tell the score of an evaluation that `nasbot ask` handed out; higher is better.
///
/// The result is recorded when the command ends. To tell the same once more changes nothing; another score is refused.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot tell search.nasbot.db 17 0.93
  nasbot tell search.nasbot.db 17 0.93 --metric accuracy=0.93 --metric loss=0.21 --seconds 840
  nasbot tell search.nasbot.db --json results.jsonl      several, all or none
  train.py | nasbot tell search.nasbot.db --json -       from standard input

A line of JSON is {\"id\":17,\"score\":0.93}, optionally with \"metrics\":{…}, \"seconds\", \"parameters\", \"epochs\" and
\"message\"; or {\"id\":17,\"failed\":\"out-of-memory\",\"message\":\"…\"}.")]
pub(crate) struct TellArgs {
    /// The study.
    pub(crate) study: PathBuf,
    /// The evaluation.
    #[arg(required_unless_present = "json", requires = "score")]
    pub(crate) id: Option<u64>,
    /// Its score.
    #[arg(allow_negative_numbers = true)]
    pub(crate) score: Option<f64>,
    /// JSON lines, a result each; - is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["id", "metrics", "seconds", "parameters", "epochs"])]
    pub(crate) json: Option<PathBuf>,
    /// A further figure; may be given several times.
    #[arg(long = "metric", value_name = "NAME=NUMBER")]
    pub(crate) metrics: Vec<String>,
    /// How long it took.
    #[arg(long, value_name = "S")]
    pub(crate) seconds: Option<f64>,
    /// Trainable parameters.
    #[arg(long, value_name = "N")]
    pub(crate) parameters: Option<u64>,
    /// Epochs done, where trainings stop at rungs: a score of another rung is then refused.
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<u32>,
    /// How to print.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

/// Tell that an evaluation failed, or give it back.
///
/// A network that failed is not suggested again. An evaluation that was interrupted goes back to the study: the next `nasbot
/// ask`, or the next search, runs it. One that is withdrawn is gone, does not count, and its network may be suggested again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot fail search.nasbot.db 17 out-of-memory
  nasbot fail search.nasbot.db 17 crashed --message 'segmentation fault in epoch 3'
  nasbot fail search.nasbot.db 17 interrupted      give it back")]
pub(crate) struct FailArgs {
    /// The study.
    pub(crate) study: PathBuf,
    /// The evaluation.
    pub(crate) id: u64,
    /// diverged, out-of-memory, impossible-shape, timed-out, crashed or other; interrupted; withdrawn.
    pub(crate) reason: String,
    /// Why, for people.
    #[arg(long, short, value_name = "TEXT")]
    pub(crate) message: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

/// Give a network of one's own to a study: it is evaluated like a suggestion.
///
/// The next `nasbot ask`, or the next search, runs it. A network that the study has already, or that lies outside of its space, is
/// refused.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot give search.nasbot.db net.json
  nasbot give search.nasbot.db net.json --anywhere    also outside of the space's bounds
  echo '{\"kind\":…}' | nasbot give search.nasbot.db -")]
pub(crate) struct GiveArgs {
    /// The study.
    pub(crate) study: PathBuf,
    /// The network (JSON); - is standard input.
    pub(crate) network: PathBuf,
    /// Also outside of the space's bounds; what it leads to stays within them.
    #[arg(long)]
    pub(crate) anywhere: bool,
    /// A new budget: how many evaluations in all, those already made included.
    #[arg(long, value_name = "N")]
    pub(crate) evaluations: Option<u64>,
    /// How to print.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

/// Propose networks to a study: they wait, and are evaluated once the search thinks them worth it.
///
/// With the strategy `nasbot` they compete at each suggestion with the networks that the search finds itself, by the acquisition function.
/// Other strategies take every second network from what waits. `nasbot give` evaluates a network whatever is thought of it.
/// Networks that the study has, or that lie outside of its space, are left out and counted.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot propose search.nasbot.db nets.jsonl            one network a line
  nasbot propose search.nasbot.db nets.json             one network, or a JSON array of them
  propose.py | nasbot propose search.nasbot.db -        from standard input

What is no network is left out and named. [proposals] in a description does the same while a search runs.")]
pub(crate) struct ProposeArgs {
    /// The study.
    pub(crate) study: PathBuf,
    /// The networks (JSON); - is standard input.
    pub(crate) networks: PathBuf,
    /// How to print.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

/// Recompute every suggestion of a study and say whether it is the same, bit for bit.
///
/// What the search was told before each of its answers stands in the study, however many workers, rungs and interruptions
/// there were. Takes as long as the search itself took for its suggestions. Exits with status 1 where anything differs, as after a
/// change of this program, and says which evaluation is the first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot replay search.nasbot.db
  nasbot replay search.nasbot.db --format json    all differences, for programs")]
pub(crate) struct ReplayArgs {
    /// The study. It may be searched meanwhile.
    pub(crate) study: PathBuf,
    /// How to print.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}
