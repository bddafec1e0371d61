//! Figures of classifiers.

use crate::data::Metric;

/// What a classifier says of examples, and what they are.
pub(super) struct Classified<'a, T> {
    outputs: &'a [T],
    targets: &'a [i64],
    classes: usize,
    /// Examples by their class and the predicted one: row by row, a row a class.
    counts: Vec<u64>,
}

impl<'a, T: Copy + Into<f64>> Classified<'a, T> {
    /// Outputs of at least one example, as many for each.
    pub(super) fn new(outputs: &'a [T], targets: &'a [i64]) -> Self {
        let classes = outputs.len() / targets.len().max(1);
        let mut counts = vec![0; classes * classes];
        for (row, target) in outputs.chunks_exact(classes.max(1)).zip(targets) {
            counts[*target as usize * classes + first_of_largest(row)] += 1;
        }
        Self {
            outputs,
            targets,
            classes,
            counts,
        }
    }

    pub(super) fn classes(&self) -> usize {
        self.classes
    }

    /// Examples of class `of` that are taken for `taken`.
    pub(super) fn count(&self, of: usize, taken: usize) -> u64 {
        self.counts[of * self.classes + taken]
    }

    pub(super) fn figure(&self, metric: Metric) -> Option<f64> {
        match metric {
            Metric::Accuracy => {
                let right: u64 = (0..self.classes).map(|k| self.count(k, k)).sum();
                Some(right as f64 / self.targets.len() as f64)
            }
            Metric::BalancedAccuracy => mean((0..self.classes).filter_map(|k| {
                let examples = self.examples(k);
                (examples > 0).then(|| self.count(k, k) as f64 / examples as f64)
            })),
            Metric::MacroF1 => mean((0..self.classes).filter_map(|k| {
                let said: u64 = (0..self.classes).map(|of| self.count(of, k)).sum();
                let either = self.examples(k) + said;
                (either > 0).then(|| 2.0 * self.count(k, k) as f64 / either as f64)
            })),
            Metric::LogLoss => {
                let losses = self.rows().map(|(row, target)| -row[target].into());
                Some(losses.sum::<f64>() / self.targets.len() as f64)
            }
            Metric::Top(k) => {
                let is_hit = |(row, target): &(&[T], usize)| place(row, *target) < k as usize;
                let hits = self.rows().filter(is_hit).count();
                Some(hits as f64 / self.targets.len() as f64)
            }
            Metric::Auc => self.area(),
            _ => None,
        }
    }

    fn rows(&self) -> impl Iterator<Item = (&'a [T], usize)> {
        let targets = self.targets.iter().map(|target| *target as usize);
        self.outputs.chunks_exact(self.classes.max(1)).zip(targets)
    }

    /// Examples of a class.
    fn examples(&self, class: usize) -> u64 {
        (0..self.classes)
            .map(|taken| self.count(class, taken))
            .sum()
    }

    fn area(&self) -> Option<f64> {
        if self.classes == 2 {
            // The difference tells probabilities near 1 apart, whose logarithms are all 0 in 32 bits.
            let odds = |(row, target): (&[T], usize)| (row[1].into() - row[0].into(), target == 1);
            return area(self.rows().map(odds).collect());
        }
        mean((0..self.classes).filter_map(|class| {
            let against_others =
                |(row, target): (&[T], usize)| (row[class].into(), target == class);
            area(self.rows().map(against_others).collect())
        }))
    }
}

/// The area under the curve of a score that is to be high where the flag is set: the Mann–Whitney statistic, (R − m(m + 1)/2)/(m·k)
/// with R the sum of the ranks of the m set ones among all, ties sharing their mean rank, and k not set. `None` where one of the
/// two is missing.
fn area(mut scored: Vec<(f64, bool)>) -> Option<f64> {
    scored.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut ranks, mut set) = (0.0, 0_usize);
    let mut start = 0;
    while start < scored.len() {
        let is_tied = |(score, _): &&(f64, bool)| *score <= scored[start].0;
        let tied = scored[start..].iter().take_while(is_tied).count().max(1);
        let hits = scored[start..start + tied]
            .iter()
            .filter(|(_, flag)| *flag)
            .count();
        ranks += hits as f64 * (start as f64 + (tied as f64 + 1.0) / 2.0);
        set += hits;
        start += tied;
    }
    let (set, not) = (set as f64, (scored.len() - set) as f64);
    (set > 0.0 && not > 0.0).then(|| (ranks - set * (set + 1.0) / 2.0) / (set * not))
}

/// The class with the largest output, the first of equals.
fn first_of_largest<T: Copy + Into<f64>>(row: &[T]) -> usize {
    (1..row.len()).fold(0, |best, k| {
        if row[k].into() > row[best].into() {
            k
        } else {
            best
        }
    })
}

/// How many classes come before this one: those with a larger output, and of equals the earlier ones.
fn place<T: Copy + Into<f64>>(row: &[T], class: usize) -> usize {
    let own = row[class].into();
    let is_before = |(k, x): &(usize, &T)| {
        let x: f64 = (**x).into();
        x > own || (*k < class && x >= own)
    };
    row.iter().enumerate().filter(is_before).count()
}

fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = numbers.fold((0_usize, 0.0), |(count, sum), x| (count + 1, sum + x));
    (count > 0).then(|| sum / count as f64)
}
