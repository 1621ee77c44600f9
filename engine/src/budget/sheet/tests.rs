use super::written::VERSION;
use super::*;
use crate::budget::window::{Period, rfc3339};
use proptest::prelude::*;

const MINUTE: Window = Window::Every(Period::Minute);
const ONE: Ask = Ask { least: 1, most: 1 };
/// 2026-11-28T04:45:00Z
const NOON: u64 = 1_795_841_100_000;

fn key(nth: usize) -> Key {
    Key::of(&nth.to_le_bytes())
}

fn used(sheet: &Sheet, nth: usize, now: u64) -> u64 {
    sheet.balance(key(nth), MINUTE, now).used
}

#[test]
fn what_is_set_aside_counts_until_it_is_settled() {
    let mut sheet = Sheet::default();
    let ask = Ask { least: 30, most: 80 };
    let first = sheet.reserve(key(1), ask, 100, MINUTE, NOON).expect("room");
    assert_eq!((first.amount(), used(&sheet, 1, NOON)), (80, 80));
    // A guess takes no more than there is; what is known has to fit.
    assert!(sheet.reserve(key(1), ask, 100, MINUTE, NOON).is_err());
    let second = sheet.reserve(key(1), Ask { least: 5, most: 80 }, 100, MINUTE, NOON).expect("room");
    assert_eq!((second.amount(), used(&sheet, 1, NOON)), (20, 100));
    sheet.settle(&first, 33, MINUTE, NOON + 1);
    sheet.release(&second, MINUTE, NOON + 2);
    assert_eq!(used(&sheet, 1, NOON + 3), 33);
    assert_eq!(used(&sheet, 2, NOON + 3), 0);
}

#[test]
fn a_window_ends_and_what_is_settled_behind_it_is_of_the_next() {
    let mut sheet = Sheet::default();
    let open = sheet.reserve(key(1), ONE, 9, MINUTE, NOON).expect("room");
    sheet.settle(&Reservation::nothing(key(1)), 7, MINUTE, NOON);
    let balance = sheet.balance(key(1), MINUTE, NOON + 1);
    assert_eq!((balance.used, rfc3339(balance.until)), (8, "2026-11-28T04:46:00Z".to_owned()));
    assert_eq!(used(&sheet, 1, NOON + 60_000), 1, "what is under way is under way in the next window, too");
    sheet.settle(&open, 3, MINUTE, NOON + 60_001);
    assert_eq!(used(&sheet, 1, NOON + 60_002), 3);
    assert_eq!(used(&sheet, 1, NOON + 120_000), 0);
}

#[test]
fn a_request_of_which_nobody_is_heard_ends_by_itself() {
    let mut sheet = Sheet::default();
    let open = sheet.reserve(key(1), ONE, 1, MINUTE, NOON).expect("room");
    assert_eq!(used(&sheet, 1, NOON + LIFE), 1);
    assert_eq!(used(&sheet, 1, NOON + LIFE + TOGETHER), 0);
    let next = sheet.reserve(key(1), ONE, 1, MINUTE, NOON + LIFE + TOGETHER).expect("room");
    // Should it be heard of after all, it takes nothing from others.
    sheet.settle(&open, 5, MINUTE, NOON + LIFE + TOGETHER + 1);
    assert_eq!(used(&sheet, 1, NOON + LIFE + TOGETHER + 1), 6);
    sheet.release(&next, MINUTE, NOON + LIFE + TOGETHER + 2);
    assert_eq!(used(&sheet, 1, NOON + LIFE + TOGETHER + 2), 5);
}

#[test]
fn a_clock_that_is_set_back_loses_nothing_and_stops_nothing() {
    let mut sheet = Sheet::default();
    let day = Window::Every(Period::Day);
    sheet.settle(&Reservation::nothing(key(1)), 7, day, NOON + 86_400_000 * 400);
    // By a second: it is waited for.
    sheet.settle(&Reservation::nothing(key(1)), 1, day, NOON + 86_400_000 * 400 - 1_000);
    assert_eq!(sheet.balance(key(1), day, NOON + 86_400_000 * 400).used, 8);
    // By a year: what was used counts today, and no longer.
    assert_eq!(sheet.balance(key(1), day, NOON).used, 8);
    sheet.settle(&Reservation::nothing(key(1)), 1, day, NOON);
    assert_eq!(sheet.balance(key(1), day, NOON).used, 9);
    assert_eq!(sheet.balance(key(1), day, NOON + 86_400_000).used, 0);
}

#[test]
fn a_sheet_has_room_for_so_many_and_the_others_share_one_account() {
    let mut sheet = Sheet::default();
    for nth in 0..10_000 {
        let taken = sheet.reserve(key(nth), Ask { least: 10, most: 10 }, 10, MINUTE, NOON);
        assert_eq!(taken.is_ok(), nth <= CAPACITY, "{nth}");
    }
    assert!(sheet.write().len() < 4_096, "{}", sheet.write().len());
    assert_eq!(used(&sheet, 77_777, NOON), 10, "who has no account looks at that of the others");
    assert_eq!(sheet.accounts.len(), CAPACITY + 1);
    // What does not count any more makes room.
    let later = NOON + LIFE + TOGETHER;
    assert!(sheet.reserve(key(77_777), ONE, 10, MINUTE, later).is_ok());
    assert_eq!((sheet.accounts.len(), used(&sheet, 77_777, later)), (1, 1));
}

#[test]
fn no_amount_is_too_large() {
    let mut sheet = Sheet::default();
    let all = Ask { least: u64::MAX, most: u64::MAX };
    let open = sheet.reserve(key(1), all, u64::MAX, MINUTE, u64::MAX).expect("room");
    sheet.settle(&Reservation::nothing(key(1)), u64::MAX, MINUTE, u64::MAX);
    assert_eq!(used(&sheet, 1, u64::MAX), u64::MAX);
    sheet.settle(&open, u64::MAX, MINUTE, u64::MAX);
    assert_eq!(used(&sheet, 1, u64::MAX), u64::MAX);
    assert_eq!(Sheet::read(&sheet.write()), Some(sheet));
}

/// What one of several workers does next, to the value that they share.
#[derive(Clone, Debug)]
enum Step {
    /// A request comes in: what it takes at least, and at most besides.
    Begin { key: usize, least: u64, more: u64 },
    /// A request ends: which, and what it has used.
    End { which: prop::sample::Index, real: u64 },
    /// A request never went out.
    Fail { which: prop::sample::Index },
    /// A worker dies with a request.
    Die { which: prop::sample::Index },
    /// Time goes by.
    Wait(u64),
    /// The clock is set back, by less than is waited for.
    Back(u64),
}

fn steps() -> impl Strategy<Value = Vec<(Step, usize)>> {
    let which = any::<prop::sample::Index>;
    let step = prop_oneof![
        6 => (0..3_usize, 0..40_u64, 0..40_u64).prop_map(|(key, least, more)| Step::Begin { key, least, more }),
        4 => (which(), 0..80_u64).prop_map(|(which, real)| Step::End { which, real }),
        1 => which().prop_map(|which| Step::Fail { which }),
        1 => which().prop_map(|which| Step::Die { which }),
        4 => prop_oneof![0..40_000_u64, 0..400_000_u64].prop_map(Step::Wait),
        1 => (0..30_000_u64).prop_map(Step::Back),
    ];
    // How often another worker is faster.
    prop::collection::vec((step, 0..3_usize), 0..80)
}

/// The shared value, and its number as the host counts it.
struct Shared {
    value: Vec<u8>,
    cas: u32,
}

impl Shared {
    /// Changes the value as a worker does. As often as `lost` says, somebody else puts the same value there before: the
    /// change has to be made anew.
    fn change<R>(&mut self, lost: usize, change: impl Fn(&mut Sheet) -> R) -> R {
        let mut others = lost;
        loop {
            let (seen, cas) = (self.value.clone(), self.cas);
            let mut sheet = Sheet::read(&seen).unwrap_or_default();
            let result = change(&mut sheet);
            if others > 0 {
                others -= 1;
                self.cas += 1;
            }
            if self.cas == cas {
                self.value = sheet.write();
                self.cas += 1;
                return result;
            }
        }
    }
}

/// What there should be: every request under way, and everything that was used.
#[derive(Default)]
struct Model {
    open: Vec<(usize, u64, Reservation)>,
    lost: Vec<(usize, u64, u64)>,
    used: Vec<(usize, u64, u64)>,
}

impl Model {
    fn booked(&self, key: usize, window: Window, now: u64) -> u64 {
        let first = window.first_counted(window.part(now));
        let counts = |(own, at, _): &&(usize, u64, u64)| *own == key && window.part(*at) >= first;
        self.used.iter().filter(counts).map(|(_, _, amount)| amount).sum()
    }

    /// What is set aside for certain, and at most.
    fn held(&self, key: usize, now: u64) -> (u64, u64) {
        let open = self.open.iter().map(|(own, at, reservation)| (*own, *at, reservation.amount()));
        let all = || open.clone().chain(self.lost.iter().copied()).filter(|(own, ..)| *own == key);
        let sum = |life: u64| all().filter(|(_, at, _)| now < at + life).map(|(_, _, amount)| amount).sum();
        (sum(LIFE), sum(LIFE + TOGETHER))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// Never negative, never lost, never counted twice: whatever workers do, in any order, and whoever loses a race.
    #[test]
    fn the_ledger_agrees_with_its_model(
        steps in steps(),
        window in prop::sample::select(vec![
            MINUTE, Window::Every(Period::Hour), Window::Every(Period::Month), Window::Rolling(100_000), Window::Rolling(5),
        ]),
        limit in 1..200_u64,
    ) {
        let (mut shared, mut model) = (Shared { value: Vec::new(), cas: 1 }, Model::default());
        let (mut clock, mut latest) = (NOON, 0_u64);
        for (step, lost) in steps {
            match step {
                Step::Wait(time) => clock += time,
                Step::Back(time) => clock -= time,
                Step::Begin { key: nth, least, more } => {
                    latest = latest.max(clock);
                    let ask = Ask { least, most: least + more };
                    let before = Sheet::read(&shared.value).unwrap_or_default().balance(key(nth), window, clock).used;
                    match shared.change(lost, |sheet| sheet.reserve(key(nth), ask, limit, window, clock)) {
                        Ok(reservation) => {
                            prop_assert!(before + least <= limit || least == 0);
                            prop_assert!(reservation.amount() <= limit.saturating_sub(before));
                            prop_assert!(reservation.amount() >= least);
                            model.open.push((nth, latest, reservation));
                        }
                        Err(balance) => prop_assert!(balance.used == before && before + least > limit),
                    }
                }
                Step::End { which, real } if !model.open.is_empty() => {
                    latest = latest.max(clock);
                    let (nth, _, reservation) = model.open.swap_remove(which.index(model.open.len()));
                    shared.change(lost, |sheet| sheet.settle(&reservation, real, window, clock));
                    model.used.push((nth, latest, real));
                }
                Step::Fail { which } if !model.open.is_empty() => {
                    latest = latest.max(clock);
                    let (_, _, reservation) = model.open.swap_remove(which.index(model.open.len()));
                    shared.change(lost, |sheet| sheet.release(&reservation, window, clock));
                }
                Step::Die { which } if !model.open.is_empty() => {
                    let (nth, at, reservation) = model.open.swap_remove(which.index(model.open.len()));
                    model.lost.push((nth, at, reservation.amount()));
                }
                _ => {}
            }
            clock = clock.max(latest.saturating_sub(WAITED_FOR));
            let sheet = Sheet::read(&shared.value).unwrap_or_default();
            for nth in 0..3 {
                let (used, now) = (sheet.balance(key(nth), window, clock).used, clock.max(latest));
                let (booked, (surely, perhaps)) = (model.booked(nth, window, now), model.held(nth, now));
                prop_assert!((booked + surely..=booked + perhaps).contains(&used), "{} of {} and {}-{}", used, booked, surely, perhaps);
            }
        }
    }

    /// Whoever loses a race has changed nothing; whatever another has written in between is kept.
    #[test]
    fn a_lost_race_is_run_again(order in prop::collection::vec(0..4_usize, 1..40)) {
        let (mut value, mut cas) = (Vec::new(), 1_u32);
        let mut seen: [Option<(Vec<u8>, u32)>; 4] = Default::default();
        let mut booked = 0;
        for worker in order {
            match seen[worker].take() {
                None => seen[worker] = Some((value.clone(), cas)),
                Some((was, number)) => {
                    let mut sheet = Sheet::read(&was).unwrap_or_default();
                    sheet.settle(&Reservation::nothing(key(1)), 1, MINUTE, NOON);
                    if number == cas {
                        (value, cas) = (sheet.write(), cas + 1);
                        booked += 1;
                    }
                }
            }
            prop_assert_eq!(used(&Sheet::read(&value).unwrap_or_default(), 1, NOON), booked);
        }
    }

    /// No bytes trap, and what is read is bounded.
    #[test]
    fn any_bytes_are_a_sheet_or_none(
        mut bytes in prop::collection::vec(any::<u8>(), 0..400),
        is_ours in any::<bool>(),
        now in any::<u64>(),
        (limit, used) in any::<(u64, u64)>(),
    ) {
        if is_ours && let Some(first) = bytes.first_mut() {
            *first = VERSION;
        }
        if let Some(mut sheet) = Sheet::read(&bytes) {
            prop_assert!(sheet.accounts.len() <= CAPACITY + 1);
            for window in [MINUTE, Window::Rolling(7), Window::Every(Period::Month)] {
                let _ = sheet.balance(key(1), window, now);
                let before = sheet.balance(key(1), window, now).used;
                match sheet.reserve(key(1), ONE, limit, window, now) {
                    Ok(open) => {
                        prop_assert!(before < limit && open.amount() == 1);
                        sheet.settle(&open, used, window, now);
                        prop_assert!(sheet.balance(key(1), window, now).used >= used);
                    }
                    Err(balance) => prop_assert!(balance.used == before && before >= limit),
                }
                let again = Sheet::read(&sheet.write());
                prop_assert_eq!(again.as_ref(), Some(&sheet));
            }
        }
    }
}
