//! Neural networks as a space: the paper's initial pool, its morphs, its distance.

use std::fmt;
use std::sync::Arc;

use nn_graph::{Constraints, Kind, Network, pool, weisfeiler_lehman};
use otmann::{Metric, Profile, Scratch};
use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use crate::{Counts, Distance, Error, Space};

/// Levels of Weisfeiler–Lehman labels that the surrogate may compare.
const LEVELS: usize = 3;

/// Mutations that a random network is away from the pool, at most.
const WANDER: u32 = 16;

/// What one doubling of the mean number of units weighs against one layer or edge more.
const OCTAVE: f64 = 4.0;

/// The networks of one kind within constraints.
///
/// ```
/// use nasbot_opt::{NetworkSpace, Search, SearchConfig, Synthetic, Evaluator as _};
/// use nn_graph::{Bounds, Kind};
///
/// let constraints = Bounds { max_layers: Some(30), ..Bounds::default() }.checked()?;
/// let space = NetworkSpace::new(Kind::MlpReg, constraints)?;
/// let mut search = Search::new(space, SearchConfig::default().validated()?)?;
/// for _ in 0..12 {
///     let suggestion = search.suggest()?;
///     let outcome = Synthetic.evaluate(&suggestion.candidate, suggestion.seed);
///     search.tell(suggestion.id, outcome)?;
/// }
/// assert!(search.best().and_then(|e| e.score()).is_some_and(|score| score > 2.0));
/// # Ok::<(), nasbot_opt::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct NetworkSpace {
    kind: Kind,
    constraints: Constraints,
    metric: Metric,
    /// Given in place of the usual initial pool.
    given: Option<Vec<Network>>,
    /// Where random networks start from.
    starts: Vec<Network>,
    /// What is known of a network, where that was said.
    known: Option<Known>,
}

/// Numbers that are computed of a network.
type Compute = dyn Fn(&Network) -> Vec<f64> + Send + Sync;

/// Computes what is known of a network.
#[derive(Clone)]
struct Known(Arc<Compute>);

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Known")
    }
}

impl NetworkSpace {
    /// The networks of `kind` within `constraints`, compared by the paper's distance.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] names the bounds that exclude every initial network.
    pub fn new(kind: Kind, constraints: Constraints) -> Result<Self, Error> {
        let starts = pool::initial(kind, &constraints, &mut Pcg64::seed_from_u64(0))?;
        let metric = Metric::for_kind(kind);
        Ok(Self {
            kind,
            constraints,
            metric,
            given: None,
            starts,
            known: None,
        })
    }

    /// Starts from these networks in place of the paper's pool.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] when one is of another kind or outside the constraints, and
    /// [`Error::EmptySpace`] when there are none.
    pub fn with_pool(mut self, pool: Vec<Network>) -> Result<Self, Error> {
        for (index, network) in pool.iter().enumerate() {
            if network.kind() != self.kind {
                let reason = format!("it is of kind {}, not {}", network.kind(), self.kind);
                return Err(Error::Start { index, reason });
            }
            self.constraints
                .check(network)
                .map_err(|violation| Error::Start {
                    index,
                    reason: violation.to_string(),
                })?;
        }
        if pool.is_empty() {
            return Err(Error::EmptySpace);
        }
        self.starts.clone_from(&pool);
        self.given = Some(pool);
        Ok(self)
    }

    /// Compares networks by another distance.
    #[must_use]
    pub fn with_metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// Says what is known of a network without an evaluation, see [`Space::known`]; always the same number of finite numbers.
    #[must_use]
    pub fn with_known(
        mut self,
        known: impl Fn(&Network) -> Vec<f64> + Send + Sync + 'static,
    ) -> Self {
        self.known = Some(Known(Arc::new(known)));
        self
    }

    /// The kind of the networks.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What networks are compared by.
    #[must_use]
    pub fn metric(&self) -> &Metric {
        &self.metric
    }

    /// Networks that random ones start from: the initial ones.
    #[must_use]
    pub fn starts(&self) -> &[Network] {
        &self.starts
    }

    /// What every network keeps to.
    #[must_use]
    pub fn constraints(&self) -> &Constraints {
        &self.constraints
    }
}

impl Space for NetworkSpace {
    type Candidate = Network;
    type Point = Profile;

    fn initial<R: Rng + ?Sized>(&self, rng: &mut R) -> Vec<Network> {
        match &self.given {
            Some(pool) => pool.clone(),
            // The constructor has seen that there is a pool. The search says so if this one is empty.
            None => pool::initial(self.kind, &self.constraints, rng).unwrap_or_else(|_| Vec::new()),
        }
    }

    fn mutate<R: Rng + ?Sized>(&self, parent: &Network, rng: &mut R) -> Option<Network> {
        nn_graph::mutate(parent, &self.constraints, rng).ok()
    }

    fn hash(&self, network: &Network) -> u128 {
        network.canonical_hash()
    }

    fn allows(&self, network: &Network) -> bool {
        network.kind() == self.kind && self.constraints.check(network).is_ok()
    }

    fn point(&self, network: &Network) -> Result<Profile, Error> {
        Ok(Profile::new(network, &self.metric)?)
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

    /// Weisfeiler–Lehman labels of operations and strides, and the network's size: layers, edges,
    /// the mean number of units in octaves.
    fn counts(&self, network: &Network) -> Vec<Counts> {
        let layers = network.layers();
        let labels: Vec<u64> = (layers.iter())
            .map(|layer| 4 * layer.op.index() as u64 + layer.stride.map_or(0, u64::from))
            .collect();
        let levels = weisfeiler_lehman(&labels, |layer| network.parents(layer), LEVELS);
        let mut counts: Vec<Counts> = levels.into_iter().map(Counts::new).collect();
        let units: Vec<f64> = layers
            .iter()
            .filter_map(|l| l.units)
            .map(f64::from)
            .collect();
        let mean = units.iter().sum::<f64>() / units.len().max(1) as f64;
        counts.push(Counts::weighted([
            (0, layers.len() as f64),
            (1, network.edges().len() as f64),
            (2, OCTAVE * mean.max(1.0).log2()),
        ]));
        counts
    }

    /// Layers, edges, the total mass, which grows with the weights and the work, and the values that a forward pass keeps of
    /// one example, in units of the input's pixels.
    fn sizes(&self, network: &Network) -> Vec<f64> {
        let pixels = |layer| {
            let shrinkage = network.shrinkage_out(layer).map_or(1.0, f64::from);
            shrinkage.powi(-2)
        };
        let values = |layer| f64::from(network.channels_out(layer)) * pixels(layer);
        let values: f64 = (0..network.len()).map(values).sum();
        let (layers, edges) = (network.len() as f64, network.edges().len() as f64);
        vec![layers, edges, network.total_mass(), values]
    }

    fn known(&self, network: &Network) -> Vec<f64> {
        (self.known.as_ref()).map_or_else(Vec::new, |known| known.0(network))
    }

    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> Option<Network> {
        let mut network = self
            .starts
            .get(rng.random_range(0..self.starts.len()))?
            .clone();
        for _ in 0..rng.random_range(1..=WANDER) {
            if let Some(next) = self.mutate(&network, rng) {
                network = next;
            }
        }
        Some(network)
    }
}

/// [`Space::distances`] by optimal transport (the paper, section 3): one distance function for each structural coefficient of
/// `metric`; `normalised` is relative to the total mass of the two. For any space whose points are profiles.
///
/// # Errors
///
/// A profile was built for a metric with other labels or features.
pub fn optimal_transport(
    metric: &Metric,
    from: &Profile,
    to: &[&Profile],
    out: &mut [Distance],
) -> Result<(), Error> {
    let depth = metric.coefficients().len();
    let mut scratch = Scratch::default();
    let mut raw = vec![0.0; depth];
    for (to, out) in to.iter().zip(out.chunks_exact_mut(depth)) {
        metric.raw_into(&mut scratch, from, to, &mut raw)?;
        let total = from.total_mass() + to.total_mass();
        let scale = if total > 0.0 { 1.0 / total } else { 0.0 };
        for (out, &raw) in out.iter_mut().zip(&raw) {
            *out = Distance {
                raw,
                normalised: raw * scale,
            };
        }
    }
    Ok(())
}
