//! The allocator and the table of names against simple models of them, by random sequences of operations (proptest).
//!
//! Three members share one domain. All are this process, but each has joined for itself, so each has a slot and a bit in
//! the holders. `SEED=n cargo test …` replays a run; a failing sequence is made as short as it can be and is printed.

mod tables;

use std::collections::HashMap;

use multiproc::error::Code;
use multiproc::memory::{Block, Domain, Handle, Kind};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;

const MEMBERS: usize = 3;
const SIZE: u64 = 64 << 20;

fn config(test: &str, cases: u32) -> ProptestConfig {
    let seed = std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |time| time.as_nanos() as u64)
    });
    println!("{test}: SEED={seed}");
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(seed), ..ProptestConfig::default() }
}

fn members() -> [Domain; MEMBERS] {
    let first = Domain::create(SIZE).expect("a domain");
    let others: [Domain; MEMBERS - 1] = std::array::from_fn(|_| {
        Domain::join(first.fd().try_clone_to_owned().expect("a descriptor")).expect("the same domain")
    });
    let [second, third] = others;
    [first, second, third]
}

#[derive(Debug, Clone)]
enum Step {
    Allocate { member: usize, kind: Kind, length: u64 },
    Attach { member: usize, object: Index },
    Retain { member: usize, object: Index },
    Detach { member: usize, object: Index },
    Ship { object: Index },
    Unship { object: Index },
}

/// What a lock's block has at least; a shorter one is refused as overwritten.
const LOCK_BYTES: u64 = 128;

fn step() -> impl Strategy<Value = Step> {
    let member = 0..MEMBERS;
    let length = prop_oneof![4 => 0..300_u64, 3 => 300..6000_u64, 2 => 6000..200_000_u64, 1 => 200_000..8_000_000_u64];
    let kind = prop_oneof![4 => Just(Kind::Buffer), 1 => Just(Kind::Lock), 1 => Just(Kind::Payload)];
    prop_oneof![
        4 => (member.clone(), kind, length).prop_map(|(member, kind, length)| {
            let length = if kind == Kind::Lock { length.max(LOCK_BYTES) } else { length };
            Step::Allocate { member, kind, length }
        }),
        3 => (member.clone(), any::<Index>()).prop_map(|(member, object)| Step::Attach { member, object }),
        1 => (member.clone(), any::<Index>()).prop_map(|(member, object)| Step::Retain { member, object }),
        5 => (member, any::<Index>()).prop_map(|(member, object)| Step::Detach { member, object }),
        2 => any::<Index>().prop_map(|object| Step::Ship { object }),
        2 => any::<Index>().prop_map(|object| Step::Unship { object }),
    ]
}

/// What the model knows of a block; it stays in the list when it is freed.
struct Object {
    block: Block,
    /// References of each member, and of messages under way.
    references: [u32; MEMBERS],
    in_flight: u32,
    /// What every byte of it is.
    mark: u8,
}

impl Object {
    fn is_live(&self) -> bool {
        self.in_flight > 0 || self.references.iter().any(|count| *count > 0)
    }

    fn is_marked(&self, domain: &Domain) -> bool {
        bytes_of(domain, self.block).iter().all(|byte| *byte == self.mark)
    }
}

fn bytes_of(domain: &Domain, block: Block) -> Vec<u8> {
    domain.map().read_vec(block.offset, block.length as usize).expect("memory")
}

struct Model {
    members: [Domain; MEMBERS],
    objects: Vec<Object>,
}

impl Model {
    fn allocate(&mut self, member: usize, kind: Kind, length: u64) {
        let domain = &self.members[member];
        let block = match domain.allocate(kind, length) {
            Ok(block) => block,
            Err(error) => {
                assert_eq!(error.code, Code::ShmSpace);
                assert!(length > 4096, "small blocks have room");
                return;
            }
        };
        assert_eq!((block.handle.kind, block.length), (kind, length));
        if kind != Kind::Payload {
            assert!(bytes_of(domain, block).iter().all(|byte| *byte == 0), "a new block is zeroed");
        }
        for other in self.objects.iter().filter(|other| other.is_live()) {
            let (first, second) =
                if other.block.offset < block.offset { (other.block, block) } else { (block, other.block) };
            assert!(first.offset + first.length.max(1) <= second.offset, "{first:?} and {second:?} overlap");
        }
        let mark = (self.objects.len() % 255) as u8 + 1;
        domain.map().write(block.offset, &vec![mark; block.length as usize]);
        let mut references = [0; MEMBERS];
        references[member] = 1;
        self.objects.push(Object { block, references, in_flight: 0, mark });
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Allocate { member, kind, length } => return self.allocate(member, kind, length),
            _ if self.objects.is_empty() => return,
            _ => {}
        }
        let (Step::Attach { object, .. }
        | Step::Retain { object, .. }
        | Step::Detach { object, .. }
        | Step::Ship { object }
        | Step::Unship { object }) = step
        else {
            unreachable!()
        };
        let object = object.get_mut(&mut self.objects);
        let handle = object.block.handle;
        match *step {
            Step::Attach { member, .. } => match self.members[member].attach(handle) {
                Ok(block) => {
                    assert!(object.is_live(), "a freed block was attached");
                    assert_eq!(block, object.block);
                    object.references[member] += 1;
                }
                Err(error) => {
                    assert!(!object.is_live(), "{error}");
                    assert_eq!(error.code, Code::Handle);
                }
            },
            Step::Retain { member, .. } if object.references[member] > 0 => {
                self.members[member].retain(handle);
                object.references[member] += 1;
            }
            Step::Detach { member, .. } if object.references[member] > 0 => {
                assert!(object.is_marked(&self.members[member]), "somebody else wrote to the block");
                self.members[member].detach(handle);
                object.references[member] -= 1;
            }
            // Only who has it ships it.
            Step::Ship { .. } if object.references.iter().any(|count| *count > 0) => {
                self.members[0].ship(handle);
                object.in_flight += 1;
            }
            Step::Unship { .. } if object.in_flight > 0 => {
                self.members[MEMBERS - 1].unship(handle);
                object.in_flight -= 1;
            }
            _ => {}
        }
    }

    fn check(&self) {
        let live = self.objects.iter().filter(|object| object.is_live()).count();
        assert_eq!(tables::live_count(&self.members[0]), live as u32);
        for object in &self.objects {
            assert_eq!(self.members[1].is_live(object.block.handle), object.is_live());
        }
    }

    fn give_all_back(&mut self) {
        for object in &mut self.objects {
            for (domain, count) in self.members.iter().zip(std::mem::take(&mut object.references)) {
                (0..count).for_each(|_| domain.detach(object.block.handle));
            }
            (0..std::mem::take(&mut object.in_flight)).for_each(|_| self.members[0].unship(object.block.handle));
        }
    }
}

#[derive(Debug, Clone)]
enum NameStep {
    Open { member: usize, name: usize, kind: Kind },
    Close { member: usize, name: usize },
}

fn name_step(names: usize) -> impl Strategy<Value = NameStep> {
    let kind = prop_oneof![4 => Just(Kind::Buffer), 1 => Just(Kind::Lock)];
    prop_oneof![
        (0..MEMBERS, 0..names, kind).prop_map(|(member, name, kind)| NameStep::Open { member, name, kind }),
        (0..MEMBERS, 0..names).prop_map(|(member, name)| NameStep::Close { member, name }),
    ]
}

const NAME_COUNT: usize = 5;

proptest! {
    #![proptest_config(config("blocks", 100))]
    #[test]
    fn blocks_live_as_long_as_they_are_referenced_and_never_overlap(steps in vec(step(), 1..80)) {
        let mut model = Model { members: members(), objects: Vec::new() };
        for step in &steps {
            model.take(step);
            model.check();
        }
        model.give_all_back();
        model.check();
        assert_eq!(model.members[0].usage(), (0, 0));
    }
}

proptest! {
    #![proptest_config(config("names", 100))]
    #[test]
    fn a_name_is_one_object_from_its_first_opening_to_its_last_closing(
        names in proptest::collection::hash_set("\\PC{1,50}", NAME_COUNT),
        steps in vec(name_step(NAME_COUNT), 1..80),
    ) {
        let names: Vec<String> = names.into_iter().collect();
        let members = members();
        // Of each name: its object and how often each member has it open.
        let mut open: HashMap<usize, (Handle, [u32; MEMBERS])> = HashMap::new();
        for step in steps {
            match step {
                NameStep::Open { member, name, kind } => {
                    let domain = &members[member];
                    let opened = domain.open_named(kind, &names[name], || domain.allocate(kind, LOCK_BYTES));
                    match (open.get_mut(&name), opened) {
                        (None, Ok((block, true))) => {
                            prop_assert_eq!(block.handle.kind, kind);
                            let mut counts = [0; MEMBERS];
                            counts[member] = 1;
                            open.insert(name, (block.handle, counts));
                        }
                        (Some((handle, counts)), Ok((block, false))) => {
                            prop_assert_eq!(block.handle, *handle);
                            counts[member] += 1;
                        }
                        (Some((handle, _)), Err(error)) => {
                            prop_assert_eq!(error.code, Code::Name);
                            prop_assert_ne!(handle.kind, kind);
                        }
                        (known, opened) => prop_assert!(false, "{:?} is known, {:?} was opened", known, opened),
                    }
                }
                NameStep::Close { member, name } => {
                    if let Some((handle, counts)) = open.get_mut(&name)
                        && counts[member] > 0
                    {
                        members[member].detach(*handle);
                        counts[member] -= 1;
                        if counts.iter().all(|count| *count == 0) {
                            open.remove(&name);
                        }
                    }
                }
            }
            prop_assert_eq!(tables::live_count(&members[0]), open.len() as u32);
        }
    }
}
