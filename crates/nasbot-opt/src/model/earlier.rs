//! What an earlier study expects of a candidate: a feature of its own among those that the kernel compares.
//!
//! A process is fitted to the scores of each earlier study once. Its mean m(x) says how that study would rate a candidate, and the
//! surrogate's kernel has one more term, α exp(−β (m(x) − m(x′))²): scores may be a smooth function of the rating, besides all that
//! they are without it. How much the study is worth is learnt as α and β are, from the scores of the search alone; where the
//! study says nothing of these, β falls and the term is the same everywhere.

use ndarray::{Array1, Array3};

use super::head::Head;
use super::layers::{Layers, Point, Sketch};
use crate::stream::{self, Purpose};
use crate::{EarlierStudy, Error, Rung, Space, ValidConfig, earlier};

/// Scores that a study must have for its ratings to mean anything.
const FEWEST: usize = 5;

/// What was learnt from one earlier study.
pub(crate) struct Earlier<P> {
    layers: Layers,
    points: Vec<Point<P>>,
    head: Head,
}

impl<P: Clone + Send + Sync> Earlier<P> {
    /// Learns from studies; those with hardly any score are left out.
    pub(crate) fn learn<S: Space<Point = P>>(
        space: &S,
        config: &ValidConfig,
        example: &S::Candidate,
        studies: &[EarlierStudy<S::Candidate>],
    ) -> Result<Vec<Self>, Error> {
        let most = earlier::share(studies.len());
        let numbered = studies.iter().zip(0_u64..);
        let enough = numbered.filter(|(study, _)| study.evaluations.len() >= FEWEST);
        let learnt = enough.map(|(study, number)| {
            let layers = Layers::new(space, config, example, (0, 1));
            let mut head = Head::new(layers, config.kernel, 0, config.transform)?;
            let chosen = study.learnt(most).into_iter();
            let (points, scores): (Vec<Result<Point<P>, Error>>, Vec<f64>) = chosen
                .map(|(candidate, score)| (Point::new(space, candidate, Rung::default()), *score))
                .unzip();
            let points: Vec<Point<P>> = points.into_iter().collect::<Result<_, _>>()?;
            let rows: Vec<&Point<P>> = points.iter().collect();
            let among = layers.distances_among(space, &rows)?;
            let parts: Vec<_> = points.iter().map(Point::parts).collect();
            let counts = layers.count_distances(&parts, &parts)?;
            let none = |depth| Array3::zeros((depth, points.len(), 0));
            let (full, rough) = (none(among.dim().0), none(counts.dim().0));
            head.extend(
                (full.view(), among.view()),
                (rough.view(), counts.view()),
                &scores,
            )?;
            head.learn_from(scores)?;
            head.refit(&mut stream::stream(config.seed, Purpose::Earlier, number))?;
            Ok(Self {
                layers,
                points,
                head,
            })
        });
        learnt.collect()
    }

    /// What the study expects of candidates.
    fn expected<S: Space<Point = P>>(
        &self,
        space: &S,
        rows: &[&Point<P>],
    ) -> Result<Array1<f64>, Error> {
        let columns: Vec<&Point<P>> = self.points.iter().collect();
        let cross = self.layers.distances(space, rows, &columns)?;
        Ok(super::means(&self.head.surrogate, cross)?.row(0).to_owned())
    }
}

/// Says of points what each study expects of them.
pub(super) fn expect<S: Space>(
    studies: &[Earlier<S::Point>],
    space: &S,
    points: &mut [Point<S::Point>],
) -> Result<(), Error> {
    for study in studies {
        let rows: Vec<&Point<S::Point>> = points.iter().collect();
        let expected = study.expected(space, &rows)?;
        for (point, expected) in points.iter_mut().zip(expected) {
            point.expected.push(expected);
        }
    }
    let mut sketches: Vec<Sketch> = points
        .iter_mut()
        .map(|p| std::mem::take(&mut p.sketch))
        .collect();
    expect_roughly(studies, &mut sketches)?;
    for (point, sketch) in points.iter_mut().zip(sketches) {
        point.sketch = sketch;
    }
    Ok(())
}

/// Says of sketches what the process over counts of each study expects of them.
pub(super) fn expect_roughly<P: Clone + Send + Sync>(
    studies: &[Earlier<P>],
    sketches: &mut [Sketch],
) -> Result<(), Error> {
    for study in studies {
        let Some(screen) = &study.head.screen else {
            continue;
        };
        let at_end = |sketch| super::Parts {
            sketch,
            rung: Rung::default(),
        };
        let rows: Vec<_> = sketches.iter().map(at_end).collect();
        let columns: Vec<_> = study.points.iter().map(Point::parts).collect();
        let cross = study.layers.count_distances(&rows, &columns)?;
        let expected = super::means(screen, cross)?.row(0).to_owned();
        for (sketch, expected) in sketches.iter_mut().zip(expected) {
            sketch.expected.push(expected);
        }
    }
    Ok(())
}
