//! Networks to start from: the paper's initial pools, and example networks.
//!
//! The pool (paper, appendix on the search) holds chains in the manner of VGG and ResNet and one
//! branched network, or perceptrons of a few blocks. Where bounds exclude them, members of the
//! same families that keep the bounds take their place: with fewer halvings, shorter blocks or
//! fewer units.

mod examples;
mod extremes;
mod families;
mod fit;
mod modest;

use rand::Rng;
use rand::seq::SliceRandom as _;

use crate::{Constraints, Error, Group, Kind, Network, Op};
pub use examples::examples;
pub use extremes::{largest, smallest};
use families::{Family, Sizes};
use fit::{Blueprint, Picked};
pub use modest::modest;

/// Networks to start a search from, all different, all within `constraints`: 12 convolutional
/// networks or 10 perceptrons, fewer only where the bounds leave no more. Without bounds these
/// are the paper's; random are only the activations of perceptrons.
///
/// # Errors
/// [`Error::NoPool`] names the bounds that exclude every member of every family.
pub fn initial<R: Rng + ?Sized>(
    kind: Kind,
    constraints: &Constraints,
    rng: &mut R,
) -> Result<Vec<Network>, Error> {
    let blueprints = match kind {
        Kind::Cnn => convolutional(constraints),
        Kind::MlpClass | Kind::MlpReg => perceptrons(constraints, rng),
    };
    let mut fitted: Vec<(&Blueprint, Sizes)> = (blueprints.iter())
        .filter_map(|b| Some((b, b.nearest(kind, constraints)?)))
        .collect();
    // Alone, each would fill the bounds. As in the paper's pool, those with short blocks should
    // be lighter than those with long ones: half of them share a narrowing.
    let mut narrowings: Vec<i32> = fitted.iter().map(|(_, sizes)| sizes.narrowing).collect();
    narrowings.sort_unstable();
    if let Some(&median) = narrowings.get(narrowings.len() / 2) {
        for (_, sizes) in &mut fitted {
            sizes.narrowing = sizes.narrowing.max(median);
        }
    }
    let mut picked = Picked::new(kind, constraints);
    for &(blueprint, sizes) in &fitted {
        picked.pick(blueprint, sizes);
    }
    // Families that don't fit leave their places to the others.
    let mut others = fitted.iter().cycle();
    let mut misses = 0;
    while picked.networks.len() < blueprints.len() && misses < fitted.len() {
        if let Some(&(blueprint, sizes)) = others.next() {
            let hit = picked.pick(blueprint, sizes);
            misses = if hit { 0 } else { misses + 1 };
        }
    }
    if picked.networks.is_empty() {
        let unmet = fit::unmet(&blueprints, kind, constraints);
        return Err(Error::NoPool {
            kind,
            bounds: (unmet.into_iter())
                .filter_map(|bound| Some((bound, constraints.bounds().limit(bound)?)))
                .collect(),
        });
    }
    Ok(picked.networks)
}

/// The paper's sizes, but for units that the bounds clip.
fn sizes(constraints: &Constraints, stages: u32, repeats: u32, dense: u32) -> Sizes {
    Sizes {
        stages,
        repeats,
        dense,
        narrowing: 0,
        least_units: constraints.bounds().min_units.unwrap_or(1).max(1),
        most_units: constraints.bounds().max_units.unwrap_or(u32::MAX),
    }
}

/// The paper's 12, smallest first within each family.
fn convolutional(constraints: &Constraints) -> Vec<Blueprint> {
    let strided = |op, blocks, dense_units, repeats| Blueprint {
        family: Family::Strided {
            op,
            blocks,
            dense_units,
        },
        sizes: sizes(constraints, blocks + 2, repeats, 1),
    };
    let pooled = |repeats| Blueprint {
        family: Family::Pooled,
        sizes: sizes(constraints, 5, repeats, 3),
    };
    let mut all: Vec<Blueprint> = (1..=4).map(pooled).collect();
    all.extend((1..=5).map(|repeats| strided(Op::Conv3, 3, 512, repeats)));
    all.push(strided(Op::Conv3, 4, 1024, 4));
    all.push(strided(Op::Res3, 3, 512, 2));
    all.push(Blueprint {
        family: Family::Branched,
        sizes: sizes(constraints, 2, 1, 2),
    });
    all
}

/// Ten perceptrons of blocks with rectifiers and sigmoids in turn, both in random order. (The
/// paper's code shifted their units by some layers; here each block has its own number.)
fn perceptrons<R: Rng + ?Sized>(constraints: &Constraints, rng: &mut R) -> Vec<Blueprint> {
    const BLOCKS_AND_REPEATS: [(u32, u32); 10] = [
        (3, 2),
        (4, 2),
        (5, 2),
        (3, 4),
        (6, 2),
        (8, 2),
        (6, 3),
        (10, 2),
        (4, 6),
        (8, 3),
    ];
    let mut shuffled = |group: Group| {
        let mut ops: Vec<Op> = (Op::ALL.into_iter())
            .filter(|op| op.group() == group)
            .collect();
        ops.shuffle(rng);
        ops
    };
    (BLOCKS_AND_REPEATS.into_iter())
        .map(|(blocks, repeats)| {
            let rectifiers = shuffled(Group::Rectifier).into_iter().cycle();
            let sigmoids = shuffled(Group::Sigmoid).into_iter().cycle();
            let in_turn = rectifiers.zip(sigmoids).flat_map(|(a, b)| [a, b]);
            Blueprint {
                family: Family::Perceptron {
                    activations: in_turn.take(2 * blocks as usize).collect(),
                },
                sizes: sizes(constraints, blocks, repeats, 0),
            }
        })
        .collect()
}
