//! The canonical hash: blind to numbering, and apart wherever networks are not isomorphic.

use std::collections::BTreeMap;

use nn_graph::{Kind, Layer, Network, Op};
use petgraph::algo::is_isomorphic_matching;
use petgraph::graph::DiGraph;
use rand::seq::SliceRandom as _;
use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use crate::golden;

/// The same network with its layers listed in a random order.
pub(crate) fn renumbered(network: &Network, rng: &mut impl Rng) -> Network {
    let mut place: Vec<usize> = (0..network.len()).collect();
    place.shuffle(rng);
    let mut layers = network.layers().to_vec();
    for (old, &new) in place.iter().enumerate() {
        layers[new] = network.layers()[old];
    }
    let edges = (network.edges().iter()).map(|&(from, to)| (place[from], place[to]));
    Network::new(network.kind(), layers, edges).unwrap()
}

/// By petgraph's VF2.
pub(crate) fn are_isomorphic(a: &Network, b: &Network) -> bool {
    let (a, b) = (DiGraph::from(a), DiGraph::from(b));
    is_isomorphic_matching(&a, &b, |a, b| a == b, |(), ()| true)
}

#[test]
fn numbering_does_not_matter() {
    let mut rng = Pcg64::seed_from_u64(1);
    for g in golden::networks() {
        for _ in 0..20 {
            let other = renumbered(&g.network, &mut rng);
            assert_eq!(
                other.canonical_hash(),
                g.network.canonical_hash(),
                "{}",
                g.id
            );
        }
    }
}

#[test]
fn golden_networks_agree_only_where_they_are_isomorphic() {
    let networks: Vec<Network> = golden::networks().into_iter().map(|g| g.network).collect();
    let mut isomorphic = 0;
    for (i, a) in networks.iter().enumerate() {
        for b in &networks[..i] {
            let same = a.kind() == b.kind() && a.len() == b.len() && are_isomorphic(a, b);
            assert_eq!(
                a.canonical_hash() == b.canonical_hash(),
                same,
                "{a:?} {b:?}"
            );
            isomorphic += usize::from(same);
        }
    }
    assert!(isomorphic >= 18, "{isomorphic}"); // the scrambled copies
}

/// ip → `a` relu layers of 8 units → `b` tanh layers → `c` elu layers → linear → op, with `edges`
/// between the layers numbered from 1.
fn tiers(tiers: [usize; 3], edges: &[(usize, usize)]) -> Network {
    let [a, b, c] = tiers;
    let ops = [(Op::Relu, a), (Op::Tanh, b), (Op::Elu, c)];
    let mut layers = vec![Layer::plain(Op::Ip)];
    for (op, count) in ops {
        layers.extend(std::iter::repeat_n(Layer::dense(op, 8), count));
    }
    let end = layers.len();
    layers.push(Layer::plain(Op::Linear));
    layers.push(Layer::plain(Op::Op));
    let mut edges = edges.to_vec();
    edges.push((end, end + 1));
    for i in 1..end {
        if !edges.iter().any(|&(_, to)| to == i) {
            edges.push((0, i));
        }
        if !edges.iter().any(|&(from, _)| from == i) {
            edges.push((i, end));
        }
    }
    Network::new(Kind::MlpReg, layers, edges).unwrap()
}

fn assert_told_apart(a: &Network, b: &Network) {
    assert!(!are_isomorphic(a, b));
    assert_ne!(a.canonical_hash(), b.canonical_hash());
    let mut rng = Pcg64::seed_from_u64(2);
    for network in [a, b] {
        let other = renumbered(network, &mut rng);
        assert_eq!(network.canonical_hash(), other.canonical_hash());
    }
}

#[test]
fn one_ring_and_two_are_told_apart() {
    // Four relu, each feeding two of four tanh: once around, or in two closed pairs.
    let ring = [
        (1, 5),
        (1, 6),
        (2, 6),
        (2, 7),
        (3, 7),
        (3, 8),
        (4, 8),
        (4, 5),
    ];
    let pairs = [
        (1, 5),
        (1, 6),
        (2, 5),
        (2, 6),
        (3, 7),
        (3, 8),
        (4, 7),
        (4, 8),
    ];
    assert_told_apart(&tiers([4, 4, 0], &ring), &tiers([4, 4, 0], &pairs));
}

#[test]
fn stars_that_meet_and_stars_that_cross_are_told_apart() {
    // Two relu feed two tanh each, and these feed two elu: pair by pair, or crosswise.
    let meet = [
        (1, 3),
        (1, 4),
        (2, 5),
        (2, 6),
        (3, 7),
        (4, 7),
        (5, 8),
        (6, 8),
    ];
    let cross = [
        (1, 3),
        (1, 4),
        (2, 5),
        (2, 6),
        (3, 7),
        (4, 8),
        (5, 7),
        (6, 8),
    ];
    assert_told_apart(&tiers([2, 4, 2], &meet), &tiers([2, 4, 2], &cross));
}

#[test]
fn matchings_that_close_at_once_and_late_are_told_apart() {
    // Three tiers of two layers, matched tier to tier: as two triangles, or as one hexagon.
    let triangles = [(1, 3), (2, 4), (3, 5), (4, 6), (1, 5), (2, 6)];
    let hexagon = [(1, 3), (2, 4), (3, 5), (4, 6), (1, 6), (2, 5)];
    assert_told_apart(&tiers([2, 2, 2], &triangles), &tiers([2, 2, 2], &hexagon));
}

#[test]
fn random_connections_of_three_tiers() {
    // Within a class of equal hashes one comparison with its first is enough, and classes are
    // told apart by comparing their firsts.
    let mut rng = Pcg64::seed_from_u64(3);
    let mut firsts: BTreeMap<u128, Network> = BTreeMap::new();
    for _ in 0..1000 {
        let mut edges = Vec::new();
        for from in 1..=6 {
            let next = if from <= 3 { 4..=6 } else { 7..=9 };
            edges.extend(next.filter(|_| rng.random()).map(|to| (from, to)));
        }
        let network = tiers([3, 3, 3], &edges);
        let first = firsts
            .entry(network.canonical_hash())
            .or_insert_with(|| network.clone());
        assert!(are_isomorphic(first, &network));
    }
    let firsts: Vec<&Network> = firsts.values().collect();
    for (i, a) in firsts.iter().enumerate() {
        for b in &firsts[..i] {
            assert!(!are_isomorphic(a, b));
        }
    }
    assert!(firsts.len() > 100);
}

#[test]
fn the_hash_is_the_same_in_every_release() {
    let json = r#"{"kind":"cnn","layers":[{"op":"ip"},{"op":"conv3","units":16,"stride":1},
        {"op":"max-pool"},{"op":"fc","units":32},{"op":"softmax"},{"op":"op"}],
        "edges":[[0,1],[1,2],[2,3],[3,4],[4,5]]}"#;
    let network: Network = json.parse().unwrap();
    assert_eq!(
        format!("{:032x}", network.canonical_hash()),
        "53dcddec35e7092467f6bb7ac944de08"
    );
}
