//! Whether it pays to look again and again for a little while before a thread sleeps.
//!
//! What comes within a spin costs no system call on either side and saves two switches, some 30 µs; a spin in vain costs
//! its own length, which nobody misses on an idle machine. Where processors are wanted it takes them from the very
//! process that would answer, and uses up the spinner's own share, so that it waits for whole time slices afterwards.
//!
//! So there is no spin while the machine is crowded: while the thread, when it could run, had to wait for a processor
//! for 40 % of the last time (some 40 ms), until that is below 25 %. Beside one busy thread for each processor it is some
//! 30 %, and spins still pay; beside two it is more than half, and with spins a round trip takes half as long again as
//! without (two processors, November 2026).
//! The system counts that time, and is asked at most every 5 ms, and only when a spin is about to begin. Spins that took
//! 100 µs longer than asked count as well: the machine below this one may be crowded. (How often the system takes a
//! thread off its processor is no measure: on an idle machine two threads that wake each other share one for some
//! milliseconds now and then, and switch many times.)
//!
//! Otherwise a spin costs credit, of which there is 32:
//!
//! | a wait | credit |
//! |---|---|
//! | ended at once | as before |
//! | ended within its spin | 32 |
//! | ended soon after its spin, within 100 µs | 1 less |
//! | lasted longer | 4 less |
//!
//! The third row is what two threads see that answer each other and miss each other's spins by the time it takes to wake
//! up: they need some tries until both are awake. Without credit there is no spin until there were 8 waits that ended
//! soon, or 56 others (or some of each); then there is credit for 8. If that is used up in vain, it is twice as many the
//! next time, and so on to 64 and 448. So of spins in vain two in 58 are made at first and two in 450 later on, and one in
//! nine of those which were nearly in time.

use std::time::{Duration, Instant};

const CREDIT_MAX: u32 = 32;
const CREDIT_OF_TRIAL: u32 = 8;
const SOON: Duration = Duration::from_micros(100);
const PRICE_SOON: u32 = 1;
const PRICE_LATE: u32 = 4;
/// What a wait without a spin brings towards the next trial, and what is needed.
const STEP_SOON: u32 = 7;
const STEP_LATE: u32 = 1;
const STEPS_MIN: u32 = 56;
const STEPS_MAX: u32 = 448;

const ASK_AFTER: Duration = Duration::from_millis(5);
/// How many of the latest questions count.
const MEMORY: u32 = 8;
const CROWDED_PER_MILLE: u32 = 400;
const CALM_PER_MILLE: u32 = 250;
const LATE: Duration = Duration::from_micros(100);

pub struct Spin {
    limit: Duration,
    credit: u32,
    steps: u32,
    steps_needed: u32,
    /// The present wait: since when, and what became of its spin, if there was one.
    wait: Option<(Instant, Option<bool>)>,
    crowd: Crowd,
}

/// How long the thread waits for a processor.
#[derive(Default)]
struct Crowd {
    asked: Option<(Instant, Duration)>,
    /// What spins have taken longer than asked, since then.
    lateness: Duration,
    per_mille: u32,
    is_crowded: bool,
}

impl Spin {
    /// A spin lasts `limit`; zero: there is none.
    pub fn new(limit: Duration) -> Self {
        let crowd = Crowd::default();
        Self { limit, credit: CREDIT_MAX, steps: 0, steps_needed: STEPS_MIN, wait: None, crowd }
    }

    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// The thread has nothing to do: whether it spins. `delay` is how long it has waited for a processor in its life, if
    /// that is known.
    pub fn begins(&mut self, now: Instant, delay: impl FnOnce() -> Option<Duration>) -> bool {
        if self.limit.is_zero() {
            return false;
        }
        self.wait = Some((now, None));
        self.crowd.look(now, delay);
        self.credit > 0 && !self.crowd.is_crowded
    }

    /// The spin has ended: whether something came, and how long it took.
    pub fn ended(&mut self, came: bool, took: Duration) {
        let lateness = took.saturating_sub(self.limit);
        if lateness > LATE {
            self.crowd.lateness += lateness;
        }
        if let Some((_, caught)) = &mut self.wait {
            *caught = Some(came);
        }
    }

    /// Something has come, within a spin or not.
    pub fn arrived(&mut self, now: impl FnOnce() -> Instant) {
        let Some((since, caught)) = self.wait.take() else { return };
        let is_soon = || now().saturating_duration_since(since) <= self.limit + SOON;
        match caught {
            Some(true) => {
                self.credit = CREDIT_MAX;
                (self.steps, self.steps_needed) = (0, STEPS_MIN);
            }
            Some(false) => {
                self.credit = self.credit.saturating_sub(if is_soon() { PRICE_SOON } else { PRICE_LATE });
            }
            None if self.credit == 0 => {
                self.steps += if is_soon() { STEP_SOON } else { STEP_LATE };
                if self.steps >= self.steps_needed {
                    self.credit = CREDIT_OF_TRIAL;
                    self.steps = 0;
                    self.steps_needed = (self.steps_needed * 2).min(STEPS_MAX);
                }
            }
            None => {}
        }
    }
}

impl Crowd {
    fn look(&mut self, now: Instant, delay: impl FnOnce() -> Option<Duration>) {
        let Some((at, before)) = self.asked else {
            self.asked = Some((now, delay().unwrap_or_default()));
            return;
        };
        let passed = now.saturating_duration_since(at);
        if passed < ASK_AFTER {
            return;
        }
        let delay = delay().unwrap_or_default();
        let waited = delay.saturating_sub(before).max(std::mem::take(&mut self.lateness));
        let share = (waited.as_micros() * 1000 / passed.as_micros().max(1)).min(1000) as u32;
        // The longer ago the last question, the less the answers before it count.
        let weight = (passed.as_micros() / ASK_AFTER.as_micros()).min(u128::from(MEMORY)) as u32;
        self.per_mille = (self.per_mille * (MEMORY - weight) + share * weight) / MEMORY;
        self.is_crowded = self.per_mille >= if self.is_crowded { CALM_PER_MILLE } else { CROWDED_PER_MILLE };
        self.asked = Some((now, delay));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_micros(20);
    const WORK: Duration = Duration::from_micros(5);
    const AT_ONCE: Duration = Duration::from_micros(3);
    const NEARLY: Duration = Duration::from_micros(60);
    const MUCH_LATER: Duration = Duration::from_millis(3);

    /// A thread that works for a little and then waits, again and again, on a clock that the test moves.
    struct Thread {
        spin: Spin,
        now: Instant,
        /// Of its time, what it waits for a processor.
        crowd_per_mille: u32,
        delay: Duration,
        asked: u32,
    }

    impl Thread {
        fn new() -> Self {
            let spin = Spin::new(LIMIT);
            Self { spin, now: Instant::now(), crowd_per_mille: 0, delay: Duration::ZERO, asked: 0 }
        }

        fn passes(&mut self, time: Duration) {
            self.now += time;
            self.delay += time * self.crowd_per_mille / 1000;
        }

        /// Whether it spins in a wait of that length.
        fn waits(&mut self, length: Duration) -> bool {
            self.passes(WORK);
            let (delay, asked) = (self.delay, &mut self.asked);
            let spins = self.spin.begins(self.now, || {
                *asked += 1;
                Some(delay)
            });
            if spins {
                self.spin.ended(length <= LIMIT, length.min(LIMIT));
            }
            self.passes(length);
            let now = self.now;
            self.spin.arrived(|| now);
            spins
        }

        /// How many of these waits begin with a spin.
        fn spins_in(&mut self, waits: u32, length: Duration) -> u32 {
            (0..waits).map(|_| u32::from(self.waits(length))).sum()
        }
    }

    #[test]
    fn spins_that_catch_something_are_all_made_also_when_others_are_in_vain() {
        let mut thread = Thread::new();
        assert_eq!(thread.spins_in(10_000, AT_ONCE), 10_000);
        for _ in 0..100 {
            assert_eq!(thread.spins_in(7, MUCH_LATER), 7);
            assert_eq!(thread.spins_in(1, AT_ONCE), 1);
            assert_eq!(thread.spins_in(30, NEARLY), 30);
            assert_eq!(thread.spins_in(1, AT_ONCE), 1);
        }
    }

    #[test]
    fn spins_long_before_anything_comes_are_given_up_and_tried_now_and_then() {
        let mut thread = Thread::new();
        assert_eq!(thread.spins_in(8, MUCH_LATER), 8);
        assert_eq!(thread.spins_in(56, MUCH_LATER), 0);
        assert_eq!(thread.spins_in(2, MUCH_LATER), 2);
        assert_eq!(thread.spins_in(112, MUCH_LATER), 0);
        thread.spins_in(1000, MUCH_LATER);
        assert_eq!(thread.spins_in(4500, MUCH_LATER), 20);
    }

    #[test]
    fn spins_that_are_nearly_in_time_are_tried_for_longer_and_more_often() {
        let mut thread = Thread::new();
        assert_eq!(thread.spins_in(32, NEARLY), 32);
        assert_eq!(thread.spins_in(8, NEARLY), 0);
        assert_eq!(thread.spins_in(8, NEARLY), 8);
        assert_eq!(thread.spins_in(16, NEARLY), 0);
        thread.spins_in(1000, NEARLY);
        let made = thread.spins_in(7200, NEARLY);
        assert!((792..=808).contains(&made), "{made} of 7200");
    }

    #[test]
    fn after_a_long_calm_answers_that_come_soon_bring_the_spins_back() {
        let mut thread = Thread::new();
        thread.spins_in(5000, MUCH_LATER);
        let first = (0..100).find(|_| thread.waits(NEARLY)).expect("it tries again");
        assert!(first <= 64, "{first} answers later");
        assert_eq!(thread.spins_in(100, AT_ONCE), 100);
        thread.spins_in(8, MUCH_LATER);
        assert_eq!(thread.spins_in(9, NEARLY), 1, "the next trial is as near as at first");
    }

    #[test]
    fn on_a_crowded_machine_there_is_no_spin_and_soon_after_it_there_is() {
        let mut thread = Thread::new();
        let waits_in_ms = |ms: u32| ms * 1000 / (AT_ONCE + WORK).as_micros() as u32;
        thread.spins_in(waits_in_ms(100), AT_ONCE);
        thread.crowd_per_mille = 600;
        let until_noticed = thread.spins_in(waits_in_ms(1000), AT_ONCE);
        assert!(until_noticed < waits_in_ms(60), "{until_noticed}");
        thread.crowd_per_mille = 300;
        assert_eq!(thread.spins_in(waits_in_ms(1000), AT_ONCE), 0, "better, but not calm");
        thread.crowd_per_mille = 20;
        let made = thread.spins_in(waits_in_ms(1000), AT_ONCE);
        assert!(made > waits_in_ms(900), "{made}");
    }

    #[test]
    fn a_short_time_of_crowding_does_not_matter() {
        let mut thread = Thread::new();
        for _ in 0..50 {
            thread.crowd_per_mille = 300;
            assert_eq!(thread.spins_in(10_000, AT_ONCE), 10_000);
            thread.crowd_per_mille = 800;
            assert_eq!(thread.spins_in(800, AT_ONCE), 800);
        }
    }

    #[test]
    fn spins_that_take_much_longer_than_asked_count_as_crowding_where_the_system_tells_nothing() {
        let mut thread = Thread::new();
        let mut made = 0;
        for _ in 0..1000 {
            let now = thread.now;
            if thread.spin.begins(now, || None) {
                made += 1;
                thread.now += MUCH_LATER;
                thread.spin.ended(true, MUCH_LATER);
            }
            thread.now += Duration::from_millis(1);
            let now = thread.now;
            thread.spin.arrived(|| now);
        }
        assert!((20..400).contains(&made), "{made} of 1000");
    }

    #[test]
    fn the_system_is_asked_seldom() {
        let mut thread = Thread::new();
        let began = thread.now;
        thread.spins_in(100_000, AT_ONCE);
        let (asked, passed) = (thread.asked, (thread.now - began).as_millis() as u32);
        assert!(asked <= passed / 5 + 1, "{asked} times in {passed} ms");
    }

    #[test]
    fn without_a_length_there_is_no_spin() {
        let mut thread = Thread { spin: Spin::new(Duration::ZERO), ..Thread::new() };
        assert_eq!(thread.spins_in(100, AT_ONCE), 0);
        assert_eq!(thread.asked, 0);
    }
}
