//! Certain fields of events, read in the same pass for others than patterns.

use super::super::{Scalar, Selector};
use super::{NotAnEvent, read, trie::Trie};

/// Places in a record whose values are asked for.
#[derive(Clone, Debug)]
pub(crate) struct Paths(Trie);

impl Paths {
    /// These places.
    pub(crate) fn new(selectors: &[Selector]) -> Self {
        Self(Trie::new(selectors))
    }

    /// Hands over every value at these places, with the number of its selector, in the order of the event. `None` is an object
    /// or a list, and comes before what is in it.
    pub(crate) fn read(
        &self,
        event: &str,
        take: impl FnMut(usize, Option<Scalar<'_>>),
    ) -> Result<(), NotAnEvent> {
        read::read(event, &self.0, take).map_err(|error| NotAnEvent(error.to_string()))
    }
}
