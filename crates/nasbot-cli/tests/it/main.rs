//! Drives the program as a person would: files in, text and exit status out.

#[cfg(test)]
mod automatic;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod by_hand;
#[cfg(test)]
mod circles;
#[cfg(test)]
mod config;
#[cfg(test)]
mod data;
#[cfg(test)]
mod describing;
#[cfg(test)]
mod format_1;
#[cfg(test)]
mod front;
#[cfg(test)]
mod going_on;
#[cfg(test)]
mod help;
mod hostile;
#[cfg(test)]
mod in_turn;
#[cfg(test)]
mod inherit;
mod init;
#[cfg(test)]
mod interruption;
#[cfg(test)]
mod mending;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod networks;
#[cfg(test)]
mod objectives;
#[cfg(test)]
mod prior;
#[cfg(test)]
mod programs;
#[cfg(test)]
mod proposals;
#[cfg(test)]
mod queues;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod rungs;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod showing;
#[cfg(test)]
mod studies;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod torch;
#[cfg(test)]
mod train;
#[cfg(test)]
mod tune;
#[cfg(test)]
mod workers;
