//! As much HTTP as a browser needs to read pages: GET and HEAD, one request a connection, and events that are pushed.
//!
//! `httparse` reads the heads; the program speaks HTTP to Ray with the same crate. A whole server crate would bring what is not
//! used here, such as bodies, TLS and pools of threads.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::message::{Answer, Request};
use super::pages::Pages;

/// The longest head of a request, in bytes.
const LONGEST_HEAD: usize = 16 << 10;
/// How long a request may take to arrive, and an answer to be taken.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections at once. A page holds one for its events.
const MOST_CONNECTIONS: usize = 200;
/// How often a page that waits for events is looked after.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often it hears that the server is there, so that a connection that is gone is noticed.
const PULSE: Duration = Duration::from_secs(15);

/// Answers until the process ends.
pub(crate) fn serve(listener: &TcpListener, pages: &Arc<Pages>) -> io::Result<()> {
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        let stream = match stream {
            Ok(stream) => stream,
            // One connection that was lost before it was taken; files that are all in use are free again later.
            Err(_) => {
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        let held = Held::new(&open);
        if open.load(Ordering::Relaxed) > MOST_CONNECTIONS {
            let _ = refuse(stream, "503 Service Unavailable", "too many pages are open");
            continue;
        }
        let pages = Arc::clone(pages);
        thread::Builder::new().spawn(move || {
            // A reader that goes away costs its own connection.
            let _ = handle(stream, &pages);
            drop(held);
        })?;
    }
    Ok(())
}

/// One of the connections that are open.
struct Held(Arc<AtomicUsize>);

impl Held {
    fn new(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(open))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn handle(mut stream: TcpStream, pages: &Pages) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = match read(&mut stream)? {
        Ok(request) => request,
        Err((status, text)) => return refuse(stream, status, text),
    };
    match pages.answer(&request) {
        Answer::Text {
            status,
            kind,
            more,
            text,
        } => {
            let head = head(
                status,
                kind,
                &format!("Content-Length: {}\r\n{more}", text.len()),
            );
            stream.write_all(head.as_bytes())?;
            if !request.is_head {
                stream.write_all(text.as_bytes())?;
            }
            end(stream)
        }
        Answer::Events(name) => push(stream, &request, name.as_deref(), pages),
    }
}

/// Reads the head of a request; what is wrong with it is an answer.
fn read(stream: &mut TcpStream) -> io::Result<Result<Request, (&'static str, &'static str)>> {
    let since = Instant::now();
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let left = PATIENCE.saturating_sub(since.elapsed());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let count = stream.read(&mut part)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend(&part[..count]);
        match parse(&bytes) {
            Ok(Some(request)) => return Ok(request),
            Ok(None) if bytes.len() < LONGEST_HEAD => {}
            Ok(None) => {
                let status = "431 Request Header Fields Too Large";
                return Ok(Err((status, "the request is too long")));
            }
            Err(_) => return Ok(Err(("400 Bad Request", "this is no HTTP"))),
        }
    }
}

type Parsed = Result<Request, (&'static str, &'static str)>;

/// A request whose head is whole.
fn parse(bytes: &[u8]) -> Result<Option<Parsed>, httparse::Error> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut headers);
    if head.parse(bytes)?.is_partial() {
        return Ok(None);
    }
    let is_head = match head.method {
        Some("GET") => false,
        Some("HEAD") => true,
        _ => {
            let status = "405 Method Not Allowed";
            return Ok(Some(Err((status, "studies are shown here, not changed"))));
        }
    };
    // A head that was parsed as a whole has one.
    let target = head.path.unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        is_head,
        path: path.to_owned(),
        query: query.to_owned(),
        ..Request::default()
    };
    for header in head.headers.iter() {
        let Ok(value) = std::str::from_utf8(header.value) else {
            continue;
        };
        match header.name.to_ascii_lowercase().as_str() {
            // Two names are none.
            "host" if request.host.is_some() => request.host = Some(String::new()),
            "host" => request.host = Some(value.to_owned()),
            "cookie" => request.cookies.push(value.to_owned()),
            "authorization" => request.authorization = Some(value.to_owned()),
            _ => {}
        }
    }
    Ok(Some(Ok(request)))
}

fn head(status: &str, kind: &str, more: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n\
         Cross-Origin-Resource-Policy: same-origin\r\n{more}\r\n"
    )
}

fn refuse(mut stream: TcpStream, status: &str, text: &str) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let more = format!("Content-Length: {}\r\n", text.len());
    stream.write_all(head(status, "text/plain; charset=utf-8", &more).as_bytes())?;
    stream.write_all(text.as_bytes())?;
    end(stream)
}

/// Closes a connection so that what was written still arrives.
fn end(mut stream: TcpStream) -> io::Result<()> {
    stream.flush()?;
    stream.shutdown(std::net::Shutdown::Write)?;
    // The other side closes once it has read.
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    let mut rest = [0; 1024];
    while stream.read(&mut rest)? > 0 {}
    Ok(())
}

/// Tells a page whenever there is something new, until it is closed.
fn push(
    mut stream: TcpStream,
    request: &Request,
    name: Option<&str>,
    pages: &Pages,
) -> io::Result<()> {
    stream.write_all(head("200 OK", "text/event-stream", "").as_bytes())?;
    if request.is_head {
        return end(stream);
    }
    let mut known = pages.version(name);
    stream.write_all(b"retry: 2000\n\n")?;
    let mut heard = Instant::now();
    loop {
        thread::sleep(INTERVAL);
        let now = pages.version(name);
        if now != known {
            known = now;
            heard = Instant::now();
            stream.write_all(format!("event: changed\ndata: {known}\n\n").as_bytes())?;
        } else if heard.elapsed() > PULSE {
            heard = Instant::now();
            stream.write_all(b": here\n\n")?;
        }
    }
}
