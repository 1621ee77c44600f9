//! Macros that go through a list.

use super::{Evaluation, Fault, Found, Open};
use crate::program::{Each, Which};
use crate::value::{Items, Value};

impl<'a> Evaluation<'a> {
    pub(super) fn each(&mut self, each: &'a Each) -> Found<'a> {
        match self.value(&each.list)? {
            Value::List(Items::Borrowed(items)) => self.through(each, items.iter().map(Value::borrowed)),
            Value::List(Items::Owned(items)) => self.through(each, items.into_iter()),
            _ => Err(Open::Fault(Fault::Type)),
        }
    }

    fn through(&mut self, each: &'a Each, items: impl Iterator<Item = Value<'a>>) -> Found<'a> {
        let (mut open, mut held) = (None, 0_u64);
        for item in items {
            self.charge(1)?;
            self.locals.truncate(each.local);
            self.locals.push(item);
            match (self.truth(&each.body), each.which) {
                (Ok(true), Which::Exists) => return Ok(Value::Bool(true)),
                (Ok(false), Which::All) => return Ok(Value::Bool(false)),
                (Ok(holds), _) => held += u64::from(holds),
                (Err(new), _) => open = Some(new.with(open)),
            }
        }
        match (open, each.which) {
            (Some(open), _) => Err(open),
            (None, Which::Exists) => Ok(Value::Bool(false)),
            (None, Which::All) => Ok(Value::Bool(true)),
            (None, Which::ExistsOne) => Ok(Value::Bool(held == 1)),
        }
    }
}
