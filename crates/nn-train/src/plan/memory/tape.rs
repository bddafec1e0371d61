//! The graph of a step as autograd keeps it: which tensors wait for the backward pass.

use std::collections::BTreeMap;

use super::heap::{Heap, Id};

/// How a gradient goes on to an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// A tensor of the input's size is made of it.
    Made,
    /// The same tensor, or a view of it.
    Same,
    /// Nothing flows: the data need no gradient.
    Ends,
}

/// One function of autograd's graph.
#[derive(Debug)]
pub(super) struct Node {
    output: usize,
    inputs: Vec<(usize, Flow)>,
    saved: Vec<Id>,
    /// Bytes of the gradients of its parameters.
    weights: u64,
    /// Bytes that it takes for itself, backwards.
    scratch: u64,
}

/// The tensors and functions of a forward pass.
#[derive(Debug)]
pub(super) struct Tape<'a> {
    pub(super) heap: &'a mut Heap,
    /// Absent where nothing is differentiated.
    pub(super) nodes: Option<Vec<Node>>,
    /// Bytes of each value, and whether a gradient flows to it.
    pub(super) values: Vec<(u64, bool)>,
}

/// A value of the pass: its number for autograd, and its tensor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    pub(super) number: usize,
    pub(super) tensor: Id,
    pub(super) bytes: u64,
    /// Bytes of one of its numbers.
    pub(super) width: u64,
}

impl Tape<'_> {
    /// A value in a tensor of its own.
    pub(super) fn make(&mut self, bytes: u64, width: u64) -> Value {
        let tensor = self.heap.make(bytes);
        self.put(tensor, (bytes, width), true)
    }

    /// A value in a tensor that is there.
    pub(super) fn put(
        &mut self,
        tensor: Id,
        (bytes, width): (u64, u64),
        has_gradient: bool,
    ) -> Value {
        self.values.push((bytes, has_gradient));
        Value {
            number: self.values.len() - 1,
            tensor,
            bytes,
            width,
        }
    }

    /// Notes a function, with what it saves for its gradient.
    pub(super) fn note(
        &mut self,
        output: Value,
        inputs: &[(Value, Flow)],
        saved: &[Id],
        weights: u64,
        scratch: u64,
    ) {
        let Some(nodes) = &mut self.nodes else {
            return;
        };
        let flow = |value: &Value, flow| match self.values[value.number].1 {
            true => flow,
            false => Flow::Ends,
        };
        let inputs = inputs
            .iter()
            .map(|(value, way)| (value.number, flow(value, *way)));
        nodes.push(Node {
            output: output.number,
            inputs: inputs.collect(),
            saved: saved.iter().map(|id| self.heap.hold(*id)).collect(),
            weights,
            scratch,
        });
    }

    pub(super) fn drop(&mut self, value: Value) {
        self.heap.drop(value.tensor);
    }

    /// In place: the same tensor, another value, saved for its gradient.
    pub(super) fn in_place(&mut self, value: Value) -> Value {
        let result = self.put(value.tensor, (value.bytes, value.width), true);
        self.note(result, &[(value, Flow::Made)], &[value.tensor], 0, 0);
        result
    }
}

/// Goes back through the functions, the latest first; the gradients that stay.
pub(super) fn backward(
    heap: &mut Heap,
    nodes: Vec<Node>,
    values: &[(u64, bool)],
    output: Value,
    is_first: bool,
) -> Vec<Id> {
    let mut gradients: BTreeMap<usize, Id> = BTreeMap::new();
    let mut kept = Vec::new();
    gradients.insert(output.number, heap.make(output.bytes));
    for node in nodes.into_iter().rev() {
        let Some(gradient) = gradients.remove(&node.output) else {
            node.saved.into_iter().for_each(|id| heap.drop(id));
            continue;
        };
        let mut made = Vec::new();
        for &(input, flow) in &node.inputs {
            match flow {
                Flow::Made => made.push((input, heap.make(values[input].0))),
                Flow::Same => made.push((input, heap.hold(gradient))),
                Flow::Ends => {}
            }
        }
        if node.weights > 0 {
            let id = heap.make(node.weights);
            heap.pass_by(node.scratch);
            match is_first {
                true => kept.push(id),
                // It is added to the vector of all gradients.
                false => heap.drop(id),
            }
        } else {
            heap.pass_by(node.scratch);
        }
        node.saved.into_iter().for_each(|id| heap.drop(id));
        heap.drop(gradient);
        for (input, id) in made {
            let Some(there) = gradients.get(&input).copied() else {
                gradients.insert(input, id);
                continue;
            };
            if heap.is_shared(there) {
                let sum = heap.make(values[input].0);
                heap.drop(there);
                gradients.insert(input, sum);
            }
            heap.drop(id);
        }
    }
    gradients.into_values().for_each(|id| heap.drop(id));
    kept
}
