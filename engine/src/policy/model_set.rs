//! Sets of models, one bit for each.

use super::catalog::ModelId;

/// A set of models.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct ModelSet(Vec<u64>);

impl ModelSet {
    pub(crate) fn insert(&mut self, ModelId(id): ModelId) {
        let (word, bit) = (usize::from(id / 64), id % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << bit;
        }
    }

    /// Keeps only what is in the other as well.
    pub(crate) fn keep(&mut self, other: &Self) {
        self.0.truncate(other.0.len());
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= other);
    }

    pub(crate) fn contains(&self, ModelId(id): ModelId) -> bool {
        self.0.get(usize::from(id / 64)).is_some_and(|word| word >> (id % 64) & 1 == 1)
    }
}

impl FromIterator<ModelId> for ModelSet {
    fn from_iter<I: IntoIterator<Item = ModelId>>(models: I) -> Self {
        let mut set = Self::default();
        models.into_iter().for_each(|model| set.insert(model));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_models_beyond_the_first_word() {
        let set: ModelSet = [ModelId(3), ModelId(64), ModelId(200)].into_iter().collect();
        let held: Vec<_> = (0..300).map(ModelId).filter(|id| set.contains(*id)).collect();
        assert_eq!(held, [ModelId(3), ModelId(64), ModelId(200)]);
    }
    #[test]
    fn what_is_kept_is_in_both() {
        for (one, other, both) in [
            (&[1, 70, 130][..], &[1, 2, 130][..], &[1, 130][..]),
            (&[1, 200], &[1], &[1]),
            (&[1], &[1, 200], &[1]),
            (&[5], &[], &[]),
        ] {
            let set = |ids: &[u16]| -> ModelSet { ids.iter().copied().map(ModelId).collect() };
            let mut kept = set(one);
            kept.keep(&set(other));
            assert_eq!((0..300).filter(|id| kept.contains(ModelId(*id))).collect::<Vec<_>>(), both);
        }
    }
}
