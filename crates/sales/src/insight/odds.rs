//! How likely something is by what happened before: the odds of all, moved by what is known of this one.
//!
//! Every mark (an owner, a source) moves the odds by how much better or worse deals with it went, the less the fewer there were. Marks overlap, so their sum says too much: how much of it counts is
//! chosen by trying it on later deals that were not counted.

/// With how many deals that went as all did the deals of a mark are thinned.
const PRIOR: f64 = 10.0;
/// How much of the marks may count.
pub(super) const WEIGHTS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// How much of them counts where that could not be tried.
pub(super) const UNTRIED: f64 = 0.5;

/// How deals went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcomes {
    pub(super) decided: i64,
    pub(super) won: i64,
}

impl Outcomes {
    pub(super) fn add(&mut self, count: i64, won: bool) {
        self.decided += count;
        self.won += if won { count } else { 0 };
    }

    /// The share that was won, never quite none or all.
    pub(super) fn rate(self) -> f64 {
        (float(self.won) + 1.0) / (float(self.decided) + 2.0)
    }

    /// By how much the logarithm of the odds of deals with a mark is above that of all.
    pub(super) fn effect(self, all: Outcomes) -> f64 {
        let expected = all.rate();
        let thinned = (float(self.won) + PRIOR * expected) / (float(self.decided) + PRIOR);
        logit(thinned) - logit(expected)
    }
}

/// A deal of which it is known how it ended, with the effects of its marks.
pub(super) struct Case {
    pub(super) effects: Vec<f64>,
    pub(super) won: bool,
}

/// How likely a deal is won.
pub(super) fn probability(all: Outcomes, effects: &[f64], weight: f64) -> f64 {
    let odds = logit(all.rate()) + weight * effects.iter().sum::<f64>();
    1.0 / (1.0 + (-odds).exp())
}

/// How much of the marks counts, so that what is said fits best what came.
pub(super) fn fit(all: Outcomes, cases: &[Case]) -> f64 {
    let surprise = |weight: f64| -> f64 {
        let of = |case: &Case| {
            let probability = probability(all, &case.effects, weight);
            -(if case.won { probability } else { 1.0 - probability }).ln()
        };
        cases.iter().map(of).sum()
    };
    let better = |best: f64, weight: f64| if surprise(weight) < surprise(best) { weight } else { best };
    WEIGHTS.into_iter().fold(0.0, better)
}

/// The mean squared error of what is said of some deals (Brier's score): 0 is always right, 0.25 is what saying one half comes to.
pub(super) fn error(cases: &[Case], said: impl Fn(&Case) -> f64) -> f64 {
    let of = |case: &Case| (said(case) - if case.won { 1.0 } else { 0.0 }).powi(2);
    cases.iter().map(of).sum::<f64>() / float(i64::try_from(cases.len().max(1)).unwrap_or(i64::MAX))
}

/// A number between 0 and 1 in units of so many decimals, rounded.
pub(super) fn fixed(share: f64, unit: f64) -> i64 {
    format!("{:.0}", share * unit).parse().unwrap_or_default()
}

pub(super) fn float(count: i64) -> f64 {
    f64::from(i32::try_from(count).unwrap_or(i32::MAX))
}

fn logit(share: f64) -> f64 {
    (share / (1.0 - share)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn outcomes(won: i64, decided: i64) -> Outcomes {
        Outcomes { decided, won }
    }

    #[test]
    fn marks_move_the_odds_the_more_the_more_is_known() {
        let all = outcomes(50, 100);
        assert!(outcomes(9, 10).effect(all) > 0.0 && outcomes(1, 10).effect(all) < 0.0);
        assert!(outcomes(90, 100).effect(all) > outcomes(9, 10).effect(all));
        assert!(outcomes(0, 0).effect(all).abs() < 1e-9, "nothing is known");
        assert_eq!(fixed(probability(all, &[], 1.0), 1_000.0), 500);
        assert!(probability(all, &[1.0], 1.0) > probability(all, &[1.0], 0.5));
    }

    #[test]
    fn what_does_not_hold_later_does_not_count() {
        let all = outcomes(50, 100);
        let cases = |helps: bool| {
            (0..40)
                .map(|n| Case { effects: vec![if n % 2 == 0 { 1.0 } else { -1.0 }], won: (n % 2 == 0) == helps || n % 10 == 1 })
                .collect::<Vec<_>>()
        };
        assert!(fit(all, &cases(true)) > 0.9);
        assert!(fit(all, &cases(false)).abs() < 1e-9);
        let right = cases(true);
        assert!(error(&right, |case| probability(all, &case.effects, 1.0)) < error(&right, |_| 0.5));
    }

    proptest! {
        #[test]
        fn it_is_a_probability(won in 0i64..1_000, lost in 0i64..1_000, effects in prop::collection::vec(-5.0f64..5.0, 0..6)) {
            let found = probability(outcomes(won, won + lost), &effects, 1.0);
            prop_assert!(found > 0.0 && found < 1.0);
        }
    }
}
