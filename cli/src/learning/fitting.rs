//! From outcomes by class and model to the model of each class.

use super::outcomes::{Outcome, Outcomes, greatest};

/// How many outcomes a class must have to count as much as what its models are like elsewhere.
const PRIOR: f64 = 4.0;

/// What a table is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    /// The best answers, whatever they cost.
    Best,
    /// The cheapest table that is this share as good as the best one.
    Quality(f64),
    /// The best answers that cost at most so much for a request, on average.
    Cost(f64),
}

/// What each model is for the requests of each class.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Experience {
    /// How many requests each class had.
    pub(crate) counts: Vec<f64>,
    /// By class and model.
    pub(crate) quality: Vec<Vec<f64>>,
    pub(crate) cost: Vec<Vec<f64>>,
}

impl Experience {
    /// Of outcomes, the class of each row, and what a request costs at each model where the row does not say.
    pub(crate) fn of(
        outcomes: &Outcomes,
        classes: &[usize],
        count: usize,
        price: impl Fn(usize, usize, &Outcome) -> f64,
    ) -> Self {
        let models = outcomes.models.len();
        let everywhere = outcomes.means();
        let mut counts = vec![0.0; count];
        let mut quality = vec![vec![(0.0, 0.0); models]; count];
        let mut cost = quality.clone();
        for (at, (row, class)) in outcomes.rows.iter().zip(classes).enumerate() {
            let (Some(counted), Some(quality), Some(cost)) =
                (counts.get_mut(*class), quality.get_mut(*class), cost.get_mut(*class))
            else {
                continue;
            };
            *counted += 1.0;
            for (model, ((outcome, quality), cost)) in row.iter().zip(quality).zip(cost).enumerate() {
                let Some(found) = outcome.quality else { continue };
                *quality = (quality.0 + found, quality.1 + 1.0);
                *cost = (cost.0 + outcome.cost.unwrap_or_else(|| price(at, model, outcome)), cost.1 + 1.0);
            }
        }
        let near = |row: Vec<(f64, f64)>| {
            row.into_iter().zip(&everywhere).map(|((sum, n), mean)| (sum + PRIOR * mean) / (n + PRIOR)).collect()
        };
        let mean = |row: Vec<(f64, f64)>| row.into_iter().map(|(sum, n)| sum / f64::max(n, 1.0)).collect();
        Self { counts, quality: quality.into_iter().map(near).collect(), cost: cost.into_iter().map(mean).collect() }
    }

    fn at(table: &[Vec<f64>], class: usize, model: usize) -> f64 {
        table.get(class).and_then(|row| row.get(model)).copied().unwrap_or(0.0)
    }

    /// The mean quality and cost of a request if each class goes to its model.
    pub(crate) fn mean(&self, choice: &[usize]) -> (f64, f64) {
        let all: f64 = self.counts.iter().sum::<f64>().max(1.0);
        let sum = |table: &[Vec<f64>]| {
            let parts = self.counts.iter().zip(choice).enumerate();
            parts.map(|(class, (count, model))| count * Self::at(table, class, *model)).sum::<f64>() / all
        };
        (sum(&self.quality), sum(&self.cost))
    }

    /// The model of each class.
    pub(crate) fn choose(&self, goal: Goal) -> Vec<usize> {
        let best: Vec<usize> = (0..self.counts.len()).map(|class| self.best(class)).collect();
        let most = self.mean(&best).0;
        let mut choice: Vec<usize> = (0..self.counts.len()).map(|class| self.cheapest(class)).collect();
        let mut steps = self.steps(&choice);
        // What improves most for its money comes first. Within a class that is the order of the steps anyway.
        steps.sort_by(|a, b| b.worth.total_cmp(&a.worth));
        for step in steps {
            let (quality, _) = self.mean(&choice);
            if matches!(goal, Goal::Quality(share) if quality >= share * most) {
                break;
            }
            let before = choice.get(step.class).copied();
            if let Some(model) = choice.get_mut(step.class) {
                *model = step.model;
            }
            if let (Goal::Cost(limit), Some(before)) = (goal, before)
                && self.mean(&choice).1 > limit
            {
                if let Some(model) = choice.get_mut(step.class) {
                    *model = before;
                }
                break;
            }
        }
        if goal == Goal::Best { best } else { choice }
    }

    fn best(&self, class: usize) -> usize {
        // Of equally good ones the cheaper one.
        let models = self.quality.get(class).map_or(0, Vec::len);
        greatest(0..models, |model| Self::at(&self.quality, class, model) - 1e-9 * Self::at(&self.cost, class, model))
            .unwrap_or(0)
    }

    fn cheapest(&self, class: usize) -> usize {
        let models = self.quality.get(class).map_or(0, Vec::len);
        let least = (0..models).map(|model| Self::at(&self.cost, class, model)).fold(f64::INFINITY, f64::min);
        greatest(0..models, |model| {
            if Self::at(&self.cost, class, model) <= least { Self::at(&self.quality, class, model) } else { f64::MIN }
        })
        .unwrap_or(0)
    }

    /// For each class the models that are worth their money, from the cheapest on: each step is worth less than the one
    /// before.
    fn steps(&self, cheapest: &[usize]) -> Vec<Upgrade> {
        let mut steps = Vec::new();
        for (class, first) in cheapest.iter().enumerate() {
            let models = self.quality.get(class).map_or(0, Vec::len);
            let mut now = *first;
            loop {
                let worth = |model: usize| {
                    let better = Self::at(&self.quality, class, model) - Self::at(&self.quality, class, now);
                    let dearer = Self::at(&self.cost, class, model) - Self::at(&self.cost, class, now);
                    if better > 0.0 && dearer > 0.0 { better / dearer } else { f64::MIN }
                };
                match greatest(0..models, worth) {
                    Some(model) if worth(model) > 0.0 => {
                        steps.push(Upgrade { class, model, worth: worth(model) });
                        now = model;
                    }
                    _ => break,
                }
            }
        }
        steps
    }
}

/// A better model for a class, and how much better for its money.
#[derive(Debug)]
struct Upgrade {
    class: usize,
    model: usize,
    worth: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experience() -> Experience {
        // Three models: cheap, middle, dear. The second class gains most from the dear one.
        Experience {
            counts: vec![50.0, 50.0],
            quality: vec![vec![0.8, 0.85, 0.86], vec![0.3, 0.5, 0.9]],
            cost: vec![vec![1.0, 2.0, 10.0], vec![1.0, 2.0, 10.0]],
        }
    }

    #[test]
    fn money_goes_where_it_helps_most() {
        let experience = experience();
        assert_eq!(experience.choose(Goal::Best), [2, 2]);
        assert_eq!(experience.choose(Goal::Cost(1.0)), [0, 0]);
        assert_eq!(experience.choose(Goal::Cost(1.5)), [0, 1]);
        assert_eq!(experience.choose(Goal::Cost(6.0)), [1, 2]);
        assert_eq!(experience.choose(Goal::Quality(0.99)), [1, 2]);
        assert_eq!(experience.choose(Goal::Quality(0.1)), [0, 0]);
        let (quality, cost) = experience.mean(&[1, 2]);
        assert!((quality - 0.875).abs() < 1e-9 && (cost - 6.0).abs() < 1e-9);
    }

    #[test]
    fn few_outcomes_say_little() {
        let outcome = |quality| Outcome { quality: Some(quality), ..Outcome::default() };
        let mut rows = vec![vec![outcome(0.6), outcome(0.4)]; 99];
        rows.push(vec![outcome(0.0), outcome(0.1)]);
        let outcomes = Outcomes { models: vec!["a".into(), "b".into()], rows };
        let classes: Vec<usize> = (0..100).map(|row| usize::from(row == 99)).collect();
        let experience = Experience::of(&outcomes, &classes, 2, |_, _, _| 0.0);
        assert_eq!(experience.choose(Goal::Best), [0, 0]);
    }
}
