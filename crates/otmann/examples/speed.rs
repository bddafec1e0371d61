//! temporary
#[path = "../benches/instances/mod.rs"]
mod instances;
use otmann::*;
use std::time::Instant;
fn main() {
    let sets: Vec<(String, Vec<nn_graph::Network>)> = vec![
        ("25".into(), instances::of_size(25, 40)),
        ("50".into(), instances::of_size(50, 30)),
        ("100".into(), instances::of_size(100, 20)),
        ("pool".into(), instances::pool()),
    ];
    let which: Option<String> = std::env::args().nth(1);
    for (name, nets) in sets {
        if which.as_ref().is_some_and(|w| *w != name) { continue; }
        let metric = Metric::for_kind(nn_graph::Kind::Cnn);
        let mean = nets.iter().map(|n| n.len()).sum::<usize>() as f64 / nets.len() as f64;
        let p: Vec<Profile> = nets.iter().map(|n| metric.profile(n).unwrap()).collect();
        let level = match std::env::args().nth(2).as_deref() { Some("avx2") => Instructions::Avx2, Some("portable") => Instructions::Portable, _ => Instructions::best() };
        let mut scratch = Scratch::with_instructions(level);
        let mut raw = [0.0; 4];
        let mut pairs = vec![];
        for i in 0..p.len() { for j in 0..i { pairs.push((i, j)); } }
        let mut times = vec![]; let mut sum = 0.0;
        for _ in 0..(if which.is_some() {200} else {15}) {
            sum = 0.0;
            let t = Instant::now();
            for &(i, j) in &pairs { metric.raw_into(&mut scratch, &p[i], &p[j], &mut raw).unwrap(); sum += raw.iter().sum::<f64>(); }
            times.push(t.elapsed().as_secs_f64() / pairs.len() as f64 * 1e6);
        }
        times.sort_by(f64::total_cmp);
        println!("{name}: mean size {mean:.1}, {} pairs: {:.3} us a pair, {:.4} us a solve (min {:.3}) sum {sum}", pairs.len(), times[times.len()/2], times[times.len()/2]/4.0, times[0]);
    }
}
