//! The rungs of a training, and what trainings that inherit need.

use nasbot_opt::{Error, Halving, Rung};

/// The rungs of a training, in epochs.
#[derive(Clone, Debug, PartialEq)]
pub struct Fidelity {
    halving: Halving,
    /// Epochs done at each rung, the last of which is the end of a training; empty where trainings neither stop early nor inherit.
    epochs: Vec<u32>,
    inheritance: Option<Inheritance>,
}

/// How trainings inherit weights. A network that lies near one that was trained from nothing begins with that one's weights, and is
/// trained for a few epochs: that is the rung before all others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inheritance {
    /// Epochs of a training that inherits.
    pub epochs: u32,
    /// One in so many of these trainings is followed by one from nothing, at least 2.
    pub factor: usize,
    /// Bytes of weights that are kept for others, about.
    pub keep: u64,
    /// The largest distance to a network whose weights are inherited: the normalised one, its mean over the structural coefficients.
    pub nearest: f64,
}

impl Fidelity {
    /// Trainings that run to their end.
    #[must_use]
    pub fn full() -> Self {
        Self {
            halving: Halving::off(),
            epochs: Vec::new(),
            inheritance: None,
        }
    }

    /// Trainings that stop after each of `epochs`, the last being their end; one in `factor` goes on from each.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] unless `epochs` are at least two, rise, and begin above 0, and `factor` is at least 2.
    pub fn rungs(epochs: Vec<u32>, factor: usize) -> Result<Self, Error> {
        let rise = epochs.windows(2).all(|pair| pair[0] < pair[1]);
        if epochs.len() < 2 || !rise || epochs[0] == 0 {
            return Err(Error::Setting {
                name: "rungs",
                value: format!("{epochs:?}"),
                requirement: "they must be rising numbers of epochs, the first at least 1 and the last below the training's",
            });
        }
        let halving = Halving::new(epochs.len(), factor)?;
        Ok(Self {
            halving,
            epochs,
            inheritance: None,
        })
    }

    /// The same with trainings that inherit, where a whole training has `whole` epochs.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] names the first setting that is out of its range.
    pub fn inheriting(mut self, whole: u32, inheritance: Inheritance) -> Result<Self, Error> {
        let Inheritance {
            epochs,
            factor,
            keep,
            nearest,
        } = inheritance;
        let wrong = |name, value: String, requirement| Error::Setting {
            name,
            value,
            requirement,
        };
        if !(1..whole).contains(&epochs) {
            let requirement = "it must be at least 1 and below the epochs of a whole training";
            return Err(wrong("epochs", epochs.to_string(), requirement));
        }
        if keep == 0 {
            let requirement = "there must be room for the weights of at least one network";
            return Err(wrong("keep", keep.to_string(), requirement));
        }
        if !(nearest > 0.0 && nearest <= 1.0) {
            let requirement =
                "it must be above 0 and at most 1, the largest distance that there is";
            return Err(wrong("nearest", nearest.to_string(), requirement));
        }
        self.halving = self.halving.inheriting(factor)?;
        if self.epochs.is_empty() {
            self.epochs.push(whole);
        }
        self.epochs.insert(0, epochs);
        self.inheritance = Some(inheritance);
        Ok(self)
    }

    /// How many rungs there are and which share goes on.
    #[must_use]
    pub fn halving(&self) -> Halving {
        self.halving
    }

    /// Epochs of which a training consists up to a rung; `None` where trainings neither stop early nor inherit.
    #[must_use]
    pub fn epochs(&self, rung: Rung) -> Option<u32> {
        self.epochs.get(rung.index()).copied()
    }

    /// How many of these are done when the training to a rung begins.
    #[must_use]
    pub fn before(&self, rung: Rung) -> u32 {
        if rung <= self.halving.first() {
            return 0;
        }
        let before = rung.index().checked_sub(1);
        before
            .and_then(|before| self.epochs.get(before).copied())
            .unwrap_or(0)
    }

    /// Whether trainings from nothing stop early.
    #[must_use]
    pub fn stops(&self) -> bool {
        self.halving.last() > self.halving.first()
    }

    /// How trainings inherit, if they do.
    #[must_use]
    pub fn inheritance(&self) -> Option<&Inheritance> {
        self.inheritance.as_ref()
    }

    /// Whether a training to this rung begins with the weights of another.
    #[must_use]
    pub fn inherits(&self, rung: Rung) -> bool {
        rung < self.halving.first()
    }
}
