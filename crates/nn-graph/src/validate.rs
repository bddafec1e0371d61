//! The checks that a description passes before it becomes a network, and that name the layer
//! at fault.

use crate::dag::Dag;
use crate::error::{Error, LayerRef};
use crate::{Kind, Layer, Op};

/// Checks that concern one layer alone, in the order of the listing.
pub(crate) fn layers(kind: Kind, layers: &[Layer]) -> Result<(), Error> {
    for (index, layer) in layers.iter().enumerate() {
        let name = LayerRef {
            index,
            op: layer.op,
        };
        if !layer.op.is_allowed_in(kind) {
            return Err(Error::OpNotInKind { layer: name, kind });
        }
        match (layer.units, layer.op.has_units()) {
            (None, true) => return Err(Error::MissingUnits { layer: name }),
            (Some(_), false) => return Err(Error::UnexpectedUnits { layer: name }),
            (Some(0), true) => {
                return Err(Error::BadUnits {
                    layer: name,
                    units: 0.0,
                });
            }
            _ => {}
        }
        match (layer.stride, layer.op.is_conv()) {
            (None, true) => return Err(Error::MissingStride { layer: name }),
            (Some(_), false) => return Err(Error::UnexpectedStride { layer: name }),
            (Some(stride), true) if !matches!(stride, 1 | 2) => {
                return Err(Error::BadStride {
                    layer: name,
                    stride: f64::from(stride),
                });
            }
            _ => {}
        }
    }
    exactly_one(layers, Op::Ip)?;
    exactly_one(layers, Op::Op)
}

fn exactly_one(layers: &[Layer], op: Op) -> Result<(), Error> {
    let mut places = (layers.iter().enumerate())
        .filter(|(_, layer)| layer.op == op)
        .map(|(index, _)| index);
    match (places.next(), places.next()) {
        (None, _) => Err(Error::MissingTerminal { op }),
        (Some(first), Some(second)) => Err(Error::RepeatedTerminal { op, first, second }),
        (Some(_), None) => Ok(()),
    }
}

/// Checks that concern layers and their neighbours. `name(i)` is layer i as its author knows it.
pub(crate) fn connections(
    kind: Kind,
    layers: &[Layer],
    dag: &Dag,
    name: impl Fn(usize) -> LayerRef,
) -> Result<(), Error> {
    let decision = kind.decision();
    for (i, layer) in layers.iter().enumerate() {
        if layer.op == Op::Ip
            && let Some(&parent) = dag.parents(i).first()
        {
            return Err(Error::EdgeIntoInput {
                layer: name(parent),
            });
        }
        if layer.op == Op::Op
            && let Some(&child) = dag.children(i).first()
        {
            return Err(Error::EdgeOutOfOutput { layer: name(child) });
        }
    }
    // In topological order one sweep each way tells what the input reaches and what reaches
    // the output: a layer without parents is reached only if it is the input.
    for (i, layer) in layers.iter().enumerate() {
        if layer.op != Op::Ip && dag.parents(i).is_empty() {
            return Err(Error::Unreachable { layer: name(i) });
        }
        if layer.op != Op::Op && dag.children(i).is_empty() {
            return Err(Error::DeadEnd { layer: name(i) });
        }
    }
    for &(from, to) in dag.edges() {
        let (parent, child) = (layers[from].op, layers[to].op);
        if child == Op::Op && parent != decision {
            return Err(Error::NotADecision {
                layer: name(from),
                decision,
            });
        }
        if parent.is_decision() && child != Op::Op {
            return Err(Error::DecisionNotLast {
                layer: name(from),
                child: name(to),
            });
        }
        if kind == Kind::Cnn && parent == Op::Ip && !child.is_conv() {
            return Err(Error::NotConvAfterInput { layer: name(to) });
        }
    }
    Ok(())
}
