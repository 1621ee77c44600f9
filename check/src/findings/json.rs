//! A finding for programs.

use super::Finding;
use pointsman_source::Finding as Placed;
use serde_json::{Map, Value, json};

impl Finding {
    /// As `check --output json` has it.
    pub fn to_json(&self) -> Value {
        let Self { code, placed: at, related, is_allowed } = self;
        let mut value = json!({
            "code": code.name(), "severity": self.severity().to_string(), "title": code.title(), "message": at.message,
            "allowed": is_allowed,
        });
        if let Some(object) = value.as_object_mut() {
            object.extend(place(at));
            object.extend(related.iter().map(|related| ("related".to_owned(), Value::Object(place(related)))));
        }
        value
    }
}

fn place(placed: &Placed) -> Map<String, Value> {
    let mut place = Map::new();
    place.insert("file".to_owned(), placed.file.display().to_string().into());
    if let Some(at) = placed.at {
        place.insert("line".to_owned(), at.line.into());
        place.insert("column".to_owned(), at.column.into());
    }
    place.insert("field".to_owned(), placed.path.clone().into());
    place
}
