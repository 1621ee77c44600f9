//! Sorting of short lists, and of long ones that are sorted once, while a policy is read.

use std::cmp::Ordering;

/// Sorts, and leaves what is equal in its order.
///
/// The standard library's sorts are faster, and each type and order that they are used with adds 5 to 15 KB to the
/// module, all of which every proxy compiles when it starts: they were a tenth of it.
pub fn sort_by<T>(list: &mut Vec<T>, mut compare: impl FnMut(&T, &T) -> Ordering) {
    let mut sorted: Vec<T> = Vec::with_capacity(list.len());
    for item in list.drain(..) {
        let place = sorted.partition_point(|other| compare(other, &item).is_le());
        sorted.insert(place, item);
    }
    *list = sorted;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_the_stable_sort_of_the_standard_library(list: Vec<(u8, u16)>) {
            let (mut sorted, mut expected) = (list.clone(), list);
            super::sort_by(&mut sorted, |a, b| a.0.cmp(&b.0));
            expected.sort_by_key(|item| item.0);
            prop_assert_eq!(sorted, expected);
        }
    }
}
