//! The monotonic clock. Every deadline of the package is an [`Instant`], so a faked timer or a changed date moves none.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use super::instant::Instant;

/// The monotonic clock, which is the same in all processes of a machine.
pub fn monotonic_ns() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |now| now.tv_sec() as u64 * 1_000_000_000 + now.tv_nsec() as u64)
}

/// When a wait gives up. `None`: never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    pub const NEVER: Self = Self(None);

    /// `timeout_ms` < 0 is for ever; 0 has passed already.
    pub fn after_ms(timeout_ms: f64) -> Self {
        if timeout_ms < 0.0 || !timeout_ms.is_finite() {
            return Self::NEVER;
        }
        // A century is for ever, and never overflows an Instant.
        let seconds = (timeout_ms / 1000.0).min(3.2e9);
        Self(Instant::now().checked_add(Duration::from_secs_f64(seconds)))
    }

    pub fn is_never(self) -> bool {
        self.0.is_none()
    }

    pub fn instant(self) -> Option<Instant> {
        self.0
    }

    pub fn has_passed(self) -> bool {
        self.0.is_some_and(|at| Instant::now() >= at)
    }

    /// What remains, at most `cap`.
    pub fn remaining(self, cap: Duration) -> Duration {
        self.0.map_or(cap, |at| at.saturating_duration_since(Instant::now()).min(cap))
    }
}
