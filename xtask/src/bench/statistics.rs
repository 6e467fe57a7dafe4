//! Medians and spreads of what the rounds gave.

/// The middle of some numbers, and the lowest and highest of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
}

impl Spread {
    /// Of at least one number.
    pub(crate) fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = numbers.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (Some(&lowest), Some(&highest)) = (sorted.first(), sorted.last()) else {
            unreachable!("a bench has at least one round");
        };
        let (upper, lower) = (sorted.len() / 2, (sorted.len() - 1) / 2);
        Self { median: f64::midpoint(sorted[lower], sorted[upper]), lowest, highest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_in_the_middle() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Spread { median: 2.0, lowest: 1.0, highest: 3.0 });
        assert!((Spread::of([4.0, 1.0]).median - 2.5).abs() < 1e-9);
    }
}
