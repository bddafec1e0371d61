//! Instances and timings for `scripts/bench-otmann.sh`, which compares with POT.
//!
//! `side_by_side write DIR` writes the transport problems of every set, null layers included, and
//! our values for them. `side_by_side time SET PASSES [INSTRUCTIONS]` sweeps a set's pairs and
//! prints thread CPU time, microseconds a pair (median of the passes), as JSON.

#[path = "../benches/instances/mod.rs"]
mod instances;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use instances::Set;
use nix::time::{ClockId, clock_gettime};
use otmann::{Instructions, Metric, Profile, Scratch};

type Failure = Box<dyn std::error::Error>;

/// What the original puts in the place of infinity.
const FORBIDDEN: f64 = 765_432.0;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["write", directory] => write(Path::new(directory)),
        ["time", set, passes] => time(set, passes.parse()?, Instructions::best()),
        ["time", set, passes, instructions] => {
            let instructions = match instructions {
                "avx512" => Instructions::Avx512,
                "avx2" => Instructions::Avx2,
                "portable" => Instructions::Portable,
                other => return Err(format!("unknown instructions {other}").into()),
            };
            time(set, passes.parse()?, instructions)
        }
        _ => Err("usage: side_by_side write DIR | time SET PASSES [avx512|avx2|portable]".into()),
    }
}

/// Profiles of both networks of every pair of a set.
fn pairs(set: Set) -> Result<Vec<(Metric, Profile, Profile)>, Failure> {
    let mut out = Vec::new();
    for (a, b) in set.pairs() {
        let metric = Metric::for_kind(a.kind());
        let (x, y) = (metric.profile(&a)?, metric.profile(&b)?);
        out.push((metric, x, y));
    }
    Ok(out)
}

/// Little-endian doubles, for each problem: rows, columns, supplies, demands, costs, our value.
fn write(directory: &Path) -> Result<(), Failure> {
    for set in Set::ALL {
        let mut out = BufWriter::new(File::create(directory.join(set.name()))?);
        for (metric, a, b) in pairs(set)? {
            let distance = metric.distance(&a, &b)?;
            for (&coefficient, raw) in metric.coefficients().iter().zip(distance.raw) {
                let mut values = vec![a.len() as f64 + 1.0, b.len() as f64 + 1.0];
                values.extend(a.node_masses());
                values.push(b.total_mass());
                values.extend(b.node_masses());
                values.push(a.total_mass());
                let costs = metric.costs(&a, &b, coefficient)?;
                for row in costs.chunks_exact(b.len()) {
                    values.extend(row.iter().map(|&c| if c.is_finite() { c } else { FORBIDDEN }));
                    values.push(metric.null_penalty());
                }
                values.resize(values.len() + b.len(), metric.null_penalty());
                values.push(0.0);
                values.push(raw);
                for value in values {
                    out.write_all(&value.to_le_bytes())?;
                }
            }
        }
        out.flush()?;
    }
    Ok(())
}

/// CPU time of this thread in seconds.
fn cpu_time() -> Result<f64, Failure> {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?;
    Ok(time.tv_sec() as f64 + 1e-9 * time.tv_nsec() as f64)
}

fn time(name: &str, passes: usize, instructions: Instructions) -> Result<(), Failure> {
    let mut times = Vec::new();
    if name == "profile" {
        let networks = instances::of_size(25, 50);
        let metric = Metric::for_kind(nn_graph::Kind::Cnn);
        for _ in 0..passes {
            let start = cpu_time()?;
            for network in &networks {
                std::hint::black_box(metric.profile(network)?);
            }
            times.push((cpu_time()? - start) / networks.len() as f64);
        }
    } else {
        let set = (Set::ALL.into_iter().find(|set| set.name() == name))
            .ok_or_else(|| format!("unknown set {name}"))?;
        let pairs = pairs(set)?;
        let mut scratch = Scratch::with_instructions(instructions);
        let mut raw = [0.0; 4];
        let mut normalised = [0.0; 4];
        for _ in 0..passes {
            let start = cpu_time()?;
            for (metric, a, b) in &pairs {
                metric.distance_into(&mut scratch, a, b, &mut raw, &mut normalised)?;
                std::hint::black_box((&raw, &normalised));
            }
            times.push((cpu_time()? - start) / pairs.len() as f64);
        }
    }
    times.sort_by(f64::total_cmp);
    writeln!(
        std::io::stdout(),
        "{{\"us\":{},\"instructions\":\"{instructions:?}\"}}",
        times[times.len() / 2] * 1e6
    )?;
    Ok(())
}
