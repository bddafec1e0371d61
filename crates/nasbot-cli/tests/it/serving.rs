//! `nasbot report` and `nasbot serve` without a browser: files, addresses, who may ask.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::support::Folder;

/// A server, until it is dropped.
pub(crate) struct Server {
    child: Child,
    /// What it printed.
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(folder: &Folder, arguments: &[&str]) -> Self {
        let mut child = folder
            .command(arguments)
            .args(["--port", "0"])
            .env_remove("NASBOT_TOKEN")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut address).unwrap();
        assert!(address.starts_with("http://"), "{address}");
        Self {
            child,
            address: address.trim().to_owned(),
        }
    }

    /// The host and the port.
    fn host(&self) -> &str {
        let rest = self.address.strip_prefix("http://").unwrap();
        rest.split('/').next().unwrap()
    }

    fn connect(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.host()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    /// Sends a request as it stands and reads the whole answer.
    fn raw(&self, request: &str) -> String {
        let mut answer = String::new();
        self.connect(request).read_to_string(&mut answer).unwrap();
        answer
    }

    pub(crate) fn get(&self, path: &str) -> String {
        self.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n",
            self.host()
        ))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn synthetic(folder: &Folder, evaluations: u32) {
    folder.write("s.toml", &format!(
        "[space]\nkind = \"cnn\"\nmax-layers = 12\n[search]\nstrategy = \"evolution\"\n[workers]\nbackend = \"synthetic\"\n[budget]\nevaluations = {evaluations}\n"
    ));
    folder.run(&["search", "s.toml", "-q"]).ok();
}

/// The data of a page.
fn data(html: &str) -> serde_json::Value {
    let (_, rest) = html
        .split_once("<script type=\"application/json\" id=\"data\">")
        .unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn a_report_holds_everything_in_one_file() {
    let folder = Folder::new();
    synthetic(&folder, 20);
    assert_eq!(folder.run(&["report", "s.nasbot.db"]).ok().trim(), "s.html");
    let html = folder.read("s.html");
    // Nothing is fetched: the only addresses are names of XML's.
    let addresses: Vec<&str> = html
        .match_indices("http")
        .map(|(at, _)| &html[at..at + 26])
        .collect();
    assert!(
        addresses
            .iter()
            .all(|address| address.starts_with("http://www.w3.org/2000/svg")
                || address.starts_with("http-equiv")),
        "{addresses:?}"
    );
    assert!(!html.contains(" src=") && !html.contains("@import"));
    let study = &data(&html)["studies"][0];
    assert_eq!(study["evaluations_shown"].as_array().unwrap().len(), 20);
    assert_eq!(study["details"].as_object().unwrap().len(), 20);
    assert_eq!(study["map"]["points"].as_array().unwrap().len(), 20);
    // The best is that of `show`, and evolution's parents are known.
    let best = folder
        .run(&["show", "s.nasbot.db", "--format", "json"])
        .json()["best"]
        .clone();
    assert_eq!(study["best"], best["id"]);
    let shown = study["evaluations_shown"].as_array().unwrap();
    let (id, parent) = shown
        .iter()
        .find_map(|e| Some((e["id"].as_u64()?, e["parent"].as_u64()?)))
        .unwrap();
    assert!(parent < id);
    // It can go to standard output, and a study that is none is refused.
    assert!(
        folder
            .run(&["report", "s.nasbot.db", "-o", "-"])
            .ok()
            .starts_with("<!doctype html>")
    );
    let error = folder.run(&["report", "s.toml"]).fails(2);
    assert!(error.contains("s.toml"), "{error}");
}

#[test]
fn a_study_without_an_evaluation_has_a_report() {
    let folder = Folder::new();
    folder.write(
        "s.toml",
        "[space]\nkind = \"mlp-reg\"\n[workers]\nbackend = \"hand\"\n[budget]\nevaluations = 9\n",
    );
    folder
        .run(&["ask", "s.toml", "--study", "e.nasbot.db"])
        .ok();
    folder
        .run(&["fail", "e.nasbot.db", "0", "interrupted"])
        .ok();
    folder.run(&["report", "e.nasbot.db"]).ok();
    let study = &data(&folder.read("e.html"))["studies"][0];
    assert_eq!(
        (study["best"].is_null(), &study["evaluations"]),
        (true, &0.into())
    );
}

#[test]
fn a_server_answers_its_own_names_alone_and_changes_nothing() {
    let folder = Folder::new();
    synthetic(&folder, 6);
    let server = Server::start(&folder, &["serve", "s.nasbot.db"]);
    let page = server.get("/");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("<!doctype html>"));
    assert!(
        page.contains("X-Frame-Options: DENY") && page.contains("connect-src &#x27;self&#x27;")
    );
    let study = &data(&page)["studies"][0];
    assert_eq!(study["evaluations"], 6);
    for (path, status) in [
        ("/data/s.nasbot.db", "200 OK"),
        ("/map/s.nasbot.db", "200 OK"),
        ("/evaluation/3/s.nasbot.db", "200 OK"),
        ("/evaluation/99/s.nasbot.db", "404 Not Found"),
        ("/data/s.toml", "404 Not Found"),
        ("/data/../s.nasbot.db", "404 Not Found"),
        ("/data/%2e%2e%2fs.nasbot.db", "404 Not Found"),
        ("/study//etc/passwd", "404 Not Found"),
        ("/favicon.ico", "404 Not Found"),
    ] {
        let answer = server.get(path);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{path}: {answer}"
        );
    }
    // A name of another site that was bound to this machine, no name, two names, another method, no HTTP.
    let host = server.host();
    for (request, status) in [
        (
            "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(),
            "403",
        ),
        ("GET / HTTP/1.0\r\n\r\n".to_owned(), "403"),
        (
            format!("GET / HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n\r\n"),
            "403",
        ),
        (
            format!("POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n"),
            "405",
        ),
        (
            format!(
                "GET / HTTP/1.1\r\nHost: {host}\r\nX: {}\r\n\r\n",
                "x".repeat(20_000)
            ),
            "431",
        ),
        ("\u{1}\u{2}\r\n\r\n".to_owned(), "400"),
    ] {
        let answer = server.raw(&request);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request:.60}: {answer}"
        );
        assert!(!answer.contains("<!doctype"));
    }
    let head = server.raw(&format!("HEAD / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && !head.contains("<!doctype"));
}

#[test]
fn a_server_pushes_what_is_new() {
    let folder = Folder::new();
    synthetic(&folder, 6);
    let server = Server::start(&folder, &["serve", "s.nasbot.db"]);
    let request = format!(
        "GET /events/s.nasbot.db HTTP/1.1\r\nHost: {}\r\n\r\n",
        server.host()
    );
    let stream = server.connect(&request);
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "retry: 2000"));
    folder
        .run(&["resume", "s.nasbot.db", "--evaluations", "8", "-q"])
        .ok();
    assert!(lines.any(|line| line == "event: changed"));
    let page = server.get("/data/s.nasbot.db");
    let study: serde_json::Value =
        serde_json::from_str(page.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert!(study["count"].as_u64() > Some(6));
}

#[test]
fn another_address_takes_a_token() {
    let folder = Folder::new();
    synthetic(&folder, 6);
    let refused = folder
        .command(&["serve", "s.nasbot.db", "--address", "0.0.0.0"])
        .env_remove("NASBOT_TOKEN")
        .output()
        .unwrap();
    let error = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{error}");
    assert!(error.contains("NASBOT_TOKEN"), "{error}");
    let error = folder
        .run(&["serve", "s.nasbot.db", "--token", "short"])
        .fails(2);
    assert!(error.contains("at least 16"), "{error}");
    let token = "0123456789abcdefXYZ";
    let server = Server::start(&folder, &["serve", "s.nasbot.db", "--token", token]);
    assert!(server.address.ends_with(&format!("/?token={token}")));
    assert!(server.get("/").starts_with("HTTP/1.1 401 "));
    assert!(
        server
            .get("/?token=0123456789abcdefXYz")
            .starts_with("HTTP/1.1 401 ")
    );
    let kept = server.get(&format!("/?token={token}"));
    assert!(
        kept.starts_with("HTTP/1.1 303 ") && kept.contains("\r\nLocation: /\r\n"),
        "{kept}"
    );
    let cookie = kept
        .split_once("Set-Cookie: ")
        .unwrap()
        .1
        .split(';')
        .next()
        .unwrap();
    assert!(kept.contains("; HttpOnly; SameSite=Strict\r\n"));
    let answer = server.raw(&format!(
        "GET / HTTP/1.1\r\nHost: any.name\r\nCookie: {cookie}\r\n\r\n"
    ));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer:.200}");
}
