//! What is wrong with a table, all at once.

use crate::Error;

/// Problems that are told; of more, only the number.
const TOLD: usize = 20;

/// What has been found to be wrong so far.
#[derive(Default)]
pub(super) struct Problems {
    told: Vec<Error>,
    more: usize,
}

impl Problems {
    pub(super) fn add(&mut self, error: Error) {
        if self.told.len() < TOLD {
            self.told.push(error);
        } else {
            self.more += 1;
        }
    }

    /// An error if there is any.
    pub(super) fn none(mut self) -> Result<(), Error> {
        if self.told.len() > 1 {
            return Err(Error::Several {
                errors: self.told,
                more: self.more,
            });
        }
        self.told.pop().map_or(Ok(()), Err)
    }
}
