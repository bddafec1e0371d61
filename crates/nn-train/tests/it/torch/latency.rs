//! How long networks take to be applied.

use nn_graph::{Kind, Layer, Op};
use nn_train::latency::{BATCH_LATENCY, LATENCY, Latency, Place};

use super::alone;
use super::training::{job, regression, short, train};
use crate::support::chain;

#[test]
fn latency_is_measured_beside_the_same_score() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    let network = chain(Kind::MlpReg, &[Layer::dense(Op::Relu, 8)]);
    let plain = job(network, regression(&folder), short());
    let (losses, score, metrics) = train(&plain).unwrap();
    assert!(!metrics.contains_key(LATENCY));
    for on in [Place::Device, Place::Processor] {
        let mut job = plain.clone();
        job.training.latency = Some(Latency { batch: 4096, on });
        let (again, same, metrics) = train(&job).unwrap();
        assert_eq!(again, losses);
        assert_eq!(same.to_bits(), score.to_bits());
        // 4,096 examples are 4,096 times the work of one.
        let (one, batch) = (metrics[LATENCY], metrics[BATCH_LATENCY]);
        assert!(one > 0.0 && batch > one, "{one} {batch}");
    }
    let mut none = plain;
    none.training.latency = Some(Latency {
        batch: 0,
        on: Place::Device,
    });
    let error = train(&none).unwrap_err();
    assert!(error.to_string().contains("latency.batch"), "{error}");
}
