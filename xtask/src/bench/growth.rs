//! How a cost grows with what it is for.

/// What so many units have cost, in any measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Amount {
    pub(crate) units: f64,
    pub(crate) cost: f64,
}

impl Amount {
    /// For one unit.
    pub(crate) fn per_unit(self) -> f64 {
        self.cost / self.units
    }

    /// The power of the count with which the cost has grown since `before`: 1 is linear,
    /// 2 is four times the cost for twice the work, and less than 1 means that a part of
    /// it did not grow. None where one of the costs is not known.
    pub(crate) fn power_since(self, before: Self) -> Option<f64> {
        let power = (self.cost / before.cost).ln() / (self.units / before.units).ln();
        (self.cost > 0.0 && before.cost > 0.0 && power.is_finite()).then_some(power)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(units: f64, cost: f64) -> Amount {
        Amount { units, cost }
    }

    #[test]
    fn linear_growth_is_the_first_power() {
        let power = |before, now| amount(10.0, now).power_since(amount(1.0, before));
        assert!((power(2.0, 20.0).expect("known") - 1.0).abs() < 1e-9);
        assert!((power(2.0, 200.0).expect("known") - 2.0).abs() < 1e-9);
        assert!(power(2.0, 2.0).expect("known").abs() < 1e-9);
        assert!((amount(10.0, 20.0).per_unit() - 2.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_not_known_has_not_grown() {
        assert_eq!(amount(10.0, 0.0).power_since(amount(1.0, 1.0)), None);
        assert_eq!(amount(10.0, 1.0).power_since(amount(1.0, 0.0)), None);
        assert_eq!(amount(10.0, 1.0).power_since(amount(10.0, 2.0)), None);
    }
}
