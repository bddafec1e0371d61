//! Labels, masses, channels, degrees, image sizes and path lengths against the golden networks.

use nn_graph::Network;

use crate::golden;

/// Counts what was compared and keeps the largest relative error.
#[derive(Default)]
struct Tally {
    values: usize,
    worst: f64,
}

impl Tally {
    fn close(&mut self, ours: f64, golden: f64, what: &str) {
        let error = (ours - golden).abs() / golden.abs().max(1.0);
        assert!(error <= 1e-9, "{what}: {ours}, golden {golden}");
        self.worst = self.worst.max(error);
        self.values += 1;
    }

    fn all_close(&mut self, ours: &[f64], golden: &[f64], what: &str) {
        assert_eq!(ours.len(), golden.len(), "{what}");
        for (&a, &b) in ours.iter().zip(golden) {
            self.close(a, b, what);
        }
    }

    fn equal<T: PartialEq + std::fmt::Debug>(&mut self, ours: &[T], golden: &[T], what: &str) {
        assert_eq!(ours, golden, "{what}");
        self.values += ours.len();
    }
}

#[test]
fn everything_that_follows_from_the_golden_networks() {
    let mut tally = Tally::default();
    let networks = golden::networks();
    for g in &networks {
        let net = &g.network;
        let n = net.len();
        let id = &g.id;
        tally.all_close(net.masses(), &g.masses, id);
        tally.close(net.total_mass(), g.total_mass, id);
        // The original has no channels where ours are 0: into ip and op, out of decisions and op.
        let channels = |golden: &[Option<u32>]| -> Vec<u32> {
            golden.iter().map(|c| c.unwrap_or(0)).collect()
        };
        let ours: Vec<u32> = (0..n).map(|i| net.channels_in(i)).collect();
        tally.equal(&ours, &channels(&g.channels_in), id);
        let ours: Vec<u32> = (0..n).map(|i| net.channels_out(i)).collect();
        tally.equal(&ours, &channels(&g.channels_out), id);
        let ours: Vec<usize> = (0..n).map(|i| net.parents(i).len()).collect();
        tally.equal(&ours, &g.in_degrees, id);
        assert_eq!(Some(net.max_in_degree()), ours.into_iter().max(), "{id}");
        let ours: Vec<usize> = (0..n).map(|i| net.children(i).len()).collect();
        tally.equal(&ours, &g.out_degrees, id);
        assert_eq!(Some(net.max_out_degree()), ours.into_iter().max(), "{id}");
        let ours: Vec<_> = (0..n).map(|i| net.shrinkage_in(i)).collect();
        tally.equal(&ours, &g.shrinkage_in, id);
        let ours: Vec<_> = (0..n).map(|i| net.shrinkage_out(i)).collect();
        tally.equal(&ours, &g.shrinkage_out, id);
        let lengths = net.path_lengths();
        for (ours, golden) in [
            (&lengths.to_input, &g.to_input),
            (&lengths.to_output, &g.to_output),
        ] {
            assert_eq!(ours.len(), golden.len(), "{id}");
            for ((category, ours), (name, golden)) in ours.iter().zip(golden) {
                assert_eq!(&category.to_string(), name, "{id}");
                tally.all_close(ours, golden, id);
            }
        }
    }
    assert_eq!(networks.len(), 230);
    println!(
        "{} values of {} networks, largest relative error {:e}",
        tally.values,
        networks.len(),
        tally.worst
    );
}

#[test]
fn a_stored_network_keeps_its_order_and_a_scrambled_one_regains_it() {
    let mut scrambled = 0;
    for (g, stored) in golden::networks().iter().zip(golden::raw_networks()) {
        assert_eq!(
            serde_json::to_value(&g.network).unwrap(),
            stored,
            "{}",
            g.id
        );
        if let Some(listed) = &g.listed {
            assert_eq!(listed, &g.network, "{}", g.id);
            scrambled += 1;
        }
    }
    assert_eq!(scrambled, 18);
}

#[test]
fn json_comes_back_the_same() {
    for g in golden::networks() {
        let json = g.network.to_json();
        assert_eq!(json.parse::<Network>().unwrap(), g.network);
        assert_eq!(serde_json::from_str::<Network>(&json).unwrap(), g.network);
    }
}
