//! Which segments to merge.
//!
//! **Promises.** Small segments are merged with others of their size, so a row is rewritten a logarithmic number of
//! times; what is not yet in a sealed segment never weighs much more than three quarters of [`FULL`]; a sealed
//! segment is merged again only when over half of it is dead; a merge never weighs more than [`FULL`], which bounds
//! the memory and time that it takes.

use crate::head::SegmentRef;

/// What a full segment weighs. Owners weigh their segments in parts of it.
pub const FULL: u32 = 1 << 16;
/// A segment from this weight on is sealed: worth an index of its own, and not merged while it is mostly live.
pub const SEALED: u32 = FULL / 2;
/// This many segments of one size are merged: three more lists to read against one more rewrite per size.
const FAN_IN: usize = 4;
/// A lighter segment is not worth a rewrite of its own, however dead it is; its size's merge will take it.
const WORTH_REWRITING: u32 = FULL / 64;

/// Weighs a segment by whichever of its bounds it fills most: pairs of what it has and what a full one has.
pub fn weigh(measures: &[(u64, u64)]) -> u32 {
    let part = |&(has, full): &(u64, u64)| has.saturating_mul(u64::from(FULL)) / full.max(1);
    let weight = measures.iter().map(part).max().unwrap_or(0);
    u32::try_from(weight).unwrap_or(u32::MAX).max(1)
}

fn live_weight(segment: &SegmentRef) -> u32 {
    let part = u64::from(segment.weight) * u64::from(segment.live()) / u64::from(segment.rows.max(1));
    u32::try_from(part).unwrap_or(u32::MAX)
}

/// The segments to merge now, as positions in `segments`; none when all is well.
pub fn choose(segments: &[SegmentRef]) -> Option<Vec<usize>> {
    let mut small: Vec<(u32, usize)> = Vec::new();
    for (position, segment) in segments.iter().enumerate() {
        let live = live_weight(segment);
        if segment.weight < SEALED || live < SEALED / 2 {
            small.push((live, position));
        }
    }
    small.sort_unstable();

    let total: u64 = small.iter().map(|(live, _)| u64::from(*live)).sum();
    if total >= u64::from(FULL / 4 * 3) {
        // Largest first: the sum is then over half of a full segment, so the result is sealed.
        return Some(take_while_light(small.iter().rev()));
    }
    let size = |live: u32| live.max(1).ilog2() / 2;
    for group in small.chunk_by(|a, b| size(a.0) == size(b.0)) {
        if group.len() >= FAN_IN {
            return Some(take_while_light(group.iter()));
        }
    }
    let mostly_dead = |&&(live, position): &&(u32, usize)| {
        segments.get(position).is_some_and(|segment| segment.weight >= WORTH_REWRITING && live < segment.weight / 2)
    };
    small.iter().find(mostly_dead).map(|(_, position)| vec![*position])
}

fn take_while_light<'a>(segments: impl Iterator<Item = &'a (u32, usize)>) -> Vec<usize> {
    let mut sum = 0u32;
    let mut chosen: Vec<usize> = segments
        .take_while(|(live, _)| {
            sum = sum.saturating_add(*live);
            sum <= FULL
        })
        .map(|(_, position)| *position)
        .collect();
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bits::Bits;

    fn segment(weight: u32, dead: u32) -> SegmentRef {
        SegmentRef { id: String::new(), rows: 100, weight, dead: Bits::full(dead) }
    }

    #[test]
    fn sealed_segments_are_left_alone_until_half_is_dead() {
        assert_eq!(choose(&[segment(FULL, 0), segment(SEALED, 10), segment(FULL, 45)]), None);
        assert_eq!(choose(&[segment(FULL, 0), segment(SEALED, 60)]), Some(vec![1]));
    }

    #[test]
    fn segments_of_one_size_are_merged_together() {
        let segments = [segment(100, 0), segment(FULL, 0), segment(100, 0), segment(100, 0), segment(9000, 0)];
        assert_eq!(choose(&segments), None);
        let segments = [segments.as_slice(), &[segment(110, 0)]].concat();
        assert_eq!(choose(&segments), Some(vec![0, 2, 3, 5]));
    }

    proptest! {
        /// Adding segments one by one, each followed by at most one merge, as the owners do.
        #[test]
        fn the_list_stays_short_and_merges_stay_light(weights in prop::collection::vec(1u32..FULL / 2, 1..300)) {
            let mut segments = Vec::new();
            let mut sealed = 0u64;
            for weight in weights {
                segments.push(segment(weight, 0));
                if let Some(chosen) = choose(&segments) {
                    let weight: u32 = chosen.iter().map(|at| segments[*at].weight).sum();
                    prop_assert!(weight <= FULL);
                    for at in chosen.iter().rev() {
                        segments.remove(*at);
                    }
                    segments.push(segment(weight, 0));
                }
                let small: Vec<u32> = segments.iter().map(|s| s.weight).filter(|w| *w < SEALED).collect();
                prop_assert!(small.len() <= 32, "{} small segments", small.len());
                prop_assert!(small.iter().map(|w| u64::from(*w)).sum::<u64>() <= u64::from(FULL) * 5 / 4);
                sealed = sealed.max(segments.len() as u64);
            }
        }
    }
}
