//! JSON lines: an object in each, whose members are cells.

use super::Sheet;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub(super) fn parse(text: &str) -> Result<Sheet, String> {
    let mut places = BTreeMap::new();
    let mut sheet = Sheet::default();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let object: Map<String, Value> =
            serde_json::from_str(line).map_err(|_| format!("line {number}: not a JSON object"))?;
        let mut row = vec![String::new(); sheet.names.len()];
        for (name, value) in object {
            let at = *places.entry(name).or_insert_with_key(|name| {
                sheet.names.push(name.clone());
                sheet.names.len() - 1
            });
            row.resize(sheet.names.len(), String::new());
            if let Some(cell) = row.get_mut(at) {
                *cell = written(value);
            }
        }
        sheet.rows.push(row);
    }
    // Later lines may have had members that earlier ones had not.
    let width = sheet.names.len();
    sheet.rows.iter_mut().for_each(|row| row.resize(width, String::new()));
    Ok(sheet)
}

fn written(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        Value::Bool(yes) => u8::from(yes).to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_columns() {
        let sheet = parse("{\"text\":\"a\",\"ok\":true}\n\n{\"score\":0.5,\"text\":\"b\"}\n").unwrap();
        assert_eq!(sheet.names.len(), 3);
        let cell = |row: usize, name: &str| sheet.rows[row][sheet.place(name).unwrap()].clone();
        assert_eq!((cell(0, "text"), cell(0, "ok"), cell(0, "score")), ("a".into(), "1".into(), String::new()));
        assert_eq!((cell(1, "text"), cell(1, "score")), ("b".into(), "0.5".into()));
        assert_eq!(parse("[1]").unwrap_err(), "line 1: not a JSON object");
    }
}
