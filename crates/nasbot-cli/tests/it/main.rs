//! Drives the program as a person would: files in, text and exit status out.

mod tidy;
