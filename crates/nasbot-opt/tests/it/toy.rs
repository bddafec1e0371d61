//! A small space that is not made of networks: words over four letters, as chains of labelled nodes.

use nasbot_opt::{Counts, Evaluator, Outcome, SearchConfig, Space, Strategy};
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

    fn metric(&self) -> &Metric {
        &self.metric
    }

    fn profile(&self, word: &Word) -> Result<Profile, otmann::Error> {
        let masses = vec![1.0; word.len()];
        let edges: Vec<_> = (1..word.len()).map(|i| (i - 1, i)).collect();
        Profile::from_graph(
            &Graph {
                labels: word,
                masses: &masses,
                edges: &edges,
            },
            &self.metric,
        )
    }

    fn counts(&self, word: &Word) -> Vec<Counts> {
        vec![Counts::new(word.iter().map(|&letter| letter as u64))]
    }
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
        Outcome::Score(agree as f64 - 0.1 * word.len() as f64)
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
