//! Evolved networks of wanted sizes, from fixed seeds: what benchmarks and `bench-otmann.sh` use.

use nn_graph::{Dag, Kind, Layer, Network, Op};
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// One of `all`.
fn pick<T: Copy>(all: &[T], rng: &mut impl Rng) -> T {
    all[rng.random_range(0..all.len())]
}

fn start(kind: Kind, rng: &mut impl Rng) -> Option<Network> {
    let mut layers = vec![Layer::plain(Op::Ip)];
    if kind == Kind::Cnn {
        let mut units = 16;
        for _ in 0..rng.random_range(2..4) {
            for _ in 0..rng.random_range(1..3) {
                layers.push(Layer::conv(
                    pick(&[Op::Conv3, Op::Conv5, Op::Res3], rng),
                    units,
                    1,
                ));
            }
            layers.push(Layer::plain(pick(&[Op::MaxPool, Op::AvgPool], rng)));
            units *= 2;
        }
        layers.push(Layer::dense(Op::Fc, 64));
    } else {
        for _ in 0..rng.random_range(2..5) {
            layers.push(Layer::dense(pick(&[Op::Relu, Op::Elu, Op::Tanh], rng), 64));
        }
    }
    layers.push(Layer::plain(kind.decision()));
    layers.push(Layer::plain(Op::Op));
    let n = layers.len();
    Network::new(kind, layers, (0..n - 1).map(|i| (i, i + 1))).ok()
}

/// One random change, or `None` where it does not fit.
fn change(network: &Network, room: usize, rng: &mut impl Rng) -> Option<Network> {
    let mut layers = network.layers().to_vec();
    let mut edges = network.edges().to_vec();
    let n = layers.len();
    let i = rng.random_range(1..n - 1);
    let kin: Vec<Op> = (network.kind().ops())
        .filter(|op| op.is_processing() && op.has_units() == layers[i].op.has_units())
        .filter(|op| op.is_conv() == layers[i].op.is_conv())
        .collect();
    match rng.random_range(0..6) {
        0 if layers[i].op.has_units() => {
            let units = layers[i].units?;
            let by = (units / 8).max(1);
            layers[i].units = Some(
                if rng.random_bool(0.5) {
                    units + by
                } else {
                    units - by
                }
                .max(4),
            );
        }
        1 if layers[i].op.is_processing() => layers[i].op = pick(&kin, rng),
        2 if room > 0 => {
            // Wedge a copy of layer i behind it.
            if !layers[i].op.has_units() {
                return None;
            }
            layers.push(Layer {
                op: pick(&kin, rng),
                stride: layers[i].stride.map(|_| 1),
                ..layers[i]
            });
            let child = pick(network.children(i), rng);
            edges.retain(|&edge| edge != (i, child));
            edges.extend([(i, n), (n, child)]);
        }
        3 => {
            let j = rng.random_range(1..n - 1);
            if i < j && !edges.contains(&(i, j)) {
                edges.push((i, j));
            }
        }
        _ => {
            // A second path beside i → … → j.
            let mut path = vec![i];
            for _ in 0..rng.random_range(2..6) {
                path.push(pick(network.children(*path.last()?), rng));
                if *path.last()? >= n - 2 {
                    return None;
                }
            }
            if path.len() - 2 > room {
                return None;
            }
            let mut last = i;
            for &layer in &path[1..path.len() - 1] {
                layers.push(layers[layer]);
                edges.push((last, layers.len() - 1));
                last = layers.len() - 1;
            }
            edges.push((last, *path.last()?));
        }
    }
    edges.sort_unstable();
    edges.dedup();
    Dag::new(layers.len(), edges.iter().copied()).ok()?;
    Network::new(network.kind(), layers, edges).ok()
}

/// A network of `size` layers.
pub(crate) fn evolve(kind: Kind, size: usize, rng: &mut impl Rng) -> Network {
    loop {
        let Some(mut network) = start(kind, rng).filter(|network| network.len() <= size) else {
            continue;
        };
        for _ in 0..10_000 {
            let room = size - network.len();
            if room == 0 {
                return network;
            }
            if let Some(next) = change(&network, room, rng) {
                network = next;
            }
        }
    }
}

/// 214 convolutional networks of 8 to 66 layers, 25 on average.
pub(crate) fn pool() -> Vec<Network> {
    let mut rng = Pcg64::seed_from_u64(214);
    (0..214)
        .map(|_| {
            let u: f64 = rng.random();
            let size = (8.0 + 58.0 * u.powf(2.4)) as usize;
            evolve(Kind::Cnn, size.max(8), &mut rng)
        })
        .collect()
}
