//! Macros that go through a list.

use super::{Checked, Checker, Local};
use crate::error::ExpressionErrorKind as Kind;
use crate::program::{Each, Node, Which};
use crate::shape::Shape;
use crate::syntax::{Syntax, Term};

impl Checker<'_> {
    pub(super) fn each(
        &mut self,
        offset: usize,
        which: Which,
        name: &'static str,
        of: &Term,
        given: &[Term],
    ) -> Option<Checked> {
        self.takes(offset, name, 2, given)?;
        let [local, body] = given else { return None };
        let Syntax::Name(local_name) = &local.syntax else {
            return self
                .fail(local.offset, Kind::Literal("the item needs a name, such as `x` in `list.exists(x, x > 1)`"));
        };
        let list = self.term(of)?;
        let (Some(shape), false) = (list.shape.item(), matches!(list.shape, Shape::Map(..))) else {
            return self.fail(of.offset, Kind::Types { to: name, found: vec![list.shape.name()], hint: "" });
        };
        let place = self.locals.len();
        self.locals.push(Local { name: local_name.clone(), shape });
        let body = self.truth(body, name);
        self.locals.truncate(place);
        let body = body?;
        let each = list.shape.most().saturating_mul(body.cost.saturating_add(1));
        let cost = list.cost.saturating_add(each).saturating_add(1);
        let each = Each { which, list: list.node, local: place, body: body.node };
        Some(Checked { node: Node::Each(Box::new(each)), shape: Shape::Bool, cost })
    }
}
