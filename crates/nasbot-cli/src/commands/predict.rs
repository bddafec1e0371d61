//! `nasbot predict`: what a trained network says of raw examples.

use nasbot::prediction;

use crate::cli::PredictArgs;
use crate::error::Error;

pub(crate) fn run(args: &PredictArgs) -> Result<(), Error> {
    let out = args.output.as_deref();
    Ok(prediction::predict(&args.model, &args.examples, out)?)
}
