//! Several networks as one: the mean of what they say is itself a network.

use crate::{Error, Layer, Network, Op};

/// Networks side by side, with the places that their layers have.
#[derive(Clone, Debug, PartialEq)]
pub struct Union {
    /// The network: one input and one output, and between them the layers of all members, of which no layer of one feeds one of
    /// another.
    pub network: Network,
    /// For each member, the place in `network` of each of its layers.
    pub places: Vec<Vec<usize>>,
}

impl Network {
    /// Networks side by side between one input and one output. The output is the mean of all decision layers, so that this is
    /// the members' mean where each has as many decision layers as the others.
    ///
    /// ```
    /// use nn_graph::{Kind, Network, pool};
    ///
    /// let pool = pool::examples(Kind::MlpReg);
    /// let union = Network::union(&pool[..2])?;
    /// assert_eq!(union.network.len(), pool[0].len() + pool[1].len() - 2);
    /// # Ok::<(), nn_graph::Error>(())
    /// ```
    ///
    /// # Errors
    /// There is no member, or members are of different kinds.
    pub fn union(members: &[Self]) -> Result<Union, Error> {
        let kind = (members.first())
            .ok_or(Error::MissingTerminal { op: Op::Ip })?
            .kind();
        let mut layers = vec![Layer::plain(Op::Ip)];
        let mut edges = Vec::new();
        let mut listed = Vec::with_capacity(members.len());
        // The output is last, behind all that follow.
        let output = 1 + members.iter().map(|member| member.len() - 2).sum::<usize>();
        for member in members {
            let last = member.len() - 1;
            let before = layers.len();
            let place = |i: usize| match i {
                0 => 0,
                i if i == last => output,
                i => before + i - 1,
            };
            edges.extend((member.edges().iter()).map(|&(from, to)| (place(from), place(to))));
            listed.push((0..=last).map(place).collect::<Vec<_>>());
            layers.extend_from_slice(&member.layers()[1..last]);
        }
        layers.push(Layer::plain(Op::Op));
        let (network, order) = Self::ordered(kind, &layers, edges)?;
        let mut place_of = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place_of[old] = new;
        }
        let places = (listed.into_iter())
            .map(|member| member.into_iter().map(|old| place_of[old]).collect())
            .collect();
        Ok(Union { network, places })
    }
}
