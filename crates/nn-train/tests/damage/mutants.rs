//! Twelve kinds of damage.

use std::fmt;
use std::ops::Range;

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rand_pcg::Pcg64;

/// What was done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    BitFlip,
    ByteSet,
    Cut,
    Surplus,
    Removed,
    Doubled,
    Exchanged,
    Zeros,
    Ones,
    Header,
    LineEndings,
    Spliced,
}

impl Damage {
    pub(crate) const ALL: [Self; 12] = [
        Self::BitFlip,
        Self::ByteSet,
        Self::Cut,
        Self::Surplus,
        Self::Removed,
        Self::Doubled,
        Self::Exchanged,
        Self::Zeros,
        Self::Ones,
        Self::Header,
        Self::LineEndings,
        Self::Spliced,
    ];
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::BitFlip => "bit flip",
            Self::ByteSet => "byte set",
            Self::Cut => "cut at the end",
            Self::Surplus => "surplus at the end",
            Self::Removed => "block removed",
            Self::Doubled => "block doubled",
            Self::Exchanged => "two blocks exchanged",
            Self::Zeros => "block of zeros",
            Self::Ones => "block of 0xFF",
            Self::Header => "header field changed",
            Self::LineEndings => "line endings changed",
            Self::Spliced => "another file spliced in",
        })
    }
}

/// Bytes that mean something in one of the formats.
const MEANINGFUL: [u8; 14] = [
    0, 1, 0xff, b'\n', b'\r', b'"', b'#', b',', b';', b'.', b'-', b'e', 0xd9, 0x80,
];

/// A damaged copy of `original`. `fields` are its header's, `other` is another file.
pub(crate) fn mutant(
    damage: Damage,
    original: &[u8],
    fields: &[Range<usize>],
    other: &[u8],
    rng: &mut Pcg64,
) -> Vec<u8> {
    let mut bytes = original.to_vec();
    let n = bytes.len();
    match damage {
        Damage::BitFlip => {
            for _ in 0..*[1, 1, 1, 2, 8].choose(rng).unwrap() {
                bytes[rng.random_range(0..n)] ^= 1 << rng.random_range(0..8);
            }
        }
        Damage::ByteSet => {
            for _ in 0..*[1, 1, 2, 4].choose(rng).unwrap() {
                let value = match rng.random_bool(0.7) {
                    true => *MEANINGFUL.choose(rng).unwrap(),
                    false => rng.random(),
                };
                bytes[rng.random_range(0..n)] = value;
            }
        }
        Damage::Cut => {
            let few = rng.random_range(1..=n.min(20));
            let left = if rng.random_bool(0.5) {
                n - few
            } else {
                rng.random_range(0..n)
            };
            bytes.truncate(left);
        }
        Damage::Surplus => {
            let more = rng.random_range(1..=64);
            match rng.random_range(0..4) {
                0 => bytes.extend(vec![0; more]),
                1 => bytes.extend(b"\n".repeat(more)),
                2 => bytes.extend_from_slice(&original[..more.min(n)]),
                _ => bytes.extend((0..more).map(|_| rng.random::<u8>())),
            }
        }
        Damage::Removed => drop(bytes.drain(block(n, rng))),
        Damage::Doubled => {
            let block = block(n, rng);
            let copy = bytes[block.clone()].to_vec();
            bytes.splice(block.start..block.start, copy);
        }
        Damage::Exchanged => {
            let block = block(n / 2, rng);
            let length = block.len();
            let second = rng.random_range(block.end..=n - length);
            for i in 0..length {
                bytes.swap(block.start + i, second + i);
            }
        }
        Damage::Zeros => bytes[block(n, rng)].fill(0),
        Damage::Ones => bytes[block(n, rng)].fill(0xff),
        Damage::Header => {
            let field = fields.choose(rng).unwrap().clone();
            change(&mut bytes[field], rng);
        }
        Damage::LineEndings => bytes = line_endings(&bytes, rng),
        Damage::Spliced => {
            let from = block(other.len(), rng);
            let at = rng.random_range(0..n);
            // In place of what was there, or beside it.
            let end = if rng.random_bool(0.5) {
                at
            } else {
                (at + from.len()).min(n)
            };
            bytes.splice(at..end, other[from].iter().copied());
        }
    }
    bytes
}

/// Some bytes among `n`, never all of them, mostly few.
fn block(n: usize, rng: &mut Pcg64) -> Range<usize> {
    let most = if rng.random_bool(0.7) { n.min(65) } else { n };
    let length = rng.random_range(1..most.max(2));
    let start = rng.random_range(0..=n - length);
    start..start + length
}

/// Gives a field another value, near its own or far from it.
fn change(field: &mut [u8], rng: &mut Pcg64) {
    let before = field.to_vec();
    while field == before {
        match rng.random_range(0..5) {
            0 => {
                let i = rng.random_range(0..field.len());
                field[i] = field[i].wrapping_add(1);
            }
            1 => {
                let i = rng.random_range(0..field.len());
                field[i] = field[i].wrapping_sub(1);
            }
            2 => field.fill(*[0, 0xff, b'9', b' '].choose(rng).unwrap()),
            3 => field.reverse(),
            _ => field.iter_mut().for_each(|byte| *byte = rng.random()),
        }
        if before.len() == 1 || before.iter().rev().eq(&before) {
            field[0] = rng.random();
        }
    }
}

/// Other ends of lines, as a transfer in text mode or an editor makes them.
fn line_endings(bytes: &[u8], rng: &mut Pcg64) -> Vec<u8> {
    let way = rng.random_range(0..5);
    let at = rng.random_range(0..bytes.len());
    let mut out = Vec::with_capacity(bytes.len());
    for (i, &byte) in bytes.iter().enumerate() {
        match (way, byte) {
            (0, b'\n') => out.extend(b"\r\n"),
            (1, b'\n') => out.push(b'\r'),
            (2, b'\r') => {}
            // From some place on.
            (3, b'\n') if i >= at => out.extend(b"\r\n"),
            (4, b'\n') if i >= at && i < at + 200 => {}
            _ => out.push(byte),
        }
    }
    out
}
