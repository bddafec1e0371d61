//! A search's description in TOML, from its text to checked settings or to a rendered complaint.

#![no_main]
#![expect(
    dead_code,
    unused_imports,
    reason = "the modules are the program's own, which has no library; only a part of them is used here"
)]

#[path = "../../crates/nasbot-cli/src/config/mod.rs"]
mod config;
#[path = "../../crates/nasbot-cli/src/error.rs"]
mod error;
#[path = "../../crates/nasbot-cli/src/input.rs"]
mod input;
#[path = "../../crates/nasbot-cli/src/terminal.rs"]
mod terminal;

use libfuzzer_sys::fuzz_target;
use nasbot::settings::Description;

fuzz_target!(|text: &str| {
    let source = Description {
        text: text.to_owned(),
        path: "s.toml".into(),
        folder: "/nonexistent".into(),
        from_study: None,
        set: Vec::new(),
    };
    if let Err(error::Error::Config(errors)) = config::parse(&source, config::Overrides::default())
    {
        assert!(!errors.render().trim().is_empty());
    }
});
