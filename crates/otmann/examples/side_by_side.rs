//! Instances and timings for `scripts/bench-otmann.sh`, which compares with POT.
//!
//! `side_by_side write DIR` writes the transport problems of every set, null layers included, and
//! our values for them. `side_by_side time SET PASSES [INSTRUCTIONS]` sweeps a set's pairs and
//! prints thread CPU time, microseconds a pair (median of the passes), as JSON.

#[path = "../benches/instances/mod.rs"]
mod instances;
#[path = "../benches/instances/sets.rs"]
mod sets;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use nix::time::{ClockId, clock_gettime};
use otmann::{Instructions, Metric, Profile, Scratch};
use sets::Set;

const SETS: [(&str, Set); 5] = [
    ("10", Set::Size(10)),
    ("25", Set::Size(25)),
    ("50", Set::Size(50)),
    ("100", Set::Size(100)),
    ("pool", Set::Pool),
];

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
                "neon" => Instructions::Neon,
                "portable" => Instructions::Portable,
                other => return Err(format!("unknown instructions {other}").into()),
            };
            time(set, passes.parse()?, instructions)
        }
        _ => Err(
            "usage: side_by_side write DIR | time SET PASSES [avx512|avx2|neon|portable]".into(),
        ),
    }
}

/// A set's profiles, each with its kind's metric, and its pairs.
struct Sweep {
    profiles: Vec<(Metric, Profile)>,
    pairs: Vec<(usize, usize)>,
}

impl Sweep {
    fn new(set: Set) -> Result<Self, Failure> {
        let (networks, pairs) = set.pairs();
        let profiles = (networks.iter())
            .map(|network| {
                let metric = Metric::for_kind(network.kind());
                let profile = metric.profile(network)?;
                Ok((metric, profile))
            })
            .collect::<Result<_, Failure>>()?;
        Ok(Self { profiles, pairs })
    }

    fn iter(&self) -> impl Iterator<Item = (&Metric, &Profile, &Profile)> {
        (self.pairs.iter()).map(|&(a, b)| {
            let (metric, a) = &self.profiles[a];
            (metric, a, &self.profiles[b].1)
        })
    }
}

/// Little-endian doubles, for each problem: rows, columns, supplies, demands, costs, our value.
fn write(directory: &Path) -> Result<(), Failure> {
    for (name, set) in SETS {
        let mut out = BufWriter::new(File::create(directory.join(name))?);
        for (metric, a, b) in Sweep::new(set)?.iter() {
            let distance = metric.distance(a, b)?;
            for (&coefficient, raw) in metric.coefficients().iter().zip(distance.raw) {
                let mut values = vec![a.len() as f64 + 1.0, b.len() as f64 + 1.0];
                values.extend(a.node_masses());
                values.push(b.total_mass());
                values.extend(b.node_masses());
                values.push(a.total_mass());
                let costs = metric.costs(a, b, coefficient)?;
                for row in costs.chunks_exact(b.len()) {
                    values.extend(
                        row.iter()
                            .map(|&c| if c.is_finite() { c } else { FORBIDDEN }),
                    );
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
        let networks = sets::of_size(25, 50);
        let metric = Metric::for_kind(nn_graph::Kind::Cnn);
        for _ in 0..passes {
            let start = cpu_time()?;
            for network in &networks {
                std::hint::black_box(metric.profile(network)?);
            }
            times.push((cpu_time()? - start) / networks.len() as f64);
        }
    } else {
        let all = [("matrix", Set::Matrix)];
        let (_, set) = (SETS
            .into_iter()
            .chain(all)
            .find(|(known, _)| *known == name))
        .ok_or_else(|| format!("unknown set {name}"))?;
        let sweep = Sweep::new(set)?;
        let mut scratch = Scratch::with_instructions(instructions);
        let mut raw = [0.0; 4];
        let mut normalised = [0.0; 4];
        for _ in 0..passes {
            let start = cpu_time()?;
            for (metric, a, b) in sweep.iter() {
                metric.distance_into(&mut scratch, a, b, &mut raw, &mut normalised)?;
                std::hint::black_box((&raw, &normalised));
            }
            times.push((cpu_time()? - start) / sweep.pairs.len() as f64);
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
