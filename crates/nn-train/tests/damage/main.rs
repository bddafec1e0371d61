//! Damaged files of data: twelve kinds of damage to files of four formats, and with the feature `parquet` to a fifth.
//!
//! A damaged file is refused; or it is read as what it says, and then no checksum, no size and no row of another length was there
//! to tell. Nothing panics or hangs, and no memory is asked for beyond a small multiple of the files' size.
//!
//! `NASBOT_MUTANTS=10000 cargo test -p nn-train --release --test damage -- --nocapture` makes more mutants than the suite does,
//! and prints a table. A fault names its number: `NASBOT_MUTANT=1234` makes that one alone, and keeps its files.

#[cfg(test)]
mod memory;
#[cfg(test)]
mod mutants;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod truth;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::env;
    use std::fs;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::Path;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, mpsc};
    use std::thread;
    use std::time::Duration;

    use nn_train::data::{describe, load};
    use rand::RngExt as _;
    use rand::SeedableRng as _;
    use rand_pcg::Pcg64;

    use crate::memory;
    use crate::mutants::{Damage, mutant};
    use crate::samples::{self, Guard, Sample};
    use crate::truth::{Fate, Read, fate};

    /// Mutants unless the environment says otherwise.
    const USUAL: u64 = 684;

    /// What may be allocated: buffers of readers, and so many times the files' bytes.
    const BUFFERS: usize = 1 << 20;
    const TIMES: usize = 16;

    /// As many bytes for each of a picture's file, whose header no checksum guards: a blank picture has no more.
    const TIMES_OF_PICTURES: usize = 16 << 10;

    /// A mutant that is not read after so long never will be.
    const HANGS: Duration = Duration::from_secs(120);

    /// A number from the environment.
    fn asked(name: &str) -> Option<u64> {
        env::var(name).ok().map(|text| text.parse().unwrap())
    }

    #[test]
    fn damaged_files_are_refused_or_read_as_they_are() {
        let samples = samples::all();
        let folder = tempfile::tempdir().unwrap();
        let whole: Vec<Read> = samples
            .iter()
            .map(|sample| read_whole(sample, folder.path()))
            .collect();
        let numbers = match asked("NASBOT_MUTANT") {
            Some(one) => one..one + 1,
            None => 0..asked("NASBOT_MUTANTS").unwrap_or(USUAL),
        };
        let current = Arc::new(AtomicU64::new(numbers.start));
        let (_alive, ended) = mpsc::channel::<()>();
        thread::spawn({
            let current = Arc::clone(&current);
            move || {
                let mut before = current.load(Ordering::Relaxed);
                while ended.recv_timeout(HANGS) == Err(mpsc::RecvTimeoutError::Timeout) {
                    let now = current.load(Ordering::Relaxed);
                    if now == before {
                        eprintln!("mutant {now} hangs");
                        std::process::abort();
                    }
                    before = now;
                }
            }
        });
        let mut table: BTreeMap<(usize, usize), [u64; 3]> = BTreeMap::new();
        let mut faults = Vec::new();
        let mut dearest = (0.0, 0);
        for number in numbers.clone() {
            current.store(number, Ordering::Relaxed);
            let kind = number as usize % Damage::ALL.len();
            let which = number as usize / Damage::ALL.len() % samples.len();
            let (fate, share) = one(number, &samples, &whole[which], folder.path());
            if share > dearest.0 {
                dearest = (share, number);
            }
            match fate {
                Ok(fate) => table.entry((kind, which)).or_default()[fate as usize] += 1,
                Err(fault) => faults.push(format!(
                    "mutant {number}, {}, {}: {fault}",
                    samples[which].name,
                    Damage::ALL[kind]
                )),
            }
        }
        if asked("NASBOT_MUTANT").is_some() {
            println!("kept in {}", folder.keep().display());
        }
        print(&table, &samples);
        println!(
            "{} faults in {} mutants; the most memory was {:.0} % of what is allowed (mutant {})",
            faults.len(),
            numbers.end - numbers.start,
            100.0 * dearest.0,
            dearest.1
        );
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        if numbers.end - numbers.start >= USUAL {
            // Else all would be refused, whatever it says.
            let read = |fate: Fate| table.values().any(|counts| counts[fate as usize] > 0);
            assert!(read(Fate::Refused) && read(Fate::Whole) && read(Fate::Changed));
        }
    }

    fn read_whole(sample: &Sample, folder: &Path) -> Read {
        let folder = folder.join(sample.name);
        sample.write(&folder);
        let data =
            load(&sample.spec(&folder)).unwrap_or_else(|error| panic!("{}: {error}", sample.name));
        let read = Read::of(&data);
        let bytes = &sample.files[0].1;
        let found = fate(sample.guard, damages_labels(sample), bytes, &read, &data);
        assert_eq!(found, Ok(Fate::Whole), "{}", sample.name);
        read
    }

    fn damages_labels(sample: &Sample) -> bool {
        sample.files[0].0.starts_with("y.")
    }

    /// What became of a mutant, and the share of the memory that it may take.
    fn one(
        number: u64,
        samples: &[Sample],
        whole: &Read,
        folder: &Path,
    ) -> (Result<Fate, String>, f64) {
        let mut rng = Pcg64::seed_from_u64(number);
        let damage = Damage::ALL[number as usize % Damage::ALL.len()];
        let sample = &samples[number as usize / Damage::ALL.len() % samples.len()];
        let other = &samples[rng.random_range(0..samples.len())].files[0].1;
        let (name, original) = &sample.files[0];
        let mut bytes = mutant(damage, original, &sample.fields, other, &mut rng);
        if sample.guard == Guard::Forged {
            samples::forge(&mut bytes);
        }
        let folder = folder.join(sample.name);
        fs::write(folder.join(name), &bytes).unwrap();
        let spec = sample.spec(&folder);
        let read = || {
            catch_unwind(AssertUnwindSafe(|| {
                (load(&spec), describe(&spec).map(drop))
            }))
        };
        let (read, memory) = memory::most(read);
        // The others of the sample are as they were.
        let size = sample.size() - original.len() + bytes.len();
        let times = match sample.guard {
            // A footer says how many numbers a page holds, whatever its size.
            Guard::Jpeg | Guard::Forged | Guard::Pages => TIMES_OF_PICTURES,
            Guard::Checksum | Guard::Rows | Guard::Idx | Guard::Npy => TIMES,
        };
        let share = memory as f64 / (BUFFERS + times * size) as f64;
        let Ok((loaded, described)) = read else {
            return (Err("panics".into()), share);
        };
        if share > 1.0 {
            return (Err(format!("takes {memory} bytes for {size}")), share);
        }
        let fate = match (&loaded, &described) {
            (Ok(data), Ok(())) => fate(sample.guard, damages_labels(sample), &bytes, whole, data),
            (Ok(_), Err(error)) => Err(format!("is read, but its description fails: {error}")),
            // Of a folder of pictures the names alone are described.
            (Err(_), Ok(())) if name.starts_with("seen") => Ok(Fate::Refused),
            (Err(error), Ok(())) => Err(format!("is described, but not read: {error}")),
            (Err(error), Err(_)) if error.to_string().is_empty() => Err("no message".into()),
            (Err(_), Err(_)) => Ok(Fate::Refused),
        };
        (fate, share)
    }

    /// A row for each kind of damage, a column for each file: refused, read as whole, read as changed.
    fn print(table: &BTreeMap<(usize, usize), [u64; 3]>, samples: &[Sample]) {
        println!(
            "refused / read, as before the damage / read, with the numbers that are there now"
        );
        let mut sums = [0; 3];
        for (which, sample) in samples.iter().enumerate() {
            println!("{}", sample.name);
            for (kind, damage) in Damage::ALL.iter().enumerate() {
                let Some(counts) = table.get(&(kind, which)) else {
                    continue;
                };
                println!(
                    "    {damage:<24}{:>6}{:>6}{:>6}",
                    counts[0], counts[1], counts[2]
                );
                sums.iter_mut()
                    .zip(counts)
                    .for_each(|(sum, count)| *sum += count);
            }
        }
        println!("all{:>31}{:>6}{:>6}", sums[0], sums[1], sums[2]);
    }
}
