//! memory/allocation.rs and memory/directory.rs under memory/domain_lock.rs: a process is killed while it changes the
//! tables, and who inherits the lock makes them anew.
//!
//! Modelled: each operation of a victim, killed before each of its stores, beside a survivor that does something to the
//! same tables, and the survivor's watcher, which reaps. Sleeps on the domain lock end by their time-out once the victim
//! is dead. Not modelled: blocks so large that their pages are given back; names; a shipped block whose message died
//! with its sender, which stays (see directory.rs). Bounds: three threads, 2 preemptions; two makers without a death, 3.

use multiproc::memory::{Block, Kind};
use multiproc::sys::model::{Model, Stage};

use crate::family::{Member, assert_sound, family, share};

const LENGTH: u64 = 128;

fn make(member: Member, length: u64) -> Block {
    member.domain.allocate(Kind::Buffer, length).expect("room")
}

#[test]
fn two_processes_never_get_the_same_block() {
    Model::bounded("allocation: two makers", 3).check(|| {
        let [one, two] = family();
        let freed = share(&[one], Kind::Buffer, LENGTH);
        one.process.run(|| one.domain.detach(freed.handle));
        let mut stage = Stage::raise();
        let work = |member: Member| {
            let first = make(member, LENGTH);
            let second = make(member, LENGTH);
            member.domain.detach(first.handle);
            assert!(member.domain.is_live(second.handle));
        };
        stage.spawn(two.process, move || work(two));
        stage.play(one.process, || work(one));
        stage.end();
        assert_sound(one, 2);
    });
}

/// What a scenario starts with, besides a victim and a survivor.
#[derive(Clone, Copy)]
struct Start {
    /// A block that both hold.
    common: Block,
    /// A block that only the victim holds.
    own: Block,
    /// A block that only the survivor holds.
    foreign: Block,
}

type Action = fn(Member, Start);

/// Returns at how many places the victim was killed. The survivor and its watcher see to it that `live_count` are left.
fn victim_killed(name: &'static str, victim_does: Action, survivor_does: Action, live_count: u32) -> u32 {
    Model::bounded(name, 2).check_killed(move |fuel| {
        let [survivor, victim] = family();
        let freed = share(&[survivor], Kind::Buffer, LENGTH);
        let start = Start {
            common: share(&[survivor, victim], Kind::Buffer, LENGTH),
            own: share(&[victim], Kind::Buffer, LENGTH),
            foreign: share(&[survivor], Kind::Buffer, LENGTH),
        };
        survivor.process.run(|| survivor.domain.detach(freed.handle));
        victim.process.limit(fuel);
        Stage::let_time_pass();
        let mut stage = Stage::raise();
        stage.spawn(victim.process, move || {
            victim_does(victim, start);
            victim.process.kill();
        });
        stage.spawn(survivor.process, move || survivor_does(survivor, start));
        stage.play(survivor.process, || survivor.watch(victim.process));
        stage.end();
        assert_sound(survivor, live_count);
    })
}

#[test]
fn killed_while_it_takes_a_free_block() {
    let places = victim_killed(
        "allocation: killed in allocate, a free block",
        |victim, _| {
            make(victim, LENGTH);
        },
        |survivor, _| {
            make(survivor, LENGTH);
        },
        3,
    );
    assert!(places >= 10, "{places}");
}

#[test]
fn killed_while_it_makes_a_new_block() {
    let places = victim_killed(
        "allocation: killed in allocate, a new block",
        |victim, _| {
            make(victim, 2 * LENGTH);
        },
        |survivor, _| {
            make(survivor, 2 * LENGTH);
        },
        3,
    );
    assert!(places >= 15, "{places}");
}

#[test]
fn killed_while_it_frees_its_block() {
    let places = victim_killed(
        "allocation: killed in detach, the only holder",
        |victim, start| victim.domain.detach(start.own.handle),
        |survivor, _| {
            make(survivor, LENGTH);
        },
        3,
    );
    assert!(places >= 8, "{places}");
}

#[test]
fn killed_while_both_give_back_the_last_references() {
    let places = victim_killed(
        "allocation: killed in detach, two holders",
        |victim, start| victim.domain.detach(start.common.handle),
        |survivor, start| survivor.domain.detach(start.common.handle),
        1,
    );
    assert!(places >= 8, "{places}");
}

#[test]
fn killed_while_it_gives_back_what_the_other_attaches() {
    let places = victim_killed(
        "allocation: killed in detach, the other attaches",
        |victim, start| victim.domain.detach(start.own.handle),
        |survivor, start| {
            let domain = survivor.domain;
            if domain.attach(start.own.handle).is_ok() {
                domain.attach(start.own.handle).expect("we hold it");
                domain.detach(start.own.handle);
                domain.detach(start.own.handle);
            }
        },
        2,
    );
    assert!(places >= 8, "{places}");
}

#[test]
fn killed_while_it_attaches_what_the_other_gives_back() {
    let places = victim_killed(
        "allocation: killed in attach",
        |victim, start| drop(victim.domain.attach(start.foreign.handle)),
        |survivor, start| survivor.domain.detach(start.foreign.handle),
        1,
    );
    assert!(places >= 3, "{places}");
}
