//! Drives the program as a person would: files in, text and exit status out.

mod config;
mod help;
mod interruption;
mod networks;
mod studies;
mod support;
mod tidy;
mod torch;
mod workers;
