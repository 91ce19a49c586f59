//! All executions of a model, up to a bound on preemptions.
//!
//! loom's search is exhaustive for its bound (partial-order reduction leaves out only what commutes). A failing
//! execution is run once more, with its steps recorded; only then does its panic speak, and the steps are printed.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Once};
use std::time::Instant;

use super::execution::Grown;
use super::record::{self, Tally};
use super::stage::{self, Void};
use crate::sys::mapping;

/// Longer executions are a model that does not end.
const STEPS_MAX: usize = 20_000;
const GROWTHS_MAX: u32 = 2_000;

/// How a model is explored.
#[derive(Clone, Copy)]
pub struct Model {
    name: &'static str,
    preemptions: Option<usize>,
}

impl Model {
    /// All executions.
    pub fn whole(name: &'static str) -> Self {
        Self { name, preemptions: None }
    }

    /// All executions in which threads are interrupted at most `preemptions` times, not counting their own sleeps. The
    /// environment's `LOOM_MAX_PREEMPTIONS` goes before.
    pub fn bounded(name: &'static str, preemptions: usize) -> Self {
        Self { name, preemptions: Some(preemptions) }
    }

    /// Runs the scenario in every order. It sets the stage, raises it, ends it and asserts.
    pub fn check(self, scenario: impl Fn() + Send + Sync + 'static) {
        let started = Instant::now();
        begin();
        let tally = self.search(&Arc::new(scenario), "");
        println!("{}: {tally}, {:.1?}", self.name, started.elapsed());
    }

    /// Runs the scenario with a process that is killed before its first store, its second and so on, until there are no
    /// more. Returns how many there were.
    pub fn check_killed(self, scenario: impl Fn(u32) + Send + Sync + 'static) -> u32 {
        let started = Instant::now();
        begin();
        let scenario = Arc::new(scenario);
        let mut sum = Tally::default();
        for fuel in 0..1000 {
            let scenario = scenario.clone();
            let tally = self.search(&Arc::new(move || scenario(fuel)), &format!(", killed after {fuel} stores"));
            sum = sum + tally;
            if tally.deaths == 0 {
                println!("{}: {sum}, killed at {fuel} places, {:.1?}", self.name, started.elapsed());
                return fuel;
            }
        }
        panic!("{}: an operation of a thousand stores", self.name)
    }

    /// With few preemptions first, then with more: what fails is told by a short execution, and most words that threads
    /// write are known when the searches become long.
    fn search(self, scenario: &Arc<impl Fn() + Send + Sync + 'static>, detail: &str) -> Tally {
        let bound = loom::model::Builder::new().preemption_bound.or(self.preemptions);
        let mut bounds = (0..bound.unwrap_or(3)).map(Some).chain([bound]).peekable();
        for _ in 0..GROWTHS_MAX {
            let bound = *bounds.peek().expect("the last one is not left");
            match explore(scenario, bound, None) {
                Ok(tally) => {
                    bounds.next();
                    if bounds.peek().is_none() {
                        return tally;
                    }
                }
                Err((_, payload)) if payload.is::<Grown>() => {}
                Err((failing, _)) => {
                    println!("{}{detail}: execution {failing} with {bound:?} preemptions fails:", self.name);
                    fail(scenario, bound, failing)
                }
            }
        }
        panic!("{}: the model grows without end", self.name)
    }
}

/// Runs up to the execution `recorded`, which is recorded. The error holds the number of the execution that failed.
fn explore(
    scenario: &Arc<impl Fn() + Send + Sync + 'static>,
    preemptions: Option<usize>,
    recorded: Option<u64>,
) -> Result<Tally, (u64, Box<dyn Any + Send>)> {
    let mut builder = loom::model::Builder::new();
    builder.max_branches = STEPS_MAX;
    builder.preemption_bound = preemptions;
    let scenario = scenario.clone();
    record::take_tally();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        builder.check(move || {
            record::begin(recorded);
            stage::reset();
            match catch_unwind(AssertUnwindSafe(|| scenario())) {
                Err(payload) if !payload.is::<Void>() => resume_unwind(payload),
                _ => {}
            }
        });
    }));
    let tally = record::take_tally();
    outcome.map(|()| tally).map_err(|payload| (tally.executions, payload))
}

fn fail(scenario: &Arc<impl Fn() + Send + Sync + 'static>, preemptions: Option<usize>, failing: u64) -> ! {
    let Err((_, payload)) = explore(scenario, preemptions, Some(failing)) else { panic!("it failed only once") };
    for step in record::take_steps() {
        println!("  {step}");
    }
    resume_unwind(payload)
}

/// A new model: no word is known to be written. Panics speak only of executions that are recorded.
fn begin() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let speak = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !record::is_silent() {
                speak(info);
            }
        }));
    });
    mapping::forget();
}
