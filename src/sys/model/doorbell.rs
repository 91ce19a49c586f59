//! Doorbells: a flag for each name, and a thread that may sleep until it is set.
//!
//! The event loop's poll of the doorbell is `wait`: it returns when the bell has been rung since the last `drain`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use loom::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use super::model::{Bed, is_gone, sleep, spend, switching, wake};

/// Each bell's flag, 1 when it has been rung; made when the stage is raised.
type Bells = BTreeMap<Vec<u8>, Option<Rc<AtomicU32>>>;

thread_local! {
    static BELLS: RefCell<Bells> = RefCell::default();
}

pub(super) fn reset() {
    BELLS.take();
}

pub(super) fn raise() {
    BELLS.with_borrow_mut(|bells| bells.values_mut().for_each(|bell| *bell = Some(Rc::new(AtomicU32::new(0)))));
}

fn bell(name: &[u8]) -> Option<Rc<AtomicU32>> {
    BELLS.with_borrow(|bells| bells.get(name).cloned().flatten())
}

pub struct Doorbell {
    name: Vec<u8>,
}

impl Doorbell {
    pub fn bind(name: &[u8]) -> io::Result<Self> {
        BELLS.with_borrow_mut(|bells| bells.insert(name.to_owned(), None));
        Ok(Self { name: name.to_owned() })
    }

    pub fn ringer() -> io::Result<Self> {
        Ok(Self { name: Vec::new() })
    }

    pub fn ring(&self, name: &[u8]) -> bool {
        if is_gone() {
            return false;
        }
        spend();
        let Some(bell) = bell(name) else { return false };
        // The kernel's locks order what was done before a datagram was sent before its being read.
        switching(|| bell.swap(1, AcqRel));
        wake(&Bed::Bell(name.to_owned()), 1);
        true
    }

    pub fn drain(&self) {
        if let Some(bell) = bell(&self.name).filter(|_| !is_gone()) {
            switching(|| bell.swap(0, AcqRel));
        }
    }

    /// Sleeps until the bell has been rung.
    pub fn wait(&self) {
        spend();
        let bell = bell(&self.name).expect("a bell that was bound before the stage was raised");
        // A flag is 0 or 1: this reads the newest and changes nothing.
        while switching(|| bell.compare_exchange(2, 2, Relaxed, Acquire)) == Err(0) {
            sleep(Bed::Bell(self.name.clone()), false);
        }
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        unimplemented!("the model's doorbell has no descriptor")
    }
}
