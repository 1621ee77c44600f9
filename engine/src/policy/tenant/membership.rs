//! All that a caller is: most are one tenant, and cost no more than that.

use super::TenantId;
use std::iter::{Chain, Copied};
use std::{option, slice};

/// The tenants that a caller is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Membership {
    main: Option<TenantId>,
    /// Empty for a caller that is one tenant, and then nothing is allocated.
    others: Box<[TenantId]>,
}

impl Membership {
    /// The one that accounts, metrics and shares know the caller by: the first that ends the search, or else the first.
    pub(crate) fn main(&self) -> Option<TenantId> {
        self.main
    }

    /// Those that a record names, the main one first.
    #[cfg(any(test, feature = "replay"))]
    pub(crate) fn told(tenants: impl IntoIterator<Item = TenantId>) -> Self {
        let mut tenants = tenants.into_iter();
        Self { main: tenants.next(), others: tenants.collect() }
    }

    /// Adds the next that the caller is. `ends` says whether it ends the search.
    pub(crate) fn add(&mut self, tenant: TenantId, ends: bool) {
        match self.main {
            None => self.main = Some(tenant),
            Some(first) => {
                let mut others = std::mem::take(&mut self.others).into_vec();
                if ends {
                    others.insert(0, first);
                    self.main = Some(tenant);
                } else {
                    others.push(tenant);
                }
                self.others = others.into();
            }
        }
    }
}

impl<'m> IntoIterator for &'m Membership {
    type Item = TenantId;
    type IntoIter = Chain<option::IntoIter<TenantId>, Copied<slice::Iter<'m, TenantId>>>;

    /// The main one first, then the others in the order of the document.
    fn into_iter(self) -> Self::IntoIter {
        self.main.into_iter().chain(self.others.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(matched: &[(u16, bool)], main: Option<u16>, all: &[u16]) {
        let mut membership = Membership::default();
        matched.iter().for_each(|(id, ends)| membership.add(TenantId(*id), *ends));
        assert_eq!(membership.main(), main.map(TenantId), "{matched:?}");
        assert_eq!(membership.into_iter().map(|TenantId(id)| id).collect::<Vec<_>>(), all, "{matched:?}");
    }

    #[test]
    fn the_main_one_is_who_ends_the_search() {
        check(&[], None, &[]);
        check(&[(3, true)], Some(3), &[3]);
        check(&[(3, false)], Some(3), &[3]);
        check(&[(1, false), (2, false), (5, true)], Some(5), &[5, 1, 2]);
        check(&[(1, false), (2, false), (5, false)], Some(1), &[1, 2, 5]);
    }
}
