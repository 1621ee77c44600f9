//! How somebody wants to see it, which keys change.

use super::figures::By;
use super::table::Column;
use super::terminal::Pressed;

/// What the rows are, and which of them stands first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) by: By,
    pub(crate) sort: Column,
    /// How many rows are scrolled away.
    pub(crate) first: usize,
}

/// How many rows a page is.
const PAGE: usize = 10;

impl View {
    pub(crate) fn new(by: By, sort: Column) -> Self {
        Self { by, sort, first: 0 }
    }

    /// What a key makes of it. `None` ends the view.
    pub(crate) fn after(self, pressed: Pressed) -> Option<Self> {
        let by = |by| Self::new(by, self.sort);
        Some(match pressed {
            Pressed::End => return None,
            Pressed::Tab => by(self.by.next()),
            Pressed::Letter('t') => by(By::Tenant),
            Pressed::Letter('m') => by(By::Model),
            Pressed::Letter('r') => by(By::Rule),
            Pressed::Letter('c') => by(By::Cluster),
            Pressed::Left => Self::new(self.by, self.sort.further(-1)),
            Pressed::Right => Self::new(self.by, self.sort.further(1)),
            Pressed::Up => Self { first: self.first.saturating_sub(1), ..self },
            Pressed::Down => Self { first: self.first.saturating_add(1), ..self },
            Pressed::PageUp => Self { first: self.first.saturating_sub(PAGE), ..self },
            Pressed::PageDown => Self { first: self.first.saturating_add(PAGE), ..self },
            Pressed::Letter(_) | Pressed::Resized => self,
        })
    }

    /// The same where no more than so many rows can be scrolled away.
    pub(crate) fn within(self, most: usize) -> Self {
        Self { first: self.first.min(most), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(keys: &[Pressed]) -> Option<View> {
        keys.iter().try_fold(View::new(By::Tenant, Column::Requests), |view, key| view.after(*key))
    }

    #[test]
    fn keys_change_rows_order_and_place() {
        use Pressed::{Down, End, Left, Letter, PageDown, Resized, Right, Tab, Up};
        let view = |by, sort, first| Some(View { by, sort, first });
        for (keys, expected) in [
            (&[Tab][..], view(By::Model, Column::Requests, 0)),
            (&[Tab, Tab, Tab, Tab], view(By::Tenant, Column::Requests, 0)),
            (&[Letter('c'), Letter('x')], view(By::Cluster, Column::Requests, 0)),
            (&[Left, Left, Left], view(By::Tenant, Column::P95, 0)),
            (&[Left, Left, Left, Right], view(By::Tenant, Column::Name, 0)),
            (&[Up, Down, PageDown, Up, Resized], view(By::Tenant, Column::Requests, 10)),
            (&[Down, Letter('m')], view(By::Model, Column::Requests, 0)),
            (&[Down, End], None),
        ] {
            assert_eq!(after(keys), expected, "{keys:?}");
        }
    }
}
