//! Networks side by side.

use nn_graph::{Error, Kind, Network, Op, pool};

#[test]
fn a_union_holds_its_members_layer_by_layer_and_edge_by_edge() {
    for kind in Kind::ALL {
        let pool = pool::examples(kind);
        for members in [&pool[..1], &pool[1..4], &pool[pool.len() - 2..], &pool[..]] {
            let union = Network::union(members).unwrap();
            let network = &union.network;
            let mut edges = Vec::new();
            let mut seen = vec![0; network.len()];
            for (member, places) in members.iter().zip(&union.places) {
                assert_eq!(
                    (places[0], places[member.len() - 1]),
                    (0, network.len() - 1)
                );
                for (layer, &place) in member.layers().iter().zip(places) {
                    assert_eq!(layer, &network.layers()[place]);
                    seen[place] += 1;
                }
                // Parents are concatenated in the order of their numbers, so their order must not change.
                for i in 0..member.len() - 1 {
                    let placed: Vec<usize> =
                        (member.parents(i).iter()).map(|&p| places[p]).collect();
                    assert_eq!(placed, network.parents(places[i]));
                }
                edges.extend((member.edges().iter()).map(|&(a, b)| (places[a], places[b])));
            }
            edges.sort_unstable();
            assert_eq!(edges, network.edges());
            let inner = &seen[1..network.len() - 1];
            assert!(inner.iter().all(|&times| times == 1), "{seen:?}");
        }
    }
}

#[test]
fn a_union_needs_a_member_and_one_kind() {
    let none = Network::union(&[]).unwrap_err();
    assert_eq!(none, Error::MissingTerminal { op: Op::Ip });
    let mixed = [
        pool::examples(Kind::Cnn)[0].clone(),
        pool::examples(Kind::MlpReg)[0].clone(),
    ];
    assert!(Network::union(&mixed).is_err());
}
