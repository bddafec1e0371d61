//! What is answered to which address.

use std::sync::Arc;

use nasbot::page::{self, DetailData, Live, Page, Row};
use nasbot::{Clock as _, SystemClock, report};

use super::gate::{Gate, Pass};
use super::message::{Answer, Request};
use super::studies::{Studies, Watched, lock};

/// Bytes of a log that a page gets.
const LOG: usize = 20_000;

/// The pages of some studies.
#[derive(Debug)]
pub(crate) struct Pages {
    studies: Studies,
    gate: Gate,
}

impl Pages {
    /// The pages of these studies for those whom the gate lets pass.
    pub(crate) fn new(studies: Studies, gate: Gate) -> Self {
        Self { studies, gate }
    }

    /// The address to open in a browser.
    pub(crate) fn address(&self) -> String {
        self.gate.address()
    }

    pub(super) fn answer(&self, request: &Request) -> Answer {
        match self.gate.pass(request) {
            Pass::Open => {}
            Pass::Keep { cookie, path } => {
                let more = format!("Set-Cookie: {cookie}\r\nLocation: {path}\r\n");
                return text("303 See Other", "the token is kept".into(), &more);
            }
            Pass::OtherHost => {
                let why =
                    "this server answers to its own address alone: open the one that it printed";
                return text("403 Forbidden", why.into(), "");
            }
            Pass::NoToken => {
                let why = "open the address with the token that the server printed";
                return text("401 Unauthorized", why.into(), "");
            }
        }
        let path = request.path.trim_start_matches('/');
        let (what, rest) = path.split_once('/').unwrap_or((path, ""));
        let found = match what {
            "" if self.studies.is_folder() => Some(self.list()),
            "" => self.studies.names().first().map(|name| self.page(name)),
            "events" if rest.is_empty() => return Answer::Events(None),
            "evaluation" => rest.split_once('/').and_then(|(id, name)| {
                let (id, study) = (id.parse().ok()?, self.study(name)?);
                self.evaluation(&study, id)
            }),
            _ => self.about(what, rest),
        };
        match found {
            Some(Ok(answer)) => answer,
            Some(Err(error)) => text(
                "500 Internal Server Error",
                report::clean(&error.to_string()),
                "",
            ),
            None => text("404 Not Found", "there is no such page".into(), ""),
        }
    }

    /// What changes whenever a study does, or any of them.
    pub(super) fn version(&self, name: Option<&str>) -> u64 {
        let names = match name {
            Some(name) => vec![name.to_owned()],
            None => self.studies.names(),
        };
        let versions = names
            .iter()
            .filter_map(|name| self.studies.get(name))
            .map(|study| {
                let mut study = lock(&study);
                study.look();
                study.version()
            });
        // A study that comes counts too.
        versions.map(|version| version + 1).sum()
    }

    fn study(&self, encoded: &str) -> Option<Arc<std::sync::Mutex<Watched>>> {
        self.studies.get(&decoded(encoded)?)
    }

    fn about(&self, what: &str, encoded: &str) -> Option<Result<Answer, nasbot::Error>> {
        let name = decoded(encoded)?;
        let study = self.studies.get(&name)?;
        let mut watched = lock(&study);
        watched.look();
        match what {
            "study" => {
                drop(watched);
                Some(self.page(&name))
            }
            "data" => Some(watched.data().map(json)),
            "map" => Some(watched.map().map(json)),
            "events" => Some(Ok(Answer::Events(Some(name)))),
            _ => None,
        }
    }

    fn evaluation(
        &self,
        study: &std::sync::Mutex<Watched>,
        id: u64,
    ) -> Option<Result<Answer, nasbot::Error>> {
        let mut watched = lock(study);
        watched.look();
        let detail = DetailData::new(watched.folded(), id, LOG)?;
        Some(report::json(&detail).map(|text| json(text.into())))
    }

    fn page(&self, name: &str) -> Result<Answer, nasbot::Error> {
        let Some(study) = self.studies.get(name) else {
            return Ok(text("404 Not Found", "there is no such study".into(), ""));
        };
        let mut watched = lock(&study);
        watched.look();
        if let Some(problem) = watched.problem()
            && watched.folded().events() == 0
        {
            let problem = format!("{problem}\n\nLoad this page again once that has changed.");
            return Ok(text("200 OK", problem, "Refresh: 5\r\n"));
        }
        let encoded = encoded(name);
        let live = Live {
            events: format!("/events/{encoded}"),
            data: format!("/data/{encoded}"),
            map: format!("/map/{encoded}"),
            evaluation: format!("/evaluation/{{}}/{encoded}"),
            list: self.studies.is_folder().then(|| "/".to_owned()),
        };
        let data = [watched.page_data()];
        drop(watched);
        let html = page::html(&Page::new(&data, SystemClock::new().date(), Some(live)))?;
        Ok(self::html(html))
    }

    fn list(&self) -> Result<Answer, nasbot::Error> {
        let mut rows = Vec::new();
        for name in self.studies.names() {
            let Some(study) = self.studies.get(&name) else {
                continue;
            };
            let mut watched = lock(&study);
            watched.look();
            let address = format!("/study/{}", encoded(&name));
            let shown = report::clean(name.strip_suffix(".nasbot.db").unwrap_or(&name));
            let mut row = Row::new(address, shown, &watched.page_data());
            if let Some(problem) = watched.problem() {
                row.state = problem.to_owned();
            }
            rows.push(row);
        }
        let folder = report::clean(&self.studies.root().to_string_lossy());
        Ok(html(page::list(&folder, &rows, "/events")?))
    }
}

fn text(status: &'static str, text: String, more: &str) -> Answer {
    Answer::Text {
        status,
        kind: "text/plain; charset=utf-8",
        more: more.to_owned(),
        text: text.into(),
    }
}

fn json(text: Arc<str>) -> Answer {
    Answer::Text {
        status: "200 OK",
        kind: "application/json",
        more: String::new(),
        text,
    }
}

fn html(text: String) -> Answer {
    Answer::Text {
        status: "200 OK",
        kind: "text/html; charset=utf-8",
        // The page says the rest by itself; this one cannot stand in it.
        more: "Content-Security-Policy: frame-ancestors 'none'\r\n".to_owned(),
        text: text.into(),
    }
}

/// A name as a part of an address: slashes stay.
fn encoded(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let one = |byte: u8| match is_plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    name.bytes().map(one).collect()
}

/// The name that such a part stands for.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = part.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = rest.get(2..)?;
        } else {
            bytes.push(first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_an_address() {
        for name in ["a.nasbot.db", "runs/ä b'\"<script>%.nasbot.db", "\u{202e}x"] {
            let part = encoded(name);
            assert!(part.is_ascii() && !part.contains(['"', '<', ' ', '\'']));
            assert_eq!(decoded(&part).as_deref(), Some(name));
        }
        for broken in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(decoded(broken), None, "{broken}");
        }
    }
}
