//! Whether it pays to look again and again for a little while before a thread sleeps.
//!
//! What comes within a spin costs no system call on either side and saves two switches, some 30 µs; a spin in vain costs
//! its own length, which nobody misses on an idle machine. Where processors are wanted it takes them from the very
//! process that would answer, and uses up the spinner's own share, so that it waits for whole time slices afterwards.
//!
//! | seen | then |
//! |---|---|
//! | something was there at once | nothing is known |
//! | something came within the spin | one more spin in vain is forgiven, at most 4 |
//! | nothing came, and none is forgiven any more | the next 1, 2, 4, 8, then always 16 times are let pass between single trials |
//! | a sleep that was hardly longer than a spin | four of these times have passed: a spin would nearly have caught it |
//! | the thread is taken off its processor at least every 10 ms, or a spin took 100 µs longer than asked | no spin for 20 ms, then for 40, and so on to 320; after 100 ms without that, 20 again |
//!
//! So spins in vain cost at most a sixteenth of what they cost when all are made, and on a busy machine a few milliseconds
//! out of 320. The system counts the switches, and is asked at most every 2 ms, and only when a spin is about to begin.

use std::time::{Duration, Instant};

const FORGIVEN_MAX: u32 = 4;
const PAUSE_MAX: u32 = 16;
const ASK_AFTER: Duration = Duration::from_millis(2);
const SWITCH_EVERY: Duration = Duration::from_millis(10);
const LATE: Duration = Duration::from_micros(100);
const REST_MIN: Duration = Duration::from_millis(20);
const REST_MAX: Duration = Duration::from_millis(320);
const CALM: Duration = Duration::from_millis(100);

pub struct Spin {
    limit: Duration,
    forgiven: u32,
    /// Times to let pass before the next trial, and before the one after it.
    pause: u32,
    next_pause: u32,
    /// The processors are wanted: no spin before that.
    rests_until: Option<Instant>,
    next_rest: Duration,
    /// How often the thread had been taken off its processor, and when that was asked.
    asked: Option<(Instant, u64)>,
    /// Since when it has not been.
    calm_since: Option<Instant>,
}

impl Spin {
    /// A spin lasts `limit`; zero: there is none.
    pub fn new(limit: Duration) -> Self {
        Self {
            limit,
            forgiven: FORGIVEN_MAX,
            pause: 0,
            next_pause: 1,
            rests_until: None,
            next_rest: REST_MIN,
            asked: None,
            calm_since: None,
        }
    }

    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// The thread has nothing to do: whether it spins. `switches` counts how often it was taken off its processor.
    pub fn begins(&mut self, now: Instant, switches: impl FnOnce() -> u64) -> bool {
        if self.limit.is_zero() || self.rests_until.is_some_and(|end| now < end) {
            return false;
        }
        if self.rests_until.take().is_some() {
            self.asked = None;
        }
        let is_due = self.asked.is_none_or(|(at, _)| now.saturating_duration_since(at) >= ASK_AFTER);
        if is_due && self.is_wanted(now, switches()) {
            self.rest(now);
            return false;
        }
        if self.pause > 0 {
            self.pause -= 1;
            return false;
        }
        true
    }

    /// A spin has ended: whether something came, and how long it took.
    pub fn ended(&mut self, now: Instant, came: bool, took: Duration) {
        if took > self.limit + LATE {
            self.rest(now);
        } else if came {
            self.forgiven = (self.forgiven + 1).min(FORGIVEN_MAX);
            self.next_pause = 1;
        } else if self.forgiven > 1 {
            self.forgiven -= 1;
        } else {
            self.forgiven = 0;
            self.pause = self.next_pause;
            self.next_pause = (self.next_pause * 2).min(PAUSE_MAX);
        }
    }

    /// The thread slept that long.
    pub fn slept(&mut self, took: Duration) {
        if took < self.limit * 2 {
            self.pause = self.pause.saturating_sub(3);
        }
    }

    fn is_wanted(&mut self, now: Instant, switches: u64) -> bool {
        let (at, before) = self.asked.replace((now, switches)).unwrap_or((now, switches));
        let count = u32::try_from(switches.saturating_sub(before)).unwrap_or(u32::MAX);
        // A single one says nothing: the system's own threads want a processor, too.
        if count > 1 && now.saturating_duration_since(at) <= SWITCH_EVERY.saturating_mul(count) {
            return true;
        }
        let calm_since = *self.calm_since.get_or_insert(now);
        if now.saturating_duration_since(calm_since) >= CALM {
            self.next_rest = REST_MIN;
        }
        false
    }

    fn rest(&mut self, now: Instant) {
        self.rests_until = Some(now + self.next_rest);
        self.next_rest = (self.next_rest * 2).min(REST_MAX);
        self.calm_since = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_micros(20);

    /// A thread that has nothing to do again and again, on a clock that it moves itself.
    struct Thread {
        spin: Spin,
        now: Instant,
        switches: u64,
        asked: u32,
    }

    impl Thread {
        fn new() -> Self {
            Self { spin: Spin::new(LIMIT), now: Instant::now(), switches: 7, asked: 0 }
        }

        /// One chance to spin after that time; `came` and `took` are what a spin would find. Whether it spun.
        fn idles(&mut self, after: Duration, came: bool, took: Duration) -> bool {
            self.now += after;
            let (switches, asked) = (self.switches, &mut self.asked);
            let count = || {
                *asked += 1;
                switches
            };
            let spins = self.spin.begins(self.now, count);
            if spins {
                self.now += took;
                self.spin.ended(self.now, came, took);
            }
            spins
        }

        fn spins_in(&mut self, chances: u32, after: Duration, came: bool) -> u32 {
            (0..chances).map(|_| u32::from(self.idles(after, came, LIMIT))).sum()
        }

        /// For how long it does not spin at all.
        fn rests(&mut self) -> Duration {
            let began = self.now;
            while !self.idles(Duration::from_millis(1), true, LIMIT) {}
            self.now - began
        }
    }

    const SOON: Duration = Duration::from_micros(10);
    const MILLISECOND: Duration = Duration::from_millis(1);

    #[test]
    fn spins_that_succeed_are_all_made_also_when_some_are_in_vain() {
        let mut thread = Thread::new();
        assert_eq!(thread.spins_in(10_000, SOON, true), 10_000);
        for _ in 0..100 {
            assert_eq!(thread.spins_in(3, SOON, false), 3);
            assert_eq!(thread.spins_in(3, SOON, true), 3);
        }
    }

    #[test]
    fn spins_in_vain_become_one_in_seventeen_and_the_first_success_brings_them_back() {
        let mut thread = Thread::new();
        assert_eq!(thread.spins_in(4, SOON, false), 4, "the first ones are forgiven");
        assert!(!thread.idles(SOON, false, LIMIT));
        thread.spins_in(100, SOON, false);
        let made = thread.spins_in(1700, SOON, false);
        assert_eq!(made, 100);
        let waited = (1..100).find(|_| thread.idles(SOON, true, LIMIT)).expect("it tries again");
        assert!(waited <= 17, "the trial came after {waited} times");
        assert_eq!(thread.spins_in(100, SOON, true), 100);
    }

    #[test]
    fn sleeps_hardly_longer_than_a_spin_bring_the_next_trial_nearer() {
        let mut thread = Thread::new();
        thread.spins_in(200, SOON, false);
        while !thread.idles(SOON, false, LIMIT) {}
        let mut let_pass = 0;
        while !thread.idles(SOON, false, LIMIT) {
            let_pass += 1;
            thread.spin.slept(Duration::from_micros(30));
            thread.spin.slept(Duration::from_millis(30));
        }
        assert_eq!(let_pass, 4);
    }

    #[test]
    fn a_thread_that_is_taken_off_its_processor_rests_longer_each_time_and_less_when_it_was_calm() {
        let mut thread = Thread::new();
        let mut rests = Vec::new();
        for _ in 0..7 {
            while thread.idles(MILLISECOND, true, LIMIT) {
                thread.switches += 1;
            }
            rests.push(thread.rests().as_millis());
        }
        for (rest, expected) in rests.iter().zip([20, 40, 80, 160, 320, 320, 320]) {
            assert!((expected - 2..=expected + 2).contains(rest), "{rests:?}");
        }
        assert_eq!(thread.spins_in(200, MILLISECOND, true), 200, "calm for a while");
        thread.switches += 100;
        thread.idles(MILLISECOND, true, LIMIT);
        thread.idles(MILLISECOND, true, LIMIT);
        assert!(thread.rests().as_millis() <= 20);
    }

    #[test]
    fn a_spin_that_took_much_longer_than_asked_was_interrupted_whatever_came() {
        for came in [true, false] {
            let mut thread = Thread::new();
            assert!(thread.idles(SOON, came, Duration::from_millis(3)));
            assert!((18..=22).contains(&thread.rests().as_millis()));
        }
    }

    #[test]
    fn few_switches_far_apart_do_not_matter_and_the_system_is_asked_seldom() {
        let mut thread = Thread::new();
        for _ in 0..1000 {
            assert_eq!(thread.spins_in(20, MILLISECOND, true), 20);
            thread.switches += 1;
        }
        thread.asked = 0;
        thread.spins_in(10_000, SOON, true);
        assert!(thread.asked <= 150, "asked {} times in 300 ms", thread.asked);
    }

    #[test]
    fn without_a_length_there_is_no_spin() {
        let mut thread = Thread { spin: Spin::new(Duration::ZERO), ..Thread::new() };
        assert_eq!(thread.spins_in(100, SOON, true), 0);
        assert_eq!(thread.asked, 0);
    }
}
