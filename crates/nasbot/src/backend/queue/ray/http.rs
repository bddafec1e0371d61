//! The HTTP that Ray's Jobs API speaks, with what proves to it who asks.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use ureq::http::{HeaderName, HeaderValue, Request, Uri};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Proxy};

use crate::error::Error;
use crate::settings::check_address;

/// How long a connection may take to come about, and a request to be answered.
const CONNECTION: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(60);
/// What is read of an answer, in bytes.
const MOST: u64 = 64 << 20;
/// Where Ray's dashboard listens unless told otherwise.
const USUAL: &str = "http://127.0.0.1:8265";

/// Where and how requests are sent.
pub(super) struct Http {
    agent: Agent,
    /// Without a slash at its end.
    address: String,
    /// Secrets: they go into requests and nowhere else.
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) text: String,
}

/// Variables of the environment, by name; those that are empty count as absent.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Http {
    /// Takes the address from the settings, which have been checked, or from the environment, and the secrets from the environment
    /// alone.
    pub(super) fn new(address: Option<&str>, variables: Variables<'_>) -> Result<Self, Error> {
        let address = find_address(address, variables)?;
        let headers = headers(variables)?;
        let uri: Uri = (address.parse()).map_err(|error| {
            Error::Queue(format!(
                "the address of Ray, \"{address}\", can't be read: {error}"
            ))
        })?;
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECTION))
            .timeout_global(Some(PATIENCE))
            .user_agent(concat!("nasbot/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls(variables)?);
        // A port that is forwarded to this machine is reached without a proxy.
        let is_here =
            |host: &str| host == "localhost" || host.starts_with("127.") || host == "[::1]";
        if uri.host().is_some_and(is_here) {
            config = config.proxy(None);
        } else {
            config = config.proxy(Proxy::try_from_env());
        }
        Ok(Self {
            agent: config.build().into(),
            address: address.trim_end_matches('/').to_owned(),
            headers,
        })
    }

    /// Where requests go, for messages.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Asks for something.
    pub(super) fn get(&self, path: &str) -> Result<Answer, String> {
        self.send(Request::get(self.at(path)), "")
    }

    /// Asks for something to be done.
    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Answer, String> {
        let request = Request::post(self.at(path)).header("Content-Type", "application/json");
        self.send(request, &body.to_string())
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    fn send(
        &self,
        mut request: ureq::http::request::Builder,
        body: &str,
    ) -> Result<Answer, String> {
        if let Some(headers) = request.headers_mut() {
            headers.extend(self.headers.iter().cloned());
        }
        let silent = |error: &dyn std::fmt::Display| silent(&self.address, &error.to_string());
        let request = request
            .body(body.to_owned())
            .map_err(|error| silent(&error))?;
        let response = (self.agent.run(request)).map_err(|error| silent(&error))?;
        let (parts, mut body) = response.into_parts();
        let text = body.with_config().limit(MOST).lossy_utf8(true);
        Ok(Answer {
            status: parts.status.as_u16(),
            text: text.read_to_string().map_err(|error| silent(&error))?,
        })
    }
}

/// That there is no answer, and why.
fn silent(address: &str, error: &str) -> String {
    let hint = match error.contains("certificate") {
        true => {
            "; SSL_CERT_FILE may name a file with the certificate of the authority that is to be believed"
        }
        false => "",
    };
    format!("{address} does not answer: {error}{hint}")
}

/// The address: of the settings, else of the variables that Ray's own program goes by, else the usual one.
fn find_address(address: Option<&str>, variables: Variables<'_>) -> Result<String, Error> {
    if let Some(address) = address {
        return Ok(address.to_owned());
    }
    for name in ["RAY_API_SERVER_ADDRESS", "RAY_ADDRESS"] {
        if let Some(address) = variables(name) {
            let wrong =
                |problem| Error::Queue(format!("{name}: {problem}; or set address under [ray]"));
            check_address(&address).map_err(wrong)?;
            return Ok(address);
        }
    }
    Ok(USUAL.to_owned())
}

/// The headers that prove who asks: a token, and those that a proxy before Ray wants.
fn headers(variables: Variables<'_>) -> Result<Vec<(HeaderName, HeaderValue)>, Error> {
    let mut headers = Vec::new();
    if let Some(token) = token(variables)? {
        let value = secret(&format!("Bearer {token}")).ok_or_else(|| {
            Error::Queue("the token of Ray is no line of plain letters".to_owned())
        })?;
        headers.push((ureq::http::header::AUTHORIZATION, value));
    }
    let wrong = || {
        Error::Queue(
            "RAY_JOB_HEADERS is not as it should be, for example {\"X-Team\": \"vision\"}"
                .to_owned(),
        )
    };
    if let Some(text) = variables("RAY_JOB_HEADERS") {
        let given: BTreeMap<String, String> = serde_json::from_str(&text).map_err(|_| wrong())?;
        for (name, value) in given {
            let name: HeaderName = name.parse().map_err(|_| wrong())?;
            let value = secret(&value).ok_or_else(wrong)?;
            headers.retain(|(other, _)| *other != name);
            headers.push((name, value));
        }
    }
    Ok(headers)
}

fn token(variables: Variables<'_>) -> Result<Option<String>, Error> {
    if let Some(token) = variables("RAY_AUTH_TOKEN") {
        return Ok(Some(token.trim().to_owned()));
    }
    let Some(path) = variables("RAY_AUTH_TOKEN_PATH").map(PathBuf::from) else {
        return Ok(None);
    };
    let text = fs::read_to_string(&path).map_err(Error::read(&path))?;
    Ok(Some(text.trim().to_owned()))
}

/// A header's value that is not shown.
fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Whom a server of https is believed by: `SSL_CERT_FILE`, for authorities of a company's own, or whom Mozilla believes.
fn tls(variables: Variables<'_>) -> Result<TlsConfig, Error> {
    let Some(path) = variables("SSL_CERT_FILE").map(PathBuf::from) else {
        return Ok(TlsConfig::default());
    };
    let bytes = fs::read(&path).map_err(Error::read(&path))?;
    let certificates: Vec<_> = (parse_pem(&bytes))
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(Error::Queue(format!(
            "SSL_CERT_FILE: there is no certificate in {}",
            path.display()
        )));
    }
    let roots = RootCerts::from(certificates);
    Ok(TlsConfig::builder().root_certs(roots).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(address: Option<&str>, set: &[(&str, &str)]) -> Result<Http, Error> {
        let find = |name: &str| {
            let found = set.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Http::new(address, &find)
    }

    fn problem(address: Option<&str>, set: &[(&str, &str)]) -> String {
        match with(address, set) {
            Ok(_) => "none".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_address_comes_from_the_file_then_from_the_environment() {
        let set = [
            ("RAY_API_SERVER_ADDRESS", "http://b:1/"),
            ("RAY_ADDRESS", "http://c:1"),
        ];
        let address = |address, set| with(address, set).ok().unwrap().address;
        assert_eq!(address(Some("http://a:1"), &set), "http://a:1");
        assert_eq!(address(None, &set), "http://b:1");
        assert_eq!(address(None, &set[1..]), "http://c:1");
        assert_eq!(address(None, &[]), USUAL);
        // As Ray itself sets it in a job.
        let message = problem(None, &[("RAY_ADDRESS", "10.0.0.1:6379")]);
        assert!(
            message.contains("RAY_ADDRESS") && message.contains("http://"),
            "{message}"
        );
    }

    #[test]
    fn secrets_come_from_the_environment_and_are_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "of-the-file\n").unwrap();
        let path = path.display().to_string();
        let token = |set: &[(&str, &str)]| {
            let http = with(None, set).ok().unwrap();
            assert!(!format!("{:?}", http.headers).contains("Bearer"));
            http.headers[0].1.to_str().unwrap().to_owned()
        };
        assert_eq!(
            token(&[("RAY_AUTH_TOKEN_PATH", &path)]),
            "Bearer of-the-file"
        );
        let both = [
            ("RAY_AUTH_TOKEN", "own"),
            ("RAY_AUTH_TOKEN_PATH", path.as_str()),
        ];
        assert_eq!(token(&both), "Bearer own");
        let given = [
            ("RAY_AUTH_TOKEN", "own"),
            (
                "RAY_JOB_HEADERS",
                r#"{"Authorization": "Basic abc", "X-Team": "vision"}"#,
            ),
        ];
        assert_eq!(token(&given), "Basic abc");
        let message = problem(None, &[("RAY_JOB_HEADERS", "secret")]);
        assert!(
            message.contains("RAY_JOB_HEADERS") && !message.contains("secret"),
            "{message}"
        );
        let message = problem(None, &[("RAY_AUTH_TOKEN", "sec\nret")]);
        assert!(
            message.contains("token") && !message.contains("sec"),
            "{message}"
        );
        let missing = problem(None, &[("RAY_AUTH_TOKEN_PATH", "/nonexistent/token")]);
        assert!(missing.contains("/nonexistent/token"), "{missing}");
    }

    #[test]
    fn a_file_without_certificates_is_said() {
        // As rustls says it.
        let unknown = silent("https://a", "io: invalid peer certificate: UnknownIssuer");
        assert!(unknown.contains("SSL_CERT_FILE"), "{unknown}");
        let message = problem(None, &[("SSL_CERT_FILE", "/dev/null")]);
        assert!(message.contains("SSL_CERT_FILE"), "{message}");
    }
}
