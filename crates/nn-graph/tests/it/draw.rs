//! Drawings: every layer and edge is there, no box covers another.

use nn_graph::draw;
#[cfg(feature = "draw")]
use nn_graph::{Bounds, Layer, Network, Op, mutate};
use nn_graph::{Kind, pool};

use crate::golden;

#[test]
fn dot_names_every_layer_and_edge() {
    for g in golden::networks() {
        let dot = draw::dot(&g.network);
        assert_eq!(dot.matches(" [label=").count(), g.network.len());
        assert_eq!(dot.matches(" -> ").count(), g.network.edges().len());
        assert_eq!(dot.matches('{').count(), dot.matches('}').count());
    }
}

#[test]
fn dot_of_a_small_network() {
    let dot = draw::dot(&pool::examples(Kind::Cnn)[1]);
    let line = r##"  3 [label="conv3, 32", fillcolor="#9cc3ee", "##;
    assert!(dot.contains(line), "{dot}");
    assert!(dot.contains("cnn, 8 layers, mass 1,167"), "{dot}");
    assert!(dot.contains("image full size to 1/2, mass 32"), "{dot}");
}

/// (left, top, right, bottom) of the boxes.
#[cfg(feature = "draw")]
fn boxes(svg: &str) -> Vec<[f64; 4]> {
    let number = |element: &str, name: &str| -> f64 {
        let (_, rest) = element.split_once(&format!(" {name}=\"")).unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    };
    (svg.split("<rect").skip(1))
        .map(|rest| rest.split('>').next().unwrap())
        .filter(|element| element.contains("rx="))
        .map(|element| {
            let (x, y) = (number(element, "x"), number(element, "y"));
            [
                x,
                y,
                x + number(element, "width"),
                y + number(element, "height"),
            ]
        })
        .collect()
}

#[cfg(feature = "draw")]
fn assert_drawn(network: &Network) {
    let svg = draw::svg(network);
    let boxes = boxes(&svg);
    assert_eq!(boxes.len(), network.len());
    assert_eq!(svg.matches("marker-end").count(), network.edges().len());
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
    for (i, a) in boxes.iter().enumerate() {
        assert!(a[0] >= 0.0 && a[1] >= 0.0);
        for b in &boxes[..i] {
            let apart = a[0] >= b[2] || b[0] >= a[2] || a[1] >= b[3] || b[1] >= a[3];
            assert!(apart, "boxes cover each other: {a:?} {b:?}");
        }
    }
    // Arrows point down.
    for &(from, to) in network.edges() {
        assert!(boxes[from][3] < boxes[to][1]);
    }
    assert_eq!(draw::svg(network), svg, "a drawing is repeatable");
}

#[cfg(feature = "draw")]
#[test]
fn pictures_hold_every_layer_apart() {
    use rand::SeedableRng as _;
    let mut rng = rand_pcg::Pcg64::seed_from_u64(1);
    let bounds = Bounds {
        max_layers: Some(80),
        ..Bounds::default()
    }
    .checked()
    .unwrap();
    for kind in Kind::ALL {
        for mut network in pool::examples(kind) {
            assert_drawn(&network);
            for _ in 0..40 {
                network = mutate(&network, &bounds, &mut rng).unwrap_or(network);
            }
            assert_drawn(&network);
        }
    }
}

#[cfg(feature = "draw")]
#[test]
fn a_matching_shows_what_is_left_over() {
    let networks = pool::examples(Kind::Cnn);
    let (a, b) = (&networks[0], &networks[1]);
    // Everything to its own number but layer 2 of the first and what comes after of both.
    let mut matching: Vec<draw::Match> = (0..b.len())
        .filter(|&i| i != 2)
        .map(|i| draw::Match {
            a: i,
            b: i,
            mass: a.masses()[i].min(b.masses()[i]),
        })
        .collect();
    matching.push(draw::Match {
        a: 99,
        b: 0,
        mass: 1.0,
    });
    let titles = draw::Titles {
        a: "a<b>&\"\u{202e}\u{1}",
        b: "a/long/folder/whose/name/has/no/room/left/b.json",
        between: "distance 0.25",
    };
    let svg = draw::svg_matching(a, b, &matching, &titles);
    // What may come from anybody is escaped, and of a name that is too long the end is kept.
    assert!(
        svg.contains(">a&lt;b&gt;&amp;&quot;\u{fffd}\u{fffd}</text>"),
        "{svg}"
    );
    assert!(svg.contains("…") && svg.contains("left/b.json</text>"));
    assert!(svg.contains(">distance 0.25</text>") && svg.contains("less than half matched"));
    assert_eq!(boxes(&svg).len(), a.len() + b.len());
    assert_eq!(svg.matches(" moved</title>").count(), b.len() - 1);
    assert!(svg.matches("stroke-dasharray").count() >= 3);
}

#[cfg(feature = "draw")]
#[test]
fn a_network_of_any_size_is_drawn_on_a_small_stack() {
    let ops = |n: usize| {
        let mut layers = vec![Layer::plain(Op::Ip)];
        layers.resize(n - 2, Layer::dense(Op::Relu, 8));
        layers.extend([Layer::plain(Op::Linear), Layer::plain(Op::Op)]);
        layers
    };
    let draw = |layers: usize, edges: Vec<(usize, usize)>| {
        let network = Network::new(Kind::MlpReg, ops(layers), edges).unwrap();
        let drawing = std::thread::Builder::new()
            .stack_size(1 << 20)
            .spawn(move || draw::svg(&network))
            .unwrap();
        drawing.join().unwrap()
    };
    let chain = |n: usize| (1..n).map(|i| (i - 1, i));
    for n in [1000, 5000, 100_000] {
        let svg = draw(n, chain(n).collect());
        assert_eq!(svg.matches("<rect").count(), n);
        let network = Network::new(Kind::MlpReg, ops(n), chain(n)).unwrap();
        if n == 5000 {
            assert_drawn(&network);
        }
    }
    // Every layer feeds all later ones: 120 layers have some 270,000 places where an edge passes a row.
    let n = 120;
    let dense = (0..n - 2).flat_map(|i| (i + 2..n - 2).map(move |j| (i, j)));
    let svg = draw(n, chain(n).chain(dense).collect());
    assert_eq!(svg.matches("<rect").count(), n);
}
