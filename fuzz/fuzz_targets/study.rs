//! The file of a study, as it was copied from a bad disk or as another program made it.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use nasbot::study::Ledger;

fuzz_target!(|data: &[u8]| {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = folder.path().join("s.nasbot.db");
    fs::write(&path, data).expect("a temporary file can be written");
    if let Ok(ledger) = Ledger::read(&path) {
        assert!(ledger.best().is_none_or(|best| best.score().is_some()));
    }
});
