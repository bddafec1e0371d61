//! The surrogate of a search: a Gaussian process over the scored evaluations, fed in the order in which
//! their scores were told.
//!
//! Distances to evaluated candidates are computed once and kept. Where the space has counts, a second
//! process over them alone stands by: it costs a fraction, and screens candidates for the first.
//!
//! The model is a pure function of the settings and of the sequence of scores. Hyper-parameters are
//! chosen anew whenever the number of scores reaches a point of a fixed schedule, each time from a random
//! stream of its own, so that a model which catches up with a restored history ends up the same as
//! one that saw the scores arrive.
//!
//! Where trainings stop at rungs, every score of a rung is an observation of its own, and predictions are of scores at
//! the end of a training: see [`rungs`].

mod earlier;
mod fits;
mod head;
mod layers;
mod posteriors;
mod rungs;
mod several;

use gp::Distances;
use ndarray::{Array3, Axis};

pub(crate) use earlier::Earlier;
pub use fits::{Fit, Hyperparameters};
pub(crate) use layers::{Layers, Parts, Point, Sketch};
pub(crate) use posteriors::Posteriors;
pub(crate) use several::{Pending, fitness};

use crate::history::History;
use crate::stream::{self, Purpose};
use crate::{Aims, Error, Goal, Rung, Scores, Space, Transform, ValidConfig, transform};
use fits::{Fits, is_refit};
use head::Head;
use posteriors::{as_they_are, best_means, means, with_pending};

/// Best evaluated candidates at which a process's mean is computed to find its best.
const CONTENDERS: usize = 50;

/// Moves of every sample of the hyper-parameters at each refit.
const SWEEPS: usize = 3;

/// Gaussian processes and the points behind them.
pub(crate) struct Model<P> {
    layers: Layers,
    /// The rung at the end of a training.
    last: Rung,
    fits: Fits,
    /// Scored candidates in the order of their scores; one that went on from a rung once for each of its scores.
    points: Vec<Point<P>>,
    /// The evaluations that they belong to.
    ids: Vec<u64>,
    /// The last score of each evaluation, in the order of its first one, on that scale.
    scores: Vec<f64>,
    /// The processes of the score.
    score: Head,
    /// Those of the figures that are measured besides, in their order.
    further: Vec<Head>,
    aims: Aims,
    /// What was learnt from earlier studies.
    earlier: Vec<Earlier<P>>,
}

impl<P: Clone + Send + Sync> Model<P> {
    /// A model without data of what the `aims` measure, for a space whose candidates look like `example` and for trainings that
    /// end at the rung `last`; with what was learnt from `earlier` studies.
    pub(crate) fn new<S: Space<Point = P>>(
        space: &S,
        config: &ValidConfig,
        example: &S::Candidate,
        last: Rung,
        aims: &Aims,
        earlier: Vec<Earlier<P>>,
    ) -> Result<Self, Error> {
        let layers = Layers::new(space, config, example, (earlier.len(), last.index() + 1));
        // Ranks keep outliers of the score from mattering; costs are learnt from as they are, in which they add up.
        let head = |transform| Head::new(layers, config.kernel, config.samples, transform);
        Ok(Self {
            layers,
            last,
            fits: Fits::default(),
            points: Vec::new(),
            ids: Vec::new(),
            scores: Vec::new(),
            score: head(config.transform)?,
            further: (1..aims.measured())
                .map(|_| head(Transform::Nothing))
                .collect::<Result<_, _>>()?,
            earlier,
            aims: aims.clone(),
        })
    }

    /// Takes over hyper-parameters that an earlier process chose.
    pub(crate) fn recall(&mut self, fit: Fit) {
        self.fits.recall(fit);
    }

    /// The hyper-parameters that have been chosen since the last call, and the choice in use once more where covariances were
    /// factored anew since.
    pub(crate) fn take_fits(&mut self) -> Vec<Fit> {
        self.fits.take()
    }

    /// Takes in the scores that were told since the last time.
    pub(crate) fn catch_up<S: Space<Point = P>>(
        &mut self,
        space: &S,
        config: &ValidConfig,
        history: &History<S::Candidate>,
    ) -> Result<(), Error> {
        let known = self.points.len();
        let total = history.arrivals().len();
        if known == total {
            return Ok(());
        }
        let mut recalled = self.fits.recalled(known, total);
        let mut scored = history.arrivals().skip(known).peekable();
        while scored.peek().is_some() {
            // All that come before hyper-parameters are chosen next, that one's own included.
            let (mut new, mut ids, mut scores) = (Vec::new(), Vec::new(), Vec::new());
            for (evaluation, arrival) in scored.by_ref() {
                let candidate = &evaluation.suggestion.candidate;
                new.push(Point::new(space, candidate, arrival.rung)?);
                scores.push(arrival.scores);
                ids.push(arrival.id);
                let count = self.points.len() + new.len();
                let is_due = match &recalled {
                    Some(fit) => count == fit.rebuilt_at(),
                    None => is_refit(count),
                };
                if is_due {
                    break;
                }
            }
            earlier::expect(&self.earlier, space, &mut new)?;
            self.extend(space, new, &ids, &scores)?;
            let count = self.points.len();
            let is_rebuilt = |fit: &Fit| count == fit.rebuilt_at();
            if recalled.as_ref().is_some_and(is_rebuilt) {
                if let Some(fit) = recalled.take() {
                    self.transform()?;
                    self.install(fit, config)?;
                }
            } else if recalled.is_none() && is_refit(count) {
                self.transform()?;
                self.refit(config)?;
            }
        }
        self.fits.note(self.factored());
        self.transform()
    }

    /// For every member of every figure, the score first, when its covariance was last factored as a whole.
    fn factored(&self) -> Vec<usize> {
        self.heads().flat_map(Head::factored).collect()
    }

    /// The processes of every figure, those of the score first.
    fn heads(&self) -> impl Iterator<Item = &Head> + Clone {
        std::iter::once(&self.score).chain(&self.further)
    }

    fn heads_mut(&mut self) -> impl Iterator<Item = &mut Head> {
        std::iter::once(&mut self.score).chain(&mut self.further)
    }

    /// Chooses hyper-parameters anew.
    fn refit(&mut self, config: &ValidConfig) -> Result<(), Error> {
        let scores = self.points.len();
        let mut rng = stream::stream(config.seed, Purpose::Fit, scores as u64);
        let score = self.score.refit(&mut rng)?;
        let further = self.further.iter_mut().map(|head| head.refit(&mut rng));
        let fit = Fit {
            scores,
            surrogate: score.surrogate,
            screen: score.screen,
            further: further.collect::<Result<_, _>>()?,
            factored: Vec::new(),
        };
        self.fits.chosen(fit);
        Ok(())
    }

    /// Uses hyper-parameters that an earlier process chose; those of another model, which this one cannot have, are
    /// chosen anew.
    fn install(&mut self, fit: Fit, config: &ValidConfig) -> Result<(), Error> {
        let (chosen, factored) = (fit.of_figures(), fit.factored());
        let members = chosen.iter().map(Hyperparameters::members).sum::<usize>();
        let mut is_installed = members == factored.len() && chosen.len() == 1 + self.further.len();
        let mut factored = factored.as_slice();
        for (head, chosen) in self.heads_mut().zip(&chosen) {
            let Some((own, rest)) = factored.split_at_checked(chosen.members()) else {
                break;
            };
            is_installed = is_installed && head.restore(chosen, own);
            factored = rest;
        }
        if is_installed {
            self.fits.taken_over(fit);
            return Ok(());
        }
        self.refit(config)
    }

    fn extend<S: Space<Point = P>>(
        &mut self,
        space: &S,
        new: Vec<Point<P>>,
        ids: &[u64],
        scores: &[Scores],
    ) -> Result<(), Error> {
        let rows: Vec<&Point<P>> = new.iter().collect();
        let cross = self.cross(space, &rows, &[])?;
        let among = self.layers.distances_among(space, &rows)?;
        let counts: Vec<Parts<'_>> = new.iter().map(Point::parts).collect();
        let known: Vec<Parts<'_>> = self.points.iter().map(Point::parts).collect();
        let count_cross = self.layers.count_distances(&counts, &known)?;
        let count_among = self.layers.count_distances(&counts, &counts)?;
        let goals: Vec<Goal> = (0..=self.further.len())
            .map(|k| self.aims.goal_of(k))
            .collect();
        for (figure, (head, goal)) in self.heads_mut().zip(goals).enumerate() {
            let values = scores.iter().map(|s| goal.orient(s.as_slice()[figure]));
            let values: Vec<f64> = values.collect();
            head.extend(
                (cross.view(), among.view()),
                (count_cross.view(), count_among.view()),
                &values,
            )?;
        }
        self.points.extend(new);
        self.ids.extend(ids);
        Ok(())
    }

    fn transform(&mut self) -> Result<(), Error> {
        let rungs: Vec<Rung> = self.points.iter().map(|point| point.rung).collect();
        let scaled = rungs::comparable(&self.score.told, &rungs, &self.ids);
        self.scores = (rungs::last_places(&self.ids).into_iter())
            .map(|place| scaled[place])
            .collect();
        self.score.learn_from(scaled)?;
        // There is no other figure where trainings stop at rungs.
        for head in &mut self.further {
            head.learn_from(head.told.clone())?;
        }
        Ok(())
    }

    /// A prediction's mean and standard deviation in units of the score: the transform undone at the
    /// mean, and half of what lies between one standard deviation below and above.
    pub(crate) fn in_scores(&self, config: &ValidConfig, mean: f64, std: f64) -> (f64, f64) {
        let undo = |value| transform::invert(config.transform, &self.score.scaled, value);
        (undo(mean), 0.5 * (undo(mean + std) - undo(mean - std)))
    }

    /// Whether hyper-parameters have been chosen yet.
    pub(crate) fn is_ready(&self) -> bool {
        self.score.surrogate.ensemble().is_ok()
    }

    /// The last score of each evaluation, in the order of their first ones, on the scale of the end.
    pub(crate) fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// Candidates as the model compares them: their scores at the end of a training are asked for.
    pub(crate) fn points<'a, S: Space<Point = P>>(
        &self,
        space: &S,
        candidates: impl Iterator<Item = &'a S::Candidate>,
    ) -> Result<Vec<Point<P>>, Error>
    where
        S::Candidate: 'a,
    {
        let points = candidates.map(|candidate| Point::new(space, candidate, self.last));
        let mut points: Vec<Point<P>> = points.collect::<Result<_, _>>()?;
        earlier::expect(&self.earlier, space, &mut points)?;
        Ok(points)
    }

    /// Candidates as the processes over counts compare them.
    pub(crate) fn sketches<'a, S: Space<Point = P>>(
        &self,
        space: &S,
        candidates: impl Iterator<Item = &'a S::Candidate>,
    ) -> Result<Vec<Sketch>, Error>
    where
        S::Candidate: 'a,
    {
        let sketches = candidates.map(|candidate| Sketch::new(space, candidate));
        let mut sketches: Vec<Sketch> = sketches.collect();
        earlier::expect_roughly(&self.earlier, &mut sketches)?;
        Ok(sketches)
    }

    /// The posteriors of each figure, the score first, in units of what is learnt from, as if every one of `pending` had come out
    /// as predicted.
    pub(crate) fn posteriors<S: Space<Point = P>>(
        &self,
        space: &S,
        pending: &[&Point<P>],
    ) -> Result<Posteriors<'_>, Error> {
        if pending.is_empty() {
            return as_they_are(self.heads().map(|head| &head.surrogate));
        }
        let cross = self.cross(space, pending, &[])?;
        let among = self.layers.distances(space, pending, pending)?;
        with_pending(self.heads().map(|head| &head.surrogate), &cross, &among)
    }

    /// The same of the processes over counts, where there are any.
    pub(crate) fn screens(&self, pending: &[&Sketch]) -> Result<Option<Posteriors<'_>>, Error> {
        if self.layers.counts == 0 {
            return Ok(None);
        }
        let screens = self.heads().filter_map(|head| head.screen.as_ref());
        if pending.is_empty() {
            return as_they_are(screens).map(Some);
        }
        let cross = self.count_cross(pending, &[])?;
        let pending: Vec<Parts<'_>> = (pending.iter().map(|sketch| self.at_end(sketch))).collect();
        let among = self.layers.count_distances(&pending, &pending)?;
        with_pending(screens, &cross, &among).map(Some)
    }

    /// Each member's best mean at a scored candidate.
    pub(crate) fn targets(&self) -> Result<Vec<f64>, Error> {
        let places = self.contenders(rungs::last_places(&self.ids));
        Ok(best_means(&means(
            &self.score.surrogate,
            self.full_at(&places),
        )?))
    }

    /// The same of the process over counts.
    pub(crate) fn screen_targets(&self) -> Result<Vec<f64>, Error> {
        match &self.score.screen {
            Some(screen) => {
                let places = self.contenders(rungs::last_places(&self.ids));
                let first = self.layers.first_count_rung();
                let cross = self.scored_at_end(screen.distances(), &places, first);
                Ok(best_means(&means(screen, cross)?))
            }
            None => Ok(Vec::new()),
        }
    }

    /// Of the evaluations that came furthest, the one with the best mean over all members; `None` while there is no fit.
    pub(crate) fn best(&self) -> Result<Option<u64>, Error> {
        if !self.is_ready() {
            return Ok(None);
        }
        let mut places = rungs::last_places(&self.ids);
        let furthest = places.iter().map(|&place| self.points[place].rung).max();
        places.retain(|&place| Some(self.points[place].rung) == furthest);
        let order = self.contenders(places);
        let sums = means(&self.score.surrogate, self.full_at(&order))?.sum_axis(Axis(0));
        // Contenders come with the best score first, which wins a tie.
        let best = (0..order.len()).reduce(|a, b| if sums[b] > sums[a] { b } else { a });
        Ok(best.map(|place| self.ids[order[place]]))
    }

    /// The mean over all members at scored evaluations, at the end of a training; −∞ at those without a score, and at all
    /// while there is no fit.
    pub(crate) fn means_at_end(&self, ids: &[u64]) -> Result<Vec<f64>, Error> {
        let mut means_at_end = vec![f64::NEG_INFINITY; ids.len()];
        if !self.is_ready() {
            return Ok(means_at_end);
        }
        let place_of = |id| self.ids.iter().rposition(|known| known == id);
        let known: Vec<(usize, usize)> = (ids.iter().enumerate())
            .filter_map(|(i, id)| Some((i, place_of(id)?)))
            .collect();
        let places: Vec<usize> = known.iter().map(|&(_, place)| place).collect();
        let sums = means(&self.score.surrogate, self.full_at(&places))?.sum_axis(Axis(0));
        for (&(i, _), sum) in known.iter().zip(sums) {
            means_at_end[i] = sum;
        }
        Ok(means_at_end)
    }

    /// Those of `places` that may be best, best score first.
    fn contenders(&self, mut places: Vec<usize>) -> Vec<usize> {
        places.sort_by(|&a, &b| self.score.scaled[b].total_cmp(&self.score.scaled[a]));
        places.truncate(CONTENDERS);
        places
    }

    /// Distances of scored candidates to all, as if their trainings had come to the end.
    fn full_at(&self, places: &[usize]) -> Array3<f64> {
        let distances = self.score.surrogate.distances();
        self.scored_at_end(distances, places, self.layers.first_rung())
    }

    /// The same in the distances of either process, whose layers of rungs begin with `first`.
    fn scored_at_end(&self, distances: &Distances, places: &[usize], first: usize) -> Array3<f64> {
        let to_end = |point: &Point<P>| (self.last.index() - point.rung.index()) as f64;
        let to_end: Vec<f64> = self.points.iter().map(to_end).collect();
        rungs::at_end(distances, &to_end, places, first)
    }

    /// A candidate whose score at the end of a training is asked for.
    fn at_end<'a>(&self, sketch: &'a Sketch) -> Parts<'a> {
        let rung = self.last;
        Parts { sketch, rung }
    }

    /// Distances of `rows` to the scored candidates and then to `pending`: shape (depth, rows, n + p).
    pub(crate) fn cross<S: Space<Point = P>>(
        &self,
        space: &S,
        rows: &[&Point<P>],
        pending: &[&Point<P>],
    ) -> Result<Array3<f64>, Error> {
        let columns: Vec<&Point<P>> = self.points.iter().chain(pending.iter().copied()).collect();
        self.layers.distances(space, rows, &columns)
    }

    /// The same of the processes over counts.
    pub(crate) fn count_cross(
        &self,
        rows: &[&Sketch],
        pending: &[&Sketch],
    ) -> Result<Array3<f64>, Error> {
        let known = self.points.iter().map(Point::parts);
        let pending = pending.iter().map(|sketch| self.at_end(sketch));
        let columns: Vec<Parts<'_>> = known.chain(pending).collect();
        let rows: Vec<Parts<'_>> = rows.iter().map(|sketch| self.at_end(sketch)).collect();
        self.layers.count_distances(&rows, &columns)
    }
}

#[cfg(test)]
mod calibration;
