use super::*;
use proptest::prelude::*;

/// 2026-01-02T03:04:05Z.
const NOW: u64 = 1_767_323_045_000;

fn names(table: &Demotions, now: u64, longest: u64) -> Vec<String> {
    Demotions::read(&table.write()).in_force(now, longest).demoted
}

#[test]
fn a_demotion_ends_by_itself() {
    let mut table = Demotions::default();
    assert!(table.is_empty() && table.is_over(NOW));
    assert!(table.note("a", 20_000, NOW) && table.note("b", 5_000, NOW));
    assert_eq!(names(&table, NOW, 60_000), ["a", "b"]);
    assert_eq!(names(&table, NOW + 5_000, 60_000), ["a"]);
    assert!(!table.is_over(NOW + 19_999));
    assert_eq!(names(&table, NOW + 20_000, 60_000), [""; 0]);
    assert!(table.is_over(NOW + 20_000) && !table.is_empty());
}

#[test]
fn the_policy_bounds_it() {
    let mut table = Demotions::default();
    table.note("a", u64::MAX, NOW);
    assert_eq!(names(&table, NOW + 9_999, 10_000), ["a"]);
    assert_eq!(names(&table, NOW + 10_000, 10_000), [""; 0]);
    assert!(table.is_over(NOW + LONGEST_PAUSE));
}

#[test]
fn of_what_is_told_at_once_the_longest_counts_and_later_what_is_told_then() {
    let mut table = Demotions::default();
    table.note("a", 20_000, NOW);
    assert!(!table.note("a", 1_000, NOW + 999), "an earlier end changes nothing");
    assert!(!table.note("a", 20_000, NOW + 999), "nor one that is hardly later");
    assert!(table.note("a", 20_000, NOW + 5_000));
    assert!(table.note("a", 30_000, NOW + 5_500));
    assert_eq!(names(&table, NOW + 35_499, 60_000), ["a"]);
    assert!(table.note("a", 1_000, NOW + 10_000));
    assert_eq!(names(&table, NOW + 10_999, 60_000), ["a"]);
    assert!(table.is_over(NOW + 11_000));
}

#[test]
fn a_pause_cut_short_by_the_policy_can_begin_anew() {
    let mut table = Demotions::default();
    table.note("a", 3_000_000, NOW);
    assert_eq!(names(&table, NOW + 10_000, 10_000), [""; 0]);
    table.note("a", 5_000, NOW + 10_000);
    assert_eq!(names(&table, NOW + 14_000, 10_000), ["a"]);
}

#[test]
fn a_clock_set_back_ends_it() {
    let mut table = Demotions::default();
    table.note("a", 20_000, NOW);
    assert_eq!(names(&table, NOW - 1, 60_000), [""; 0]);
    assert!(table.note("a", 1_000, NOW - 5_000));
}

#[test]
fn the_table_is_bounded() {
    let mut table = Demotions::default();
    for at in 0..200_u64 {
        table.note(&format!("m{at}"), 10_000 + at, NOW);
    }
    let kept = names(&table, NOW, 60_000);
    assert_eq!(kept.len(), Demotions::MOST);
    assert!(kept.contains(&"m199".to_owned()) && !kept.contains(&"m0".to_owned()), "those that end last stay");
}

proptest! {
    #[test]
    fn any_table_is_read_as_it_was_written(
        notes in prop::collection::vec(("[a-c]|\\PC{0,20}", 1..100_000_u64, 0..100_000_u64), 0..100),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut table = Demotions::default();
        for (model, pause, later) in &notes {
            table.note(model, *pause, NOW + later);
        }
        let bytes = table.write();
        prop_assert_eq!(&Demotions::read(&bytes), &table);
        let _ = Demotions::read(&bytes[..cut.index(bytes.len())]);
    }
}
