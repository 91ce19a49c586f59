//! Named objects: `new Lock({ name: 'jobs' })` is the same lock in every process of the domain.
//!
//! A hash table of 4096 slots; a name lives within 64 slots of its hash's place, so removing one needs no tombstone. A
//! slot is committed by its `target` word, written last; one whose target no longer lives counts as empty, which is all
//! that a kill while freeing can leave. Everything happens under the domain lock.
//!
//! A slot, 256 bytes: 0 target u64 (index + 1 << 32 | generation, 0 empty) · 8 hash u64 · 16 length u32 · 20 name, 232 bytes.

use crate::sys::atomic::Ordering::{Acquire, Relaxed, Release};
use std::hash::{DefaultHasher, Hasher};

use super::domain::Domain;
use super::handle::{Block, Handle, Kind};
use super::layout::Layout;
use crate::error::{Code, Error, Result};

pub const NAME_COUNT: u32 = 4096;
/// 200 for the user, and a suffix of ours.
pub const NAME_MAX_BYTES: usize = 232;
const WINDOW: u32 = 64;

impl Domain {
    /// The object of that name, attached, or else a new one made by `create`; `true` when it is new.
    pub fn open_named(&self, kind: Kind, name: &str, create: impl Fn() -> Result<Block>) -> Result<(Block, bool)> {
        let bytes = name.as_bytes();
        if bytes.is_empty() || bytes.len() > NAME_MAX_BYTES {
            return Err(Error::new(
                Code::Name,
                format!("a name has 1 to {NAME_MAX_BYTES} bytes, this one {}", bytes.len()),
            ));
        }
        // An object may die between look-up and attach, or appear between look-up and insert: then look again.
        for _ in 0..1000 {
            if let Some(found) = self.find_name(bytes)? {
                if found.kind != kind {
                    let message = format!("{name:?} is the name of a {:?}, not of a {kind:?}", found.kind);
                    return Err(Error::new(Code::Name, message));
                }
                match self.attach(found) {
                    Ok(block) => return Ok((block, false)),
                    Err(_) => continue,
                }
            }
            let block = create()?;
            match self.insert_name(bytes, block.handle) {
                Ok(true) => return Ok((block, true)),
                Ok(false) => self.detach(block.handle),
                Err(error) => {
                    self.detach(block.handle);
                    return Err(error);
                }
            }
        }
        let message = format!("the object named {name:?} cannot be attached: its memory has been overwritten");
        Err(Error::new(Code::Handle, message))
    }

    /// The name of a living object, if it has one. Looked at without the domain lock: it may be gone the next moment.
    pub fn name_of(&self, handle: Handle) -> Option<String> {
        let slot = self.entry(handle.index).name().load(Relaxed).checked_sub(1).filter(|slot| *slot < NAME_COUNT)?;
        let at = Layout::name(slot);
        let length = self.map.u32_at(at + 16).load(Relaxed) as usize;
        let mut stored = [0; NAME_MAX_BYTES];
        let stored = stored.get_mut(..length)?;
        self.map.read(at + 20, stored);
        let target = u64::from(handle.index + 1) << 32 | u64::from(handle.generation);
        // Read last: what was read is this object's name.
        (self.map.u64_at(at).load(Acquire) == target).then(|| String::from_utf8_lossy(stored).into_owned())
    }

    fn find_name(&self, name: &[u8]) -> Result<Option<Handle>> {
        let _guard = self.lock()?;
        let hash = hash_of(name);
        Ok(window(hash).find_map(|slot| self.name_in(slot, hash, name)))
    }

    /// `false`: somebody else has inserted the name meanwhile.
    fn insert_name(&self, name: &[u8], handle: Handle) -> Result<bool> {
        let _guard = self.lock()?;
        let hash = hash_of(name);
        if window(hash).any(|slot| self.name_in(slot, hash, name).is_some()) {
            return Ok(false);
        }
        let Some(slot) = window(hash).find(|slot| self.target_of(*slot).is_none()) else {
            return Err(Error::new(Code::ShmSpace, "the table of names is full".to_owned()));
        };
        let at = Layout::name(slot);
        self.map.u64_at(at).store(0, Relaxed);
        self.map.u64_at(at + 8).store(hash, Relaxed);
        self.map.u32_at(at + 16).store(name.len() as u32, Relaxed);
        self.map.write(at + 20, name);
        self.entry(handle.index).name().store(slot + 1, Relaxed);
        let target = u64::from(handle.index + 1) << 32 | u64::from(handle.generation);
        self.map.u64_at(at).store(target, Release);
        Ok(true)
    }

    fn name_in(&self, slot: u32, hash: u64, name: &[u8]) -> Option<Handle> {
        let at = Layout::name(slot);
        let handle = self.target_of(slot)?;
        if self.map.u64_at(at + 8).load(Relaxed) != hash
            || self.map.u32_at(at + 16).load(Relaxed) as usize != name.len()
        {
            return None;
        }
        let mut stored = [0; NAME_MAX_BYTES];
        self.map.read(at + 20, &mut stored[..name.len()]);
        (&stored[..name.len()] == name).then_some(handle)
    }

    fn target_of(&self, slot: u32) -> Option<Handle> {
        let target = self.map.u64_at(Layout::name(slot)).load(Relaxed);
        let index = (target >> 32) as u32;
        self.live_handle(index.checked_sub(1)?, target as u32)
    }
}

/// The object of that name slot (+ 1; 0 is none) is being freed. The slot may be another's already: that of a namer who
/// was killed before its commit.
pub(super) fn clear(domain: &Domain, slot_plus_one: u32, index: u32, generation: u32) {
    if let Some(slot) = slot_plus_one.checked_sub(1).filter(|slot| *slot < NAME_COUNT) {
        let target = u64::from(index + 1) << 32 | u64::from(generation);
        let _ = domain.map.u64_at(Layout::name(slot)).compare_exchange(target, 0, Release, Relaxed);
    }
}

fn window(hash: u64) -> impl Iterator<Item = u32> {
    let start = hash as u32;
    (0..WINDOW).map(move |step| start.wrapping_add(step) % NAME_COUNT)
}

/// Equal in every process: `DefaultHasher::new` has fixed keys.
fn hash_of(name: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(name);
    hasher.finish()
}
