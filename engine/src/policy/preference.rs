//! In which order models are tried that a rule prefers by something else than weights.

use super::catalog::{Catalog, Cost, ModelId};
use super::error::Report;
use crate::budget::bill::Tokens;
use pointsman_document::{Definitions, Document, DocumentErrorKind, Named, Path, Read, Value, names, order, schema};
use std::cmp::Ordering;

names! {
    /// What models are preferred by.
    pub(crate) enum Prefer {
        /// The order of the document.
        First => "first",
        /// What this request costs, by the prices of the policy.
        Cheapest => "cheapest",
    }
}

/// The same, where an author may ask for what is not there yet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PreferSpec(pub(super) Prefer);

impl Read for PreferSpec {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        if document.as_str() == Some("fastest") {
            let why = "`fastest` is not there yet: it waits for latencies that are measured while running";
            return report.lose(at, DocumentErrorKind::Meaning(why.into()));
        }
        Self(Prefer::read(document, at, report))
    }

    fn schema(_: &mut Definitions) -> Value {
        let choices: Vec<_> = Prefer::CHOICES.iter().map(|(name, _)| *name).collect();
        schema::choices(&choices)
    }
}

/// The most orders in which the models of a rule can stand, over all lengths of requests. A proxy needs clusters for each.
const MOST_ORDERS: usize = 24;

/// How two models stand to each other, however long a request and its answer are; `None` where that depends on it. A model
/// without a price comes behind all that have one.
fn always(one: Option<Cost>, other: Option<Cost>) -> Option<Ordering> {
    let (one, other) = match (one, other) {
        (Some(one), Some(other)) => (one, other),
        (one, other) => return Some(other.is_some().cmp(&one.is_some())),
    };
    let input = one.input_per_million.total_cmp(&other.input_per_million);
    let output = one.output_per_million.total_cmp(&other.output_per_million);
    match (input, output) {
        (Ordering::Equal, order) | (order, Ordering::Equal) => Some(order),
        (input, output) => (input == output).then_some(input),
    }
}

/// How two models stand to each other for one request. At the same cost the lower price comes first: so it agrees with what
/// always holds.
fn at(tokens: &Tokens, one: Option<Cost>, other: Option<Cost>) -> Ordering {
    let cost =
        |cost: Cost| tokens.input as f64 * cost.input_per_million + tokens.output as f64 * cost.output_per_million;
    match (one, other) {
        (Some(one), Some(other)) => cost(one).total_cmp(&cost(other)).then_with(|| by_prices(one, other)),
        (one, other) => other.is_some().cmp(&one.is_some()),
    }
}

fn by_prices(one: Cost, other: Cost) -> Ordering {
    let input = one.input_per_million.total_cmp(&other.input_per_million);
    input.then(one.output_per_million.total_cmp(&other.output_per_million))
}

fn price(catalog: &Catalog, model: ModelId) -> Option<Cost> {
    catalog.get(model).and_then(|model| model.cost)
}

/// Whether the cheapest of these depends on how long a request is.
pub(crate) fn depends_on_length(catalog: &Catalog, models: impl Iterator<Item = ModelId> + Clone) -> bool {
    let mut rest = models;
    while let Some(one) = rest.next() {
        let mut others = rest.clone();
        if others.any(|other| always(price(catalog, one), price(catalog, other)).is_none()) {
            return true;
        }
    }
    false
}

/// Puts the cheapest first; equal ones stay in their order. `tokens` are needed where the order depends on them.
pub(crate) fn sort<T>(catalog: &Catalog, items: &mut Vec<T>, model: impl Fn(&T) -> ModelId, tokens: &Tokens) {
    order::sort_by(items, |one, other| at(tokens, price(catalog, model(one)), price(catalog, model(other))));
}

/// Every order in which some request can find these models, the cheapest first, and perhaps some that none does; `None` where
/// there may be too many.
///
/// Prices say for most pairs who is cheaper for every request. What they leave open is taken to go either way.
pub(super) fn orders(catalog: &Catalog, models: &[ModelId]) -> Option<Vec<Vec<ModelId>>> {
    let mut orders = Vec::new();
    extend(catalog, &mut Vec::with_capacity(models.len()), models, &mut orders);
    (orders.len() <= MOST_ORDERS).then_some(orders)
}

/// Goes on from `begun` with each that can come next of the rest.
fn extend(catalog: &Catalog, begun: &mut Vec<ModelId>, rest: &[ModelId], orders: &mut Vec<Vec<ModelId>>) {
    if rest.is_empty() {
        orders.push(begun.clone());
    }
    for (nth, next) in rest.iter().enumerate() {
        let comes_first =
            |(place, other): (usize, &ModelId)| match always(price(catalog, *other), price(catalog, *next)) {
                Some(Ordering::Less) => true,
                Some(Ordering::Equal) => place < nth,
                Some(Ordering::Greater) | None => false,
            };
        if orders.len() > MOST_ORDERS || rest.iter().enumerate().any(comes_first) {
            continue;
        }
        let others: Vec<ModelId> = rest.iter().copied().filter(|other| other != next).collect();
        begun.push(*next);
        extend(catalog, begun, &others, orders);
        begun.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::testing::{check, valid};
    use proptest::prelude::*;

    /// A policy with models of these prices.
    fn models(prices: &[Option<(u32, u32)>]) -> String {
        let models = prices.iter().enumerate().map(|(nth, price)| {
            let cost = price.map_or(String::new(), |(input, output)| {
                format!(r#", "cost": {{"inputPerMillion": {input}, "outputPerMillion": {output}}}"#)
            });
            format!(r#"{{"name": "m{nth}", "cluster": "c"{cost}}}"#)
        });
        format!(r#""models": [{}]"#, models.collect::<Vec<_>>().join(","))
    }

    fn all(prices: &[Option<(u32, u32)>]) -> Option<Vec<Vec<u16>>> {
        let policy = valid(&models(prices));
        let ids: Vec<ModelId> = policy.models().map(|(id, _)| id).collect();
        let orders = orders(policy.catalog(), &ids)?;
        Some(orders.into_iter().map(|order| order.into_iter().map(|ModelId(id)| id).collect()).collect())
    }

    #[test]
    fn prices_leave_few_orders_open() {
        assert_eq!(all(&[Some((3, 9)), Some((1, 2)), None, Some((1, 2)), None]), Some(vec![vec![1, 3, 0, 2, 4]]));
        // Cheap input against cheap output.
        assert_eq!(all(&[Some((3, 1)), Some((1, 3)), Some((9, 9))]), Some(vec![vec![0, 1, 2], vec![1, 0, 2]]));
        let apart = |count: u32| (0..count).map(|nth| Some((nth, count - nth))).collect::<Vec<_>>();
        assert_eq!(all(&apart(4)).map(|orders| orders.len()), Some(24));
        assert_eq!(all(&apart(5)), None);
        assert_eq!(all(&apart(60)), None);
    }

    #[test]
    fn what_cannot_be_meant_is_an_error() {
        let rule = |route: &str| {
            format!(
                r#"{}, "rules": [{{"name": "r", "route": {route}}}]"#,
                models(&[Some((1, 5)), Some((2, 4)), Some((3, 3)), Some((4, 2)), Some((5, 1)), None, None, None])
            )
        };
        check(
            &rule(r#"{"targets": [{"model": "m0"}], "prefer": "fastest"}"#),
            &[
                "rules[0].route.prefer: `fastest` is not there yet: it waits for latencies that are measured while running",
            ],
        );
        check(
            &rule(r#"{"targets": [{"model": "m0"}], "prefer": "cheap"}"#),
            &["rules[0].route.prefer: unknown value `cheap`, expected one of `first`, `cheapest`"],
        );
        check(
            &rule(
                r#"{"targets": [{"model": "m0", "weight": 3}, {"model": "m1"}], "prefer": "first", "sticky": {"header": "x-s"}}"#,
            ),
            &[
                "rules[0].route.targets[0].weight: nothing is drawn by weight beside `prefer`",
                "rules[0].route.sticky: nothing is drawn beside `prefer`, unless there is a `rollout` or `mirror`",
            ],
        );
        check(
            &rule(r#"{"targets": [{"model": "m*"}], "prefer": "first"}"#),
            &[
                "rules[0].route.targets: comes to 8 models, and at most 7 can be tried: say in `fallback` which are, after the first",
            ],
        );
        let five = r#"{"model": "m0"}, {"model": "m1"}, {"model": "m2"}, {"model": "m3"}, {"model": "m4"}"#;
        check(
            &rule(&format!(r#"{{"targets": [{five}], "prefer": "cheapest"}}"#)),
            &[
                "rules[0].route.prefer: the prices of these models leave more than 24 orders open: say in `fallback` which are tried after the cheapest",
            ],
        );
        check(&rule(&format!(r#"{{"targets": [{five}], "prefer": "first"}}"#)), &[]);
        check(&rule(r#"{"targets": [{"model": "m*"}], "prefer": "cheapest", "fallback": []}"#), &[]);
        check(
            &rule(r#"{"targets": [{"model": "m0"}], "prefer": "first", "sticky": {}, "mirror": {"model": "m1"}}"#),
            &[],
        );
    }

    proptest! {
        /// Whatever a request costs, its order is one that was known before.
        #[test]
        fn every_order_is_known(
            prices in prop::collection::vec(prop::option::weighted(0.8, (0_u32..4, 0_u32..4)), 1..5),
            input in 0_u64..2000,
            output in 0_u64..2000,
        ) {
            let policy = valid(&models(&prices));
            let ids: Vec<ModelId> = policy.models().map(|(id, _)| id).collect();
            let mut sorted = ids.clone();
            sort(policy.catalog(), &mut sorted, |id| *id, &Tokens { input, output, ..Tokens::default() });
            let known = orders(policy.catalog(), &ids).expect("few");
            prop_assert!(known.contains(&sorted), "{sorted:?} {known:?}");
            if !depends_on_length(policy.catalog(), ids.iter().copied()) {
                prop_assert_eq!(known.len(), 1);
            }
        }
    }
}
