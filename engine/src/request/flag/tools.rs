//! The request brings tools: an element in `tools`, `functions`, `plugins` or `mcp_servers`.

use super::marks::Marks;
use crate::request::place::Place;

pub(super) struct Tools;

impl Marks for Tools {
    fn element(list: Place) -> bool {
        list == Place::Tools
    }
}
