//! Stand-ins, in a toy form, until drawings land in their crate.

pub(crate) mod draw {
    //! See above.
    use nn_graph::Network;
    pub(crate) fn svg(n: &Network) -> String {
        format!("<svg>{} layers</svg>", n.len())
    }
    pub(crate) fn dot(_: &Network) -> String {
        "digraph{}".into()
    }
}
