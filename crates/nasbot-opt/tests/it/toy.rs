//! A small space that is not made of networks: words over four letters, as chains of labelled nodes.

use nasbot_opt::{
    Counts, Distance, Error, Evaluator, Outcome, SearchConfig, Space, Strategy, optimal_transport,
};
use otmann::{Graph, Metric, Mismatch, Profile};
use rand::{Rng, RngExt as _};

/// Letters of a word: 0 to 3.
pub(crate) type Word = Vec<usize>;

/// Words of 1 to `longest` letters. A word and its reversal count as the same architecture.
pub(crate) struct Words {
    metric: Metric,
    pub(crate) longest: usize,
}

impl Words {
    pub(crate) fn new(longest: usize) -> Self {
        let mismatch = Mismatch::new(["a", "b", "c", "d"]).unwrap();
        let metric = Metric::new(mismatch.with("a", "b", 0.3).unwrap());
        Self { metric, longest }
    }

    /// Number of words, where a word and its reversal are one.
    pub(crate) fn size(&self) -> usize {
        (1..=self.longest as u32)
            .map(|n| (4_usize.pow(n) + 4_usize.pow(n.div_ceil(2))) / 2)
            .sum()
    }
}

impl Space for Words {
    type Candidate = Word;
    type Point = Profile;

    fn initial<R: Rng + ?Sized>(&self, rng: &mut R) -> Vec<Word> {
        let last = rng.random_range(0..4);
        vec![vec![0], vec![1, 2], vec![2, 1], vec![last, 3]]
    }

    fn mutate<R: Rng + ?Sized>(&self, parent: &Word, rng: &mut R) -> Option<Word> {
        let mut word = parent.clone();
        let place = rng.random_range(0..word.len());
        match rng.random_range(0..3) {
            0 => word[place] = rng.random_range(0..4),
            1 => word.insert(place, rng.random_range(0..4)),
            _ => drop(word.remove(place)),
        }
        (1..=self.longest).contains(&word.len()).then_some(word)
    }

    fn hash(&self, word: &Word) -> u128 {
        let number = |w: &mut dyn Iterator<Item = &usize>| {
            w.fold(1, |hash: u128, &letter| 4 * hash + letter as u128)
        };
        number(&mut word.iter()).min(number(&mut word.iter().rev()))
    }

    fn allows(&self, word: &Word) -> bool {
        (1..=self.longest).contains(&word.len())
    }

    fn point(&self, word: &Word) -> Result<Profile, Error> {
        let masses = vec![1.0; word.len()];
        let edges: Vec<_> = (1..word.len()).map(|i| (i - 1, i)).collect();
        let graph = Graph {
            labels: word,
            masses: &masses,
            edges: &edges,
        };
        Ok(Profile::from_graph(&graph, &self.metric)?)
    }

    fn num_distances(&self) -> usize {
        self.metric.coefficients().len()
    }

    fn distances(
        &self,
        from: &Profile,
        to: &[&Profile],
        out: &mut [Distance],
    ) -> Result<(), Error> {
        optimal_transport(&self.metric, from, to, out)
    }

    fn counts(&self, word: &Word) -> Vec<Counts> {
        vec![Counts::new(word.iter().map(|&letter| letter as u64))]
    }
}

/// The same words under an edit distance, without transports and without counts.
pub(crate) struct Edits(pub(crate) Words);

impl Space for Edits {
    type Candidate = Word;
    type Point = Word;

    fn initial<R: Rng + ?Sized>(&self, rng: &mut R) -> Vec<Word> {
        self.0.initial(rng)
    }

    fn mutate<R: Rng + ?Sized>(&self, parent: &Word, rng: &mut R) -> Option<Word> {
        self.0.mutate(parent, rng)
    }

    fn hash(&self, word: &Word) -> u128 {
        self.0.hash(word)
    }

    fn point(&self, word: &Word) -> Result<Word, Error> {
        if (1..=self.0.longest).contains(&word.len()) {
            return Ok(word.clone());
        }
        let reason = format!("it has {} letters, not 1 to {}", word.len(), self.0.longest);
        Err(Error::Candidate { reason })
    }

    fn num_distances(&self) -> usize {
        1
    }

    fn distances(&self, from: &Word, to: &[&Word], out: &mut [Distance]) -> Result<(), Error> {
        let reversed: Word = from.iter().rev().copied().collect();
        for (to, out) in to.iter().zip(out) {
            let raw = edits(from, to).min(edits(&reversed, to));
            *out = Distance {
                raw,
                normalised: raw / (from.len() + to.len()) as f64,
            };
        }
        Ok(())
    }
}

/// The edit distance of Levenshtein, in which a and b are nearly the same letter.
fn edits(from: &[usize], to: &[usize]) -> f64 {
    let mut costs: Vec<f64> = (0..=to.len()).map(|j| j as f64).collect();
    for (i, &a) in from.iter().enumerate() {
        let mut diagonal = costs[0];
        costs[0] = (i + 1) as f64;
        for (j, &b) in to.iter().enumerate() {
            let replaced = match (a.min(b), a.max(b)) {
                (a, b) if a == b => 0.0,
                (0, 1) => 0.3,
                _ => 1.0,
            };
            let here = (diagonal + replaced)
                .min(costs[j] + 1.0)
                .min(costs[j + 1] + 1.0);
            diagonal = costs[j + 1];
            costs[j + 1] = here;
        }
    }
    costs[to.len()]
}

/// How many letters agree with "dcba…", less a little for length: the best word is `dcba` repeated.
pub(crate) struct Agreement;

impl Evaluator<Word> for Agreement {
    fn evaluate(&self, word: &Word, _seed: u64) -> Outcome {
        let agree = word
            .iter()
            .enumerate()
            .filter(|&(i, &letter)| letter == 3 - i % 4)
            .count();
        Outcome::scored(agree as f64 - 0.1 * word.len() as f64)
    }
}

/// Every strategy, and of `nasbot` every acquisition.
pub(crate) fn settings(seed: u64) -> Vec<SearchConfig> {
    let base = |strategy| SearchConfig {
        seed,
        strategy,
        effort: 2,
        samples: 3,
        ..SearchConfig::default()
    };
    let others = Strategy::ALL
        .iter()
        .filter(|&&s| s != Strategy::Nasbot)
        .map(|&s| base(s));
    let acquisitions = nasbot_opt::Acquisition::ALL.iter();
    let ours = acquisitions.map(|&acquisition| SearchConfig {
        acquisition,
        ..base(Strategy::Nasbot)
    });
    others.chain(ours).collect()
}

pub(crate) fn name(config: &SearchConfig) -> String {
    format!("{} {}", config.strategy, config.acquisition)
}
