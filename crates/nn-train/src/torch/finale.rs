//! The last training: its weights are kept.
//!
//! It trains on training and validation data together, where nothing is left to score on the way. What the evaluation found
//! out there is kept all the same: a protocol that returns to its best weights stops after as many epochs as the evaluation
//! had needed for them. Where that is not known, or where several candidates wait to become members of an
//! [ensemble](crate::ensemble), each is first trained as in its evaluation.

use std::path::{Path, PathBuf};
use std::time::Instant;

use nn_graph::Network;

use super::checkpoint;
use super::model::{Model, Numerics};
use super::score::{Score, average, outputs};
use super::setting::{Parts, Rows, Setting};
use super::trainer::{Course, Stop, finite};
use crate::data::{Examples, Preparation, Targets};
use crate::ensemble::{self, MOST_MEMBERS, Opinion};
use crate::figures::Breakdown;
use crate::job::{Candidate, Event, Final, Job};
use crate::plan::Plan;
use crate::trained::Trained;
use crate::{Error, Keys, Protocol, export};

/// What came of the last training.
pub(super) struct Finale {
    /// One score for each repeat.
    pub(super) runs: Vec<Score>,
    pub(super) parameters: u64,
    /// Members of an ensemble by the numbers of their evaluations.
    pub(super) members: Vec<u64>,
    /// What errors the model makes on the part that it is scored on.
    pub(super) breakdown: Option<Breakdown>,
}

/// A candidate, trained as in its evaluation.
struct Rehearsal {
    candidate: usize,
    plan: Plan,
    /// Epochs after which it had its best weights.
    epochs: u32,
    score: Score,
    opinion: Opinion,
}

/// A member to be trained: its place among the candidates, and the epochs that it is trained for.
struct Member {
    candidate: usize,
    plan: Plan,
    seed: u64,
    epochs: Option<u32>,
}

/// Where the states of a job's trainings are kept, each in a file of its own.
struct States<'a> {
    keep: Option<&'a Path>,
    owner: String,
    /// Trainings that were begun.
    begun: u32,
}

/// The state of one training.
struct State {
    checkpoint: PathBuf,
    owner: String,
}

impl States<'_> {
    /// That of the next training; `None` where none is kept, as of one that `returns` to its best weights, which are no part of it.
    fn next(&mut self, returns: bool) -> Option<State> {
        let number = self.begun;
        self.begun += 1;
        let path = self.keep.filter(|_| !returns)?;
        Some(State {
            checkpoint: path.with_extension(format!("{number}.safetensors")),
            owner: format!("{number} {}", self.owner),
        })
    }
}

impl State {
    fn stop(&self) -> Stop<'_> {
        Stop {
            until: u32::MAX,
            checkpoint: &self.checkpoint,
            owner: self.owner.clone(),
            keep: true,
        }
    }
}

/// A score, and the errors behind it.
type Scored = (Score, Option<Breakdown>);

/// Trains the network of a job, or an ensemble of its candidates, and saves it.
pub(super) fn run(
    setting: &Setting<'_>,
    job: &Job,
    last: &Final,
    progress: &mut dyn FnMut(Event),
) -> Result<Finale, Error> {
    let data = setting.data;
    let alone = [Candidate {
        evaluation: job.evaluation,
        network: job.network.clone(),
        seed: job.seed,
        keys: Keys::new(),
    }];
    let candidates = match last.candidates.as_slice() {
        [] => &alone,
        candidates => candidates,
    };
    let protocols = candidates.iter().map(|candidate| {
        let spec = job.training.with_keys(&candidate.keys)?;
        spec.validated()
    });
    let protocols: Vec<Protocol> = protocols.collect::<Result<_, _>>()?;
    let repeats = setting.protocol.repeats;
    let meaning = &data.preparation.output;
    let rehearsals = candidates.len() as u32 * setting.protocol.folds.unwrap_or(1);
    let mut parts = Parts {
        progress,
        done: 0,
        of: rehearsals + MOST_MEMBERS.min(candidates.len()) as u32 * repeats,
        told: 0,
    };
    let mut states = States {
        keep: last.keep.as_deref(),
        owner: checkpoint::owner(job)?,
        begun: 0,
    };
    let mut training = setting.both()?;
    let is_tested = !last.all && !data.test.is_empty();
    let returns = setting.protocol.patience.is_some();
    let (members, rehearsed) =
        if candidates.len() == 1 && is_tested && (!returns || last.epochs.is_some()) {
            let member = Member {
                candidate: 0,
                plan: Plan::for_data(&candidates[0].network, data)?,
                seed: candidates[0].seed,
                epochs: last.epochs,
            };
            (vec![member], None)
        } else {
            let targets = &training.targets;
            let (members, scored) = choose(
                setting,
                (candidates, &protocols),
                targets,
                &mut states,
                &mut parts,
            )?;
            (members, Some(scored))
        };
    parts.of = parts.done + members.len() as u32 * repeats;
    if last.all {
        training.append(&data.test)?;
    }
    let test = is_tested
        .then(|| setting.on_device(&data.test))
        .transpose()?;
    let mut finale = Finale {
        runs: Vec::new(),
        parameters: 0,
        members: Vec::new(),
        breakdown: None,
    };
    for repeat in 0..repeats {
        let trained = train_all(
            setting,
            (&members, &protocols),
            &training,
            repeat,
            &mut states,
            &mut parts,
        )?;
        let models: Vec<&Model> = trained.iter().map(|(_, model, _)| model).collect();
        let joined = join(setting, &models)?;
        let model = joined.as_ref().unwrap_or(models[0]);
        let mut score = match (&test, &rehearsed) {
            (Some(test), _) => {
                let outputs = outputs(model, test)?;
                if repeat == 0 {
                    finale.breakdown = Breakdown::of(&outputs, test.targets(), meaning);
                }
                finite(setting.scorer().score(&outputs, test.targets())?, 0)?
            }
            (None, Some((score, breakdown))) => {
                finale.breakdown.clone_from(breakdown);
                score.clone()
            }
            (None, None) => return Err(nothing()),
        };
        let mean = |f: &dyn Fn(&Course) -> f64| {
            let sum: f64 = trained.iter().map(|(.., course)| f(course)).sum();
            sum / trained.len() as f64
        };
        let rows = test.as_ref().map_or(0, |test| test.len());
        score.metrics.extend([
            ("loss".to_owned(), mean(&|course| course.loss)),
            (
                "epochs".to_owned(),
                mean(&|course| f64::from(course.epochs)),
            ),
            ("test-rows".to_owned(), rows as f64),
        ]);
        finale.runs.push(score);
        // The first model is the one that leaves: to choose by the score would flatter it.
        if repeat == 0 {
            finale.parameters = model.plan().trainable();
            if !last.candidates.is_empty() {
                let evaluation =
                    |&(candidate, ..): &(usize, Model, Course)| candidates[candidate].evaluation;
                finale.members = trained.iter().map(evaluation).collect();
            }
            if let Some(path) = &job.save {
                save(model, &data.preparation, path)?;
            }
        }
    }
    Ok(finale)
}

/// Trains the members. Among several, one that fails is left out.
fn train_all(
    setting: &Setting<'_>,
    (members, protocols): (&[Member], &[Protocol]),
    training: &Examples,
    repeat: u32,
    states: &mut States<'_>,
    parts: &mut Parts<'_>,
) -> Result<Vec<(usize, Model, Course)>, Error> {
    let mut trained = Vec::new();
    let mut failure = None;
    for member in members {
        let setting = setting.with(&protocols[member.candidate]);
        let rows = Rows {
            training,
            held_out: None,
            until: (member.epochs).filter(|_| setting.protocol.patience.is_some()),
        };
        let trainer = setting.trainer(rows, Instant::now())?;
        let seed = member.seed.wrapping_add(repeat.into());
        // Nothing is held out to return by.
        let state = states.next(false);
        let stop = state.as_ref().map(State::stop);
        match setting.train(&trainer, &member.plan, seed, stop.as_ref(), parts) {
            Ok((model, course)) => trained.push((member.candidate, model, course)),
            Err(paused @ Error::Paused { .. }) => return Err(paused),
            Err(error) => failure = Some(error),
        }
    }
    match failure {
        Some(error) if trained.is_empty() => Err(error),
        _ => Ok(trained),
    }
}

/// Keeps the seeds of a network's copies apart from those of its repeats.
const COPIES: u64 = 0x9e37_79b9_7f4a_7c15;

/// Trains the candidates as in their evaluations, where with folds `both` are the targets that are held out; the members by what
/// came out, and the score of the first of them with the errors that it makes.
fn choose(
    setting: &Setting<'_>,
    (candidates, protocols): (&[Candidate], &[Protocol]),
    both: &Targets,
    states: &mut States<'_>,
    parts: &mut Parts<'_>,
) -> Result<(Vec<Member>, Scored), Error> {
    let held_out = match setting.protocol.folds {
        Some(_) => both,
        None => &setting.data.validation.targets,
    };
    let mut rehearsals: Vec<Rehearsal> = Vec::new();
    let mut failure = None;
    for (i, candidate) in candidates.iter().enumerate() {
        let setting = setting.with(&protocols[i]);
        match rehearse(&setting, i, candidate, states, parts) {
            Ok(rehearsal) => rehearsals.push(rehearsal),
            Err(paused @ Error::Paused { .. }) => return Err(paused),
            Err(error) => failure = Some(error),
        }
    }
    let opinions: Vec<&Opinion> = rehearsals.iter().map(|r| &r.opinion).collect();
    let meaning = &setting.data.preparation.output;
    let by = (setting.data.metric, meaning);
    let chosen = ensemble::choose(&opinions, held_out, by, MOST_MEMBERS);
    let Some(&first) = chosen.first() else {
        return Err(failure.unwrap_or_else(nothing));
    };
    let members = chosen.iter().enumerate().map(|(at, &i)| {
        let copies = chosen[..at].iter().filter(|&&before| before == i).count() as u64;
        let rehearsal = &rehearsals[i];
        Member {
            candidate: rehearsal.candidate,
            plan: rehearsal.plan.clone(),
            seed: candidates[rehearsal.candidate]
                .seed
                .wrapping_add(copies.wrapping_mul(COPIES)),
            epochs: Some(rehearsal.epochs),
        }
    });
    let Rehearsal { score, opinion, .. } = &rehearsals[first];
    let breakdown = Breakdown::of(&opinion.outputs, held_out, meaning);
    Ok((members.collect(), (score.clone(), breakdown)))
}

/// Trains a candidate as in its evaluation.
fn rehearse(
    setting: &Setting<'_>,
    candidate: usize,
    Candidate { network, seed, .. }: &Candidate,
    states: &mut States<'_>,
    parts: &mut Parts<'_>,
) -> Result<Rehearsal, Error> {
    let plan = Plan::for_data(network, setting.data)?;
    let mut said = Vec::new();
    let mut scores = Vec::new();
    let mut epochs = 0;
    setting.divided(|training, held_out| {
        let rows = Rows {
            training,
            held_out: Some(held_out),
            until: None,
        };
        let trainer = setting.trainer(rows, Instant::now())?;
        let state = states.next(setting.protocol.patience.is_some());
        let stop = state.as_ref().map(State::stop);
        let (model, course) = setting.train(&trainer, &plan, *seed, stop.as_ref(), parts)?;
        if let Some(held_out) = &trainer.held_out {
            said.extend(outputs(&model, held_out)?);
        }
        scores.extend(course.score);
        epochs += course.epochs;
        Ok(())
    })?;
    let count = scores.len().max(1) as u32;
    Ok(Rehearsal {
        candidate,
        opinion: Opinion {
            outputs: said,
            weight: decisions(network) as f64,
        },
        epochs: (epochs + count / 2) / count,
        score: average(&scores),
        plan,
    })
}

/// The number of decision layers, of which a network's output is the mean.
fn decisions(network: &Network) -> usize {
    network.parents(network.len() - 1).len()
}

/// Several models as one; `None` for a single one.
fn join(setting: &Setting<'_>, models: &[&Model]) -> Result<Option<Model>, Error> {
    if models.len() < 2 {
        return Ok(None);
    }
    let networks: Vec<Network> = models.iter().map(|m| m.plan().network.clone()).collect();
    let union = Network::union(&networks).map_err(|error| Error::Torch {
        message: format!("the members are no ensemble: {error}"),
    })?;
    let plan = Plan::for_data(&union.network, setting.data)?;
    let mut joined = Model::with(plan, setting.device, Numerics::of(setting.protocol))?;
    for (model, places) in models.iter().zip(&union.places) {
        joined.take_over(model, places)?;
    }
    Ok(Some(joined))
}

fn nothing() -> Error {
    Error::Data {
        field: "split",
        problem: "leaves no examples to score a training on".into(),
    }
}

/// Writes weights, PyTorch program and ONNX file, all under one name.
pub(super) fn save(model: &Model, preparation: &Preparation, path: &Path) -> Result<(), Error> {
    let trained = Trained::new(model.plan().network.clone(), preparation.clone());
    model.save(path, Some(&trained))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let program = path.with_extension("py");
    let text = export::pytorch(model.plan(), Some(preparation), &name);
    std::fs::write(&program, text).map_err(|source| Error::Write {
        path: program,
        source,
    })?;
    model.save_onnx(Some(preparation), &path.with_extension("onnx"))
}
