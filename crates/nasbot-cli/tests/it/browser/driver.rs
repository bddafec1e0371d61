//! A headless Chromium, driven over WebDriver: as much of that protocol as these tests use.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::eventually;

/// A browser of its own.
pub(super) struct Browser {
    driver: Child,
    /// The address of its session.
    session: String,
    agent: ureq::Agent,
}

impl Browser {
    /// A browser 1200 pixels wide in the light; `None`, and said, where there is none.
    pub(super) fn start() -> Option<Self> {
        let Some(program) = env::var_os("NASBOT_TEST_BROWSER").filter(|path| !path.is_empty())
        else {
            eprintln!("skipped: NASBOT_TEST_BROWSER is not set");
            return None;
        };
        let mut driver = Command::new(program)
            .args(["--port=0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let line = line.unwrap();
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        // Further lines are of no use, and the pipe must stay open.
        std::thread::spawn(move || lines.for_each(drop));
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let mut browser = Self {
            driver,
            session: format!("http://127.0.0.1:{}/session", port.unwrap()),
            agent: config.build().into(),
        };
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ];
        let session = browser.post(
            "",
            json!({"capabilities": {"alwaysMatch": {
                "goog:loggingPrefs": {"browser": "ALL"},
                "goog:chromeOptions": {"args": arguments},
            }}}),
        );
        browser.session += "/";
        browser.session += session["sessionId"].as_str().unwrap();
        browser.size(1200, 900);
        browser.dark(false);
        Some(browser)
    }

    fn post(&self, path: &str, body: Value) -> Value {
        let request = self.agent.post(format!("{}{path}", self.session));
        let request = request.header("Content-Type", "application/json");
        let mut answer = request.send(body.to_string()).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        assert!(answer.status().is_success(), "{path} {body}: {text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        answer["value"].clone()
    }

    /// Opens an address and waits until it is loaded.
    pub(super) fn open(&self, address: &str) {
        self.post("/url", json!({"url": address}));
    }

    /// What a piece of script returns.
    pub(super) fn script(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({"script": script, "args": []}))
    }

    /// Waits until an expression is true.
    pub(super) fn wait_for(&self, expression: &str) {
        eventually(expression, || {
            self.script(&format!("return Boolean({expression})")) == true
        });
    }

    fn develop(&self, command: &str, parameters: Value) {
        self.post(
            "/goog/cdp/execute",
            json!({"cmd": command, "params": parameters}),
        );
    }

    pub(super) fn size(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.develop("Emulation.setDeviceMetricsOverride", size);
    }

    pub(super) fn dark(&self, is_dark: bool) {
        let value = if is_dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        self.develop("Emulation.setEmulatedMedia", features);
    }

    /// Brings what a selector names into view and moves the mouse to its centre; with `click` it is clicked.
    pub(super) fn point(&self, selector: &str, click: bool) {
        let script = format!(
            "const node = document.querySelector({selector:?}); node.scrollIntoView({{block: 'center'}});
             const box = node.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2];"
        );
        let at = self.script(&script);
        let to = |i: usize| at[i].as_f64().unwrap().round();
        let mut steps = vec![json!({"type": "pointerMove", "x": to(0), "y": to(1), "duration": 0})];
        if click {
            steps.push(json!({"type": "pointerDown", "button": 0}));
            steps.push(json!({"type": "pointerUp", "button": 0}));
        }
        self.act(json!({"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": steps}));
    }

    /// Presses keys one after another, as WebDriver numbers them.
    pub(super) fn press(&self, keys: &str) {
        let steps: Vec<Value> = keys
            .chars()
            .flat_map(|key| {
                [
                    json!({"type": "keyDown", "value": key}),
                    json!({"type": "keyUp", "value": key}),
                ]
            })
            .collect();
        self.act(json!({"type": "key", "id": "keyboard", "actions": steps}));
    }

    fn act(&self, actions: Value) {
        self.post("/actions", json!({"actions": [actions]}));
    }

    /// Asserts that nothing was complained about since the last time.
    pub(super) fn assert_quiet(&self) {
        let log = self.post("/se/log", json!({"type": "browser"}));
        assert_eq!(log, json!([]));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends the browser with its session; the driver may be gone in a test that fails.
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

pub(super) const ENTER: &str = "\u{e007}";
pub(super) const ESCAPE: &str = "\u{e00c}";
pub(super) const RIGHT: &str = "\u{e014}";
pub(super) const TAB: &str = "\u{e004}";
