//! Processes find one domain and share it; dead ones give their slots back; the lock of its tables survives its holder.

mod family;

use std::sync::atomic::Ordering::SeqCst;

use family::{BOUND, Board, Child, Random, bounded, new_domain, play, until};
use multiproc::error::Code;
use multiproc::memory::{AGENT_COUNT, Domain, Kind, TOKEN_MASK, Token};
use multiproc::sys::memfd;

/// Where the word of the domain lock is (memory/layout.rs).
const DOMAIN_LOCK: u64 = 64;

#[test]
fn role() {
    play(&[
        ("add", add),
        ("enlist", enlist),
        ("churn", churn),
        ("churn_in_two_threads", churn_in_two_threads),
        ("report_nonce", report_nonce),
    ]);
}

fn add(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    for _ in 0..arguments[1] {
        board.word(0).fetch_add(1, SeqCst);
    }
}

#[test]
fn children_find_the_domain_through_the_environment_and_share_its_memory() {
    let domain = new_domain(64);
    let board = Board::new(domain, 1);
    let children: Vec<Child> = (0..4).map(|_| Child::start("add", domain, &[board.address(), 1000])).collect();
    children.into_iter().for_each(Child::join);
    assert_eq!(board.get(0), 4000);
}

fn report_nonce(domain: &'static Domain, arguments: &[u64]) {
    // The first number of the domain that the starter has, read through its descriptor; ours must be another.
    let ours = u64::from_le_bytes(domain.nonce()[..8].try_into().expect("8 bytes"));
    assert_ne!(ours, arguments[0], "this process joined a domain that it was not led to");
    assert_eq!(domain.usage(), (0, 0), "and its own is new");
}

#[test]
fn a_holder_value_that_leads_nowhere_begins_a_new_family() {
    let domain = new_domain(64);
    let nonce = u64::from_le_bytes(domain.nonce()[..8].try_into().expect("8 bytes"));
    let value = domain.holder_value();
    let (place, _) = value.rsplit_once(':').expect("PID:FD:NONCE");
    let mut ended = Child::start("add", domain, &[Board::new(domain, 1).address(), 0]);
    let dead = ended.pid();
    ended.kill();
    for wrong in [
        format!("{place}:{}", "0".repeat(32)),
        format!("{dead}:{}", value.split_once(':').expect("PID").1),
        format!("{}:999999:{}", std::process::id(), "0".repeat(32)),
        String::new(),
        "x:y:z".to_owned(),
    ] {
        Child::start_with("report_nonce", &wrong, &[nonce]).join();
    }
}

#[test]
fn a_descriptor_that_is_no_domain_is_refused() {
    for size in [4096, 64 << 20] {
        let strange = memfd::create("strange", size).expect("a memfd");
        let error = Domain::join(strange).map(drop).expect_err("refused");
        assert_eq!(error.code, Code::Domain, "{error}");
    }
    let file = std::fs::File::open("/dev/null").expect("/dev/null");
    assert_eq!(Domain::join(file.into()).map(drop).expect_err("refused").code, Code::Domain);
}

#[test]
fn a_domain_of_another_layout_version_is_refused_with_both_versions() {
    let domain = new_domain(64);
    let version = domain.map().u32_at(8);
    let ours = version.fetch_add(1, SeqCst);
    let fd = memfd::open_of_process(std::process::id(), domain.raw_fd()).expect("the descriptor");
    let error = Domain::join(fd).map(drop).expect_err("refused");
    version.fetch_sub(1, SeqCst);
    assert_eq!(error.code, Code::Domain);
    assert!([ours, ours + 1].iter().all(|one| error.message.contains(&format!("layout {one}"))), "{error}");
}

#[test]
fn sizes_below_the_least_are_refused_and_larger_ones_are_kept() {
    assert_eq!(Domain::create(1 << 20).map(drop).expect_err("refused").code, Code::Domain);
    assert_eq!(new_domain(100).map().len(), 100 << 20);
}

fn enlist(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    for index in 0..arguments[1] {
        let token = domain.enlist().expect("a slot");
        board.set(1 + index, u64::from(token.0));
    }
    board.set(0, arguments[1]);
    std::thread::sleep(BOUND);
}

#[test]
fn slots_of_a_killed_process_are_free_after_its_reaping_and_its_tokens_stay_dead() {
    let domain = new_domain(64);
    let board = Board::new(domain, 1000);
    let me = domain.enlist().expect("the first");
    let mut child = Child::start("enlist", domain, &[board.address(), 100]);
    board.wait_for("100 agents", 0, |count| count == 100);
    let tokens: Vec<Token> = (0..100).map(|index| Token(board.get(1 + index) as u32)).collect();
    for token in &tokens {
        assert!(domain.agents().is_alive_now(*token));
        assert_eq!(domain.agents().info(*token).expect("known").pid, child.pid());
    }
    let pid = child.pid();
    child.kill();
    assert!(tokens.iter().all(|token| !domain.agents().is_alive_now(*token)), "seen as dead before they are reaped");
    assert!(domain.reap_dead());
    assert!(!domain.reap_dead(), "there is nothing left to reap");
    assert!(tokens.iter().all(|token| !domain.agents().is_alive(*token)));
    assert!(tokens.iter().all(|token| domain.agents().info(*token).expect("readable for a while").pid == pid));
    // All slots but our own can be taken, among them those of the dead.
    let taken: Vec<Token> = (1..AGENT_COUNT).map(|_| domain.enlist().expect("a slot")).collect();
    assert_eq!(domain.enlist().expect_err("full").code, Code::Agents);
    assert!(tokens.iter().all(|token| !domain.agents().is_alive(*token)), "a reused slot is not the dead one's");
    assert!(tokens.iter().all(|token| domain.agents().info(*token).is_none()));
    domain.discharge(taken[7]);
    let again = domain.enlist().expect("the slot given back");
    assert_eq!(again.slot(), taken[7].slot());
    assert_ne!(again, taken[7]);
    assert!(domain.agents().is_alive(me));
}

#[test]
fn enlisting_reaps_the_dead_when_the_table_is_full() {
    let domain = new_domain(64);
    let board = Board::new(domain, 1000);
    let mut child = Child::start("enlist", domain, &[board.address(), u64::from(AGENT_COUNT) - 1]);
    board.wait_for("all agents", 0, |count| count != 0);
    domain.enlist().expect("the first agent has its slot");
    assert_eq!(domain.enlist().expect_err("full").code, Code::Agents);
    child.kill();
    domain.enlist().expect("a slot of the dead");
}

/// Allocates and gives back, and looks whether anybody else got the same block. 0 token, 1 faults, 2 stop, 3 rounds.
fn churn(domain: &'static Domain, arguments: &[u64]) {
    let board = Board::open(domain, arguments[0]);
    board.set(0, u64::from(domain.first_agent().0));
    churn_until_told(domain, board, u64::from(std::process::id()));
}

fn churn_until_told(domain: &'static Domain, board: Board, mark: u64) {
    while board.get(2) == 0 {
        let block = domain.allocate(Kind::Buffer, 200).expect("a block");
        let words = [0, 8, 192].map(|offset| domain.map().u64_at(block.offset + offset));
        let mut sound = words.iter().all(|word| word.load(SeqCst) == 0);
        for word in &words {
            word.store(mark, SeqCst);
        }
        std::hint::spin_loop();
        sound &= words.iter().all(|word| word.load(SeqCst) == mark);
        if !sound {
            board.word(1).fetch_add(1, SeqCst);
        }
        domain.detach(block.handle);
        board.word(3).fetch_add(1, SeqCst);
    }
}

#[test]
fn holder_killed_inside_the_domain_lock_the_next_one_takes_it_and_no_block_is_lost() {
    let mut random = Random::seeded("domain lock holder killed");
    let domain = new_domain(64);
    let board = Board::new(domain, 8);
    let (bytes, blocks) = domain.usage();
    for _ in 0..10 {
        board.set(0, 0);
        let mut child = Child::start("churn", domain, &[board.address()]);
        board.wait_for("the child's token", 0, |token| token != 0);
        let token = board.get(0) as u32;
        child.stop_when(&mut random, || domain.map().u32_at(DOMAIN_LOCK).load(SeqCst) & TOKEN_MASK == token);
        child.kill();
        let block = bounded("the lock of a dead holder", move || domain.allocate(Kind::Buffer, 200)).expect("a block");
        domain.detach(block.handle);
        domain.reap_dead();
        assert_eq!(domain.usage(), (bytes, blocks), "what the dead had allocated is back");
    }
    assert_eq!(board.get(1), 0, "a block was given out twice or not zeroed");
}

fn churn_in_two_threads(domain: &'static Domain, arguments: &[u64]) {
    if arguments[1] == 1 {
        // The thread that came first, to which the process's own slot was given, ends.
        std::thread::spawn(|| domain.discharge(domain.enlist().expect("the first"))).join().expect("the thread");
    }
    let board = Board::open(domain, arguments[0]);
    let threads = [1, 2].map(|number| {
        std::thread::spawn(move || churn_until_told(domain, board, u64::from(std::process::id()) << 8 | number))
    });
    for thread in threads {
        thread.join().expect("a thread");
    }
}

fn six_threads_in_three_processes_never_share_a_block(first_thread_has_ended: bool) {
    let domain = new_domain(64);
    let board = Board::new(domain, 8);
    let before = domain.usage();
    let arguments = [board.address(), u64::from(first_thread_has_ended)];
    let children: Vec<Child> = (0..3).map(|_| Child::start("churn_in_two_threads", domain, &arguments)).collect();
    until("many rounds, or a fault", || board.get(3) > 3_000_000 || board.get(1) > 0);
    board.set(2, 1);
    children.into_iter().for_each(Child::join);
    assert_eq!(board.get(1), 0, "a block was given out twice: the lock was taken from a living holder");
    assert_eq!(domain.usage(), before);
}

#[test]
fn threads_of_several_processes_never_get_one_block_twice() {
    six_threads_in_three_processes_never_share_a_block(false);
}

#[test]
fn process_whose_first_thread_has_ended_is_not_taken_for_dead_inside_the_domain_lock() {
    six_threads_in_three_processes_never_share_a_block(true);
}
