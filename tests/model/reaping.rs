//! memory/reaper.rs and memory/agents.rs: the dead are reaped once, whoever else is killed over it, and their slots go to
//! others without a trace of them.
//!
//! Modelled: two reapers of which one is killed before each of its stores; a newcomer that takes the slot of the dead,
//! with the same pid and another start time; a process that leaves in good order, killed on the way. Not modelled: the
//! ring of watchers, which only says who reaps. Bounds: two or three threads, 2 preemptions.

use multiproc::memory::Kind;
use multiproc::sys::model::{Model, Process, Stage};

use crate::family::{assert_sound, family, join, share};

const LENGTH: u64 = 128;

#[test]
fn reaper_killed_anywhere_the_next_one_does_it_again() {
    let places = Model::bounded("reaping: killed reaper", 2).check_killed(|fuel| {
        let [reaper, dead, victim] = family();
        share(&[reaper, dead], Kind::Buffer, LENGTH);
        share(&[dead], Kind::Buffer, LENGTH);
        dead.process.has_died();
        victim.process.limit(fuel);
        Stage::let_time_pass();
        let mut stage = Stage::raise();
        stage.spawn(victim.process, move || {
            victim.domain.reap_dead();
            victim.process.kill();
        });
        stage.play(reaper.process, || {
            reaper.domain.reap_dead();
            reaper.watch(victim.process);
        });
        stage.end();
        assert!(!reaper.domain.agents().is_alive(dead.token()));
        assert_eq!(reaper.domain.agents().processes().len(), 1, "the slots of the dead are free");
        assert_sound(reaper, 1);
    });
    assert!(places >= 10, "{places} places to be killed at");
}

/// The newcomer has the pid of the dead and is offered its slot, while two others reap the dead.
#[test]
fn slot_of_the_dead_taken_by_another_of_its_pid_is_not_reaped_again() {
    Model::bounded("reaping: slot and pid used again", 2).check(|| {
        let [reaper, dead, late] = family();
        let common = share(&[reaper, dead], Kind::Buffer, LENGTH);
        dead.process.has_died();
        dead.offer_slot();
        let newcomer = Process::unborn(dead.process.pid(), dead.process.start_time() + 1);
        let mut stage = Stage::raise();
        stage.spawn(late.process, move || {
            late.domain.reap_dead();
        });
        stage.spawn(newcomer, move || {
            newcomer.be_born();
            let member = join(newcomer, reaper.domain);
            assert_ne!(member.token(), dead.token());
            let block = member.domain.attach(common.handle).expect("held by the reaper");
            assert!(member.domain.agents().is_alive(member.token()));
            assert!(member.domain.holds(block.handle));
        });
        stage.play(reaper.process, || {
            reaper.domain.reap_dead();
        });
        stage.end();
        // Whoever came too early for it has another slot.
        reaper.process.run(|| reaper.domain.reap_dead());
        assert!(!reaper.domain.agents().is_alive(dead.token()));
        let processes = reaper.domain.agents().processes();
        assert_eq!(processes.len(), 3, "{processes:?}");
        let (slot, ..) =
            processes.into_iter().find(|process| process.2 == newcomer.start_time()).expect("the newcomer");
        assert!(reaper.domain.agents().token_in(slot).is_some());
        assert_sound(reaper, 1);
    });
}

#[test]
fn killed_while_it_leaves_in_good_order() {
    let places = Model::bounded("reaping: killed in leave", 2).check_killed(|fuel| {
        let [reaper, victim] = family();
        share(&[reaper, victim], Kind::Buffer, LENGTH);
        share(&[victim], Kind::Buffer, LENGTH);
        victim.process.limit(fuel);
        Stage::let_time_pass();
        let mut stage = Stage::raise();
        stage.spawn(victim.process, move || {
            victim.domain.leave();
            victim.process.kill();
        });
        stage.spawn(reaper.process, move || {
            reaper.domain.allocate(Kind::Buffer, LENGTH).expect("room");
        });
        stage.play(reaper.process, || reaper.watch(victim.process));
        stage.end();
        assert_eq!(reaper.domain.agents().processes().len(), 1, "the slots of the dead are free");
        assert_sound(reaper, 2);
    });
    assert!(places >= 10, "{places} places to be killed at");
}
