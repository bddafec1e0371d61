//! `nasbot serve`: the page of a study, or of a folder of studies, while they are searched.

use std::env;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use crate::cli::ServeArgs;
use crate::error::Error;
use crate::serve::{Gate, Pages, Studies, serve};
use crate::terminal;

/// The port unless one is named.
const PORT: u16 = 8765;
/// Letters of a token at least.
const SHORTEST_TOKEN: usize = 16;

pub(crate) fn run(args: &ServeArgs) -> Result<(), Error> {
    let token = token(args)?;
    let studies = Studies::new(&args.source, args.source.is_dir());
    // Says what is wrong with a study now rather than in the browser.
    studies.warm()?;
    let listener = listen(args)?;
    let address = listener.local_addr().map_err(Error::Listen)?;
    let pages = Arc::new(Pages::new(studies, Gate::new(address, token)));
    terminal::print(&pages.address())?;
    terminal::say("serving until Ctrl-C");
    serve(&listener, &pages).map_err(Error::Listen)
}

fn token(args: &ServeArgs) -> Result<Option<String>, Error> {
    let from_environment = || {
        env::var("NASBOT_TOKEN")
            .ok()
            .filter(|token| !token.is_empty())
    };
    let token = args.token.clone().or_else(from_environment);
    match &token {
        Some(token)
            if token.len() < SHORTEST_TOKEN
                || !token.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            Err(Error::Usage(format!(
                "the token must be at least {SHORTEST_TOKEN} letters and digits, such as `openssl rand -hex 16` prints"
            )))
        }
        None if !args.address.is_loopback() => Err(Error::Usage(format!(
            "whoever reaches {} could read the studies: set NASBOT_TOKEN=$(openssl rand -hex 16), or serve on 127.0.0.1 and use `ssh -L`",
            args.address
        ))),
        _ => Ok(token),
    }
}

fn listen(args: &ServeArgs) -> Result<TcpListener, Error> {
    let at = |port| TcpListener::bind(SocketAddr::new(args.address, port));
    match args.port {
        Some(port) => at(port),
        None => at(PORT).or_else(|_| at(0)),
    }
    .map_err(Error::Listen)
}
