//! memory/directory.rs: who keeps a block alive, and that it is freed once and not before.
//!
//! Modelled: attach, detach, ship, unship and allocate by several processes and by two threads of one. What lies in a
//! block is a cell of loom's: a use that is not ordered before the block's next life, or after its last, fails. Not
//! modelled: names; blocks so large that their pages are given back. Bounds: three threads, 2 or 3 preemptions.

use std::rc::Rc;

use loom::cell::UnsafeCell;
use multiproc::memory::{Block, Kind};
use multiproc::sys::atomic::Ordering::{Acquire, Release};
use multiproc::sys::model::{Model, Stage};

use crate::family::{Member, assert_sound, family, share};

const LENGTH: u64 = 128;

/// What lies in one block, whatever object that is at the time.
#[derive(Clone)]
struct Content {
    offset: u64,
    cell: Rc<UnsafeCell<u32>>,
}

impl Content {
    fn of(block: Block) -> Self {
        Self { offset: block.offset, cell: Rc::new(UnsafeCell::new(0)) }
    }

    fn write(&self) {
        // SAFETY: loom fails the execution when another access is not ordered before or after this one.
        self.cell.with_mut(|value| unsafe { *value += 1 });
    }

    fn read(&self) {
        // SAFETY: as above.
        let _ = self.cell.with(|value| unsafe { *value });
    }
}

/// Makes a block, which may be the one that is being freed, uses it and gives it back.
fn reuse(member: Member, content: &Content) {
    let block = member.domain.allocate(Kind::Buffer, LENGTH).expect("room");
    if block.offset == content.offset {
        content.write();
    }
    member.domain.detach(block.handle);
}

#[test]
fn an_attacher_gets_the_block_before_its_last_holder_leaves_it_or_not_at_all() {
    Model::bounded("directory: attach and last detach", 2).check(|| {
        let [holder, attacher, maker] = family();
        let block = share(&[holder], Kind::Buffer, LENGTH);
        let content = Content::of(block);
        let mut stage = Stage::raise();
        {
            let content = content.clone();
            stage.spawn(attacher.process, move || {
                if let Ok(attached) = attacher.domain.attach(block.handle) {
                    assert_eq!(attached, block);
                    content.read();
                    attacher.domain.detach(block.handle);
                }
            });
        }
        {
            let content = content.clone();
            stage.spawn(maker.process, move || reuse(maker, &content));
        }
        stage.play(holder.process, || {
            content.read();
            holder.domain.detach(block.handle);
        });
        stage.end();
        assert_sound(holder, 0);
    });
}

/// The attacher, once it has the block, passes its handle on at once: the next one must find it too.
#[test]
fn what_one_process_has_attached_another_can_attach() {
    Model::bounded("directory: passed on", 3).check(|| {
        let [holder, attacher, next] = family();
        let message = share(&[holder, attacher, next], Kind::Buffer, 64);
        let block = share(&[holder], Kind::Buffer, LENGTH);
        let mut stage = Stage::raise();
        stage.spawn(attacher.process, move || {
            if attacher.domain.attach(block.handle).is_ok() {
                attacher.domain.map().u32_at(message.offset).store(1, Release);
            }
        });
        stage.spawn(next.process, move || {
            if next.domain.map().u32_at(message.offset).load(Acquire) == 1 {
                next.domain.attach(block.handle).expect("the attacher holds it");
                next.domain.detach(block.handle);
            }
        });
        stage.play(holder.process, || holder.domain.detach(block.handle));
        stage.end();
        assert_sound(holder, if attacher.domain.holds(block.handle) { 2 } else { 1 });
    });
}

#[test]
fn two_last_holders_free_the_block_once() {
    Model::bounded("directory: two last holders", 3).check(|| {
        let [one, two, maker] = family();
        let block = share(&[one, two], Kind::Buffer, LENGTH);
        let content = Content::of(block);
        let mut stage = Stage::raise();
        {
            let content = content.clone();
            stage.spawn(two.process, move || {
                content.read();
                two.domain.detach(block.handle);
            });
        }
        {
            let content = content.clone();
            stage.spawn(maker.process, move || reuse(maker, &content));
        }
        stage.play(one.process, || {
            content.read();
            one.domain.detach(block.handle);
        });
        stage.end();
        assert_sound(one, 0);
    });
}

#[test]
fn a_shipped_block_arrives_whatever_its_sender_does() {
    Model::bounded("directory: shipped", 3).check(|| {
        let [sender, receiver, maker] = family();
        let message = share(&[sender, receiver, maker], Kind::Buffer, 64);
        let block = share(&[sender], Kind::Buffer, LENGTH);
        let content = Content::of(block);
        let receive = {
            let content = content.clone();
            move || {
                receiver.domain.attach(block.handle).expect("it arrives");
                receiver.domain.unship(block.handle);
                content.read();
                receiver.domain.detach(block.handle);
            }
        };
        let is_sent = move || receiver.domain.map().u32_at(message.offset).load(Acquire) == 1;
        let has_come = Rc::new(std::cell::Cell::new(false));
        let mut stage = Stage::raise();
        {
            let (receive, has_come) = (receive.clone(), has_come.clone());
            stage.spawn(receiver.process, move || {
                if is_sent() {
                    receive();
                    has_come.set(true);
                }
            });
        }
        {
            let content = content.clone();
            stage.spawn(maker.process, move || reuse(maker, &content));
        }
        stage.play(sender.process, || {
            content.write();
            sender.domain.ship(block.handle);
            sender.domain.map().u32_at(message.offset).store(1, Release);
            sender.domain.detach(block.handle);
        });
        stage.end();
        if !has_come.get() {
            receiver.process.run(receive);
        }
        assert_sound(sender, 1);
    });
}

/// The receiver has no use for it.
#[test]
fn a_shipped_block_that_is_discarded_is_freed() {
    Model::bounded("directory: discarded", 3).check(|| {
        let [sender, receiver, maker] = family();
        let block = share(&[sender], Kind::Buffer, LENGTH);
        let content = Content::of(block);
        sender.domain.ship(block.handle);
        let mut stage = Stage::raise();
        stage.spawn(receiver.process, move || receiver.domain.unship(block.handle));
        {
            let content = content.clone();
            stage.spawn(maker.process, move || reuse(maker, &content));
        }
        stage.play(sender.process, || {
            content.write();
            sender.domain.detach(block.handle);
        });
        stage.end();
        assert_sound(sender, 0);
    });
}

#[test]
fn threads_of_one_process_attach_and_detach_side_by_side() {
    Model::bounded("directory: two threads of a process", 2).check(|| {
        let [process, other] = family();
        let block = share(&[process], Kind::Buffer, LENGTH);
        let mut stage = Stage::raise();
        stage.spawn(process.process, move || {
            if process.domain.attach(block.handle).is_ok() {
                assert!(process.domain.holds(block.handle), "the other thread has taken the bit away");
                process.domain.detach(block.handle);
            }
        });
        stage.spawn(other.process, move || {
            if other.domain.attach(block.handle).is_ok() {
                other.domain.detach(block.handle);
            }
        });
        stage.play(process.process, || process.domain.detach(block.handle));
        stage.end();
        assert_sound(process, 0);
    });
}
