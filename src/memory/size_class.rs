//! The sizes of blocks: four steps for each doubling, so that a block wastes a fifth at most.
//!
//! Class c has 64 × c' bytes with c' = 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, …; beyond 4 KiB rounded up to pages.

use super::layout::SMALL_BLOCK_MAX;

const UNIT: u64 = 64;
const PAGE: u64 = 4096;
/// Enough for blocks of 2^41 bytes.
pub const CLASS_COUNT: usize = 140;

/// The smallest class whose blocks hold `length` bytes, if there is one.
pub fn class_of(length: u64) -> Option<usize> {
    let length = if length > SMALL_BLOCK_MAX { length.checked_next_multiple_of(PAGE)? } else { length };
    let units = length.div_ceil(UNIT).max(1);
    let class = if units <= 4 {
        units as usize - 1
    } else {
        // units - 1 = (4 + step) << shift, rounded down; the class above it holds `units`.
        let shift = 63 - (units - 1).leading_zeros() as usize - 2;
        let step = ((units - 1) >> shift) as usize - 4;
        4 * (shift + 1) + step
    };
    (class < CLASS_COUNT).then_some(class)
}

pub fn capacity_of(class: usize) -> u64 {
    let units = if class < 4 { class as u64 + 1 } else { (4 + (class as u64 % 4) + 1) << (class as u64 / 4 - 1) };
    let bytes = units * UNIT;
    if bytes > SMALL_BLOCK_MAX { bytes.next_multiple_of(PAGE) } else { bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_fits_its_class_and_not_the_one_below() {
        let mut lengths: Vec<u64> = (0..20_000).collect();
        lengths.extend(
            (14..40).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1, (1 << bit) + (1 << (bit - 1)) + 1]),
        );
        for length in lengths {
            let class = class_of(length).unwrap();
            assert!(capacity_of(class) >= length, "{length} in class {class} of {}", capacity_of(class));
            let strictly_smaller = (0..class).rev().find(|&c| capacity_of(c) < capacity_of(class));
            if let Some(below) = strictly_smaller {
                assert!(capacity_of(below) < length.max(1), "{length} would fit class {below}");
            }
        }
        assert!((1..CLASS_COUNT).all(|c| capacity_of(c) >= capacity_of(c - 1)));
        assert_eq!(class_of(u64::MAX), None);
    }
    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]
        #[test]
        fn a_block_wastes_a_fifth_at_most(length in 257_u64..1 << 41, shift in 0_u32..33) {
            // Of all magnitudes alike.
            let length = (length >> shift).max(257);
            let waste = capacity_of(class_of(length).unwrap()) - length;
            // Rounding, to units or to pages, comes on top.
            let rounding = if length > SMALL_BLOCK_MAX { 2 * PAGE } else { UNIT };
            proptest::prop_assert!(waste < length / 4 + rounding, "{length} wastes {waste}");
        }
    }
}
