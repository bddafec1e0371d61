//! Who may ask: this machine by its own names, or whoever knows the token.

use std::net::{IpAddr, SocketAddr};

use super::message::Request;

/// The name of the cookie that a browser keeps the token in.
const COOKIE: &str = "nasbot-token";

/// Who may ask.
#[derive(Debug)]
pub(crate) struct Gate {
    address: SocketAddr,
    token: Option<String>,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// It is answered.
    Open,
    /// It brought the token with the address: the browser keeps it and asks again without.
    Keep { cookie: String, path: String },
    /// It asks by a name that is not this server's, as a page of another site does whose name was bound to this machine.
    OtherHost,
    /// It lacks the token.
    NoToken,
}

impl Gate {
    /// A server at this address; without a token it answers to this machine's own names alone.
    pub(crate) fn new(address: SocketAddr, token: Option<String>) -> Self {
        Self { address, token }
    }

    /// The address to open in a browser.
    pub(crate) fn address(&self) -> String {
        match &self.token {
            None => format!("http://{}/", self.address),
            Some(token) => format!("http://{}/?token={token}", self.address),
        }
    }

    pub(super) fn pass(&self, request: &Request) -> Pass {
        let Some(token) = &self.token else {
            let is_ours = request
                .host
                .as_deref()
                .is_some_and(|host| self.is_own(host));
            return if is_ours { Pass::Open } else { Pass::OtherHost };
        };
        let given = |text: &str| is_equal(text, token);
        let brought = (request.query.split('&')).find_map(|pair| pair.strip_prefix("token="));
        if brought.is_some_and(given) {
            return Pass::Keep {
                cookie: format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict"),
                path: request.path.clone(),
            };
        }
        let cookies = request.cookies.iter().flat_map(|line| line.split(';'));
        let kept = cookies.filter_map(|pair| pair.trim().split_once('='));
        let is_kept = kept
            .filter(|(name, _)| *name == COOKIE)
            .any(|(_, value)| given(value));
        let bearer = (request.authorization.as_deref())
            .and_then(|text| text.strip_prefix("Bearer "))
            .is_some_and(|text| given(text.trim()));
        if is_kept || bearer {
            Pass::Open
        } else {
            Pass::NoToken
        }
    }

    /// Whether a `Host` names this server: its address, or a name that no other site can have.
    fn is_own(&self, host: &str) -> bool {
        let port = self.address.port();
        let name = match host.rsplit_once(':') {
            Some((name, given)) if given.parse() == Ok(port) => name,
            // A bare IPv6 address ends in brackets.
            None if port == 80 => host,
            _ => return false,
        };
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        name.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>() == Ok(self.address.ip())
    }
}

/// Compares in a time that says nothing of where texts differ.
fn is_equal(a: &str, b: &str) -> bool {
    let differing = (a.bytes().zip(b.bytes())).fold(0, |differing, (a, b)| differing | (a ^ b));
    a.len() == b.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(host: &str) -> Request {
        Request {
            host: Some(host.to_owned()),
            ..Request::default()
        }
    }

    #[test]
    fn without_a_token_only_own_names_are_answered() {
        let gate = Gate::new("127.0.0.1:8765".parse().unwrap(), None);
        for own in ["127.0.0.1:8765", "localhost:8765", "LOCALHOST:8765"] {
            assert_eq!(gate.pass(&request(own)), Pass::Open, "{own}");
        }
        let other = [
            "evil.example:8765",
            "127.0.0.1",
            "127.0.0.1:1",
            "localhost.evil.example:8765",
            "0.0.0.0:8765",
            "",
        ];
        for other in other {
            assert_eq!(gate.pass(&request(other)), Pass::OtherHost, "{other}");
        }
        assert_eq!(gate.pass(&Request::default()), Pass::OtherHost);
        let gate = Gate::new("[::1]:80".parse().unwrap(), None);
        assert_eq!(gate.pass(&request("[::1]:80")), Pass::Open);
        assert_eq!(gate.pass(&request("localhost")), Pass::Open);
    }

    #[test]
    fn a_token_is_taken_from_the_address_a_cookie_or_a_header_and_must_be_right() {
        let token = "0123456789abcdef";
        let gate = Gate::new("10.0.0.1:8765".parse().unwrap(), Some(token.to_owned()));
        let with = |query: &str, cookie: &str, authorization: &str| Request {
            path: "/study/a".to_owned(),
            query: query.to_owned(),
            cookies: vec![cookie.to_owned()],
            authorization: Some(authorization.to_owned()),
            ..request("any.name:8765")
        };
        let kept = gate.pass(&with("token=0123456789abcdef", "", ""));
        assert!(matches!(kept, Pass::Keep { path, .. } if path == "/study/a"));
        assert_eq!(
            gate.pass(&with("", "a=b; nasbot-token=0123456789abcdef", "")),
            Pass::Open
        );
        assert_eq!(
            gate.pass(&with("", "", "Bearer 0123456789abcdef")),
            Pass::Open
        );
        for wrong in [
            "token=",
            "token=0123456789abcdeF",
            "token=0123456789abcdef0",
        ] {
            assert_eq!(
                gate.pass(&with(wrong, "nasbot-token=x", "Bearer ")),
                Pass::NoToken
            );
        }
    }
}
