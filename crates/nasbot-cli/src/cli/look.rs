//! What shows a study in a browser: `report` and `serve`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

/// Write studies as a page for a browser: one HTML file that needs nothing else.
///
/// The page has the best networks with their drawings, the scores over the search beside those of simple methods, what ran
/// where, failures by cause, a map of all networks by their distances, the tree of which came of which, the model's
/// predictions beside what came, and what is needed to repeat the search. Of several studies it compares the courses: those that
/// differ by their seed alone are one group, shown as a mean with its standard error.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot report digits-cnn.nasbot.db                     writes digits-cnn.html
  nasbot report a.nasbot.db b.nasbot.db -o both.html     compares two studies
  nasbot report runs/*.nasbot.db -o - | ssh host 'cat > runs.html'")]
pub(crate) struct ReportArgs {
    /// The studies.
    #[arg(required = true)]
    pub(crate) studies: Vec<PathBuf>,
    /// Where to write, - for standard output [default: NAME.html here, or report.html of several studies].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Serve the page of a study, or of all studies in a folder, on this machine while they are searched.
///
/// The same page as that of `nasbot report`, which follows the search. Nothing can be changed through it. Without --address it
/// is served to this machine alone; another address needs a token, which a browser is given with the address that is printed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot serve digits-cnn.nasbot.db
  nasbot serve runs/ --port 8080
  NASBOT_TOKEN=$(openssl rand -hex 16) nasbot serve runs/ --address 0.0.0.0

Ctrl-C ends it. From another machine, `ssh -L 8080:127.0.0.1:8080 HOST` needs no other address.")]
pub(crate) struct ServeArgs {
    /// A study, or a folder of studies.
    pub(crate) source: PathBuf,
    /// The port; 0 takes a free one [default: 8765, or a free one if that is taken].
    #[arg(long, value_name = "N")]
    pub(crate) port: Option<u16>,
    /// The address to serve on; other machines reach any but 127.0.0.1 and ::1.
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub(crate) address: IpAddr,
    /// What a browser must know, at least 16 letters and digits [default: the variable NASBOT_TOKEN, which no list of
    /// processes shows].
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Option<String>,
}
