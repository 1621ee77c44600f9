//! Merge keys: `<<: *base` brings in the members of another object. YAML 1.2 has dropped them, and people write them all the same.
//!
//! What an object says itself wins, then the earlier of several; each member keeps the place at which it is written.

use crate::{Place, Placed, Position, SyntaxError};
use pointsman_document::Document;
use std::collections::HashSet;

pub(super) const TWICE: &str =
    "`<<` stands here a second time: name all of them in one list, as in `<<: [*first, *second]`";

/// The objects that `<<` at this place names.
pub(super) fn objects(value: Placed, at: Position) -> Result<Vec<Placed>, SyntaxError> {
    let objects = match value.document {
        Document::Object(_) => vec![value],
        Document::Array(items) => {
            let placed = |(document, place)| Placed { document, place };
            items.into_iter().zip(value.place.inside).map(placed).collect()
        }
        _ => Vec::new(),
    };
    if objects.is_empty() || objects.iter().any(|object| !matches!(object.document, Document::Object(_))) {
        let message = "`<<` takes an object or a list of objects, as in `<<: *base` where `&base` stands before one";
        return Err(SyntaxError { at, message: message.into() });
    }
    Ok(objects)
}

/// Adds what an object does not say itself.
pub(super) fn add(own: &mut Vec<(String, Document)>, places: &mut Vec<Place>, merged: Vec<Placed>) {
    if merged.is_empty() {
        return;
    }
    let mut known: HashSet<String> = own.iter().map(|(key, _)| key.clone()).collect();
    for Placed { document, place } in merged {
        let Document::Object(members) = document else { continue };
        for ((key, value), place) in members.into_iter().zip(place.inside) {
            if known.insert(key.clone()) {
                own.push((key, value));
                places.push(place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::parse;
    use crate::{Part, place};

    fn check(yaml: &str, json: &str) {
        assert_eq!(serde_json::to_string(&parse(yaml).unwrap().document).unwrap(), json, "{yaml}");
    }

    fn refused(yaml: &str, line: usize, column: usize, message: &str) {
        let err = parse(yaml).expect_err(yaml);
        assert_eq!((err.at.line, err.at.column), (line, column), "{yaml}: {}", err.message);
        assert!(err.message.contains(message), "{}", err.message);
    }

    #[test]
    fn own_members_win_and_then_the_earlier_ones() {
        check("a: &a { x: 1, y: 1 }\nb: { <<: *a, y: 2 }\n", r#"{"a":{"x":1,"y":1},"b":{"y":2,"x":1}}"#);
        check("[&a { x: 1 }, &b { x: 2, y: 2 }, { <<: [*a, *b] }]", r#"[{"x":1},{"x":2,"y":2},{"x":1,"y":2}]"#);
        check("[&a { x: 1 }, &b { <<: *a, y: 2 }, { z: 3, <<: *b }]", r#"[{"x":1},{"y":2,"x":1},{"z":3,"y":2,"x":1}]"#);
        check("a: { <<: { x: 1 } }", r#"{"a":{"x":1}}"#);
    }

    #[test]
    fn what_is_given_twice_stays_so() {
        check("a: &a { x: 1 }\nb: { <<: *a, y: 1, y: 2 }\n", r#"{"a":{"x":1},"b":{"y":1,"y":2,"x":1}}"#);
    }

    #[test]
    fn only_the_plain_key_merges() {
        check("a: { \"<<\": 1, '<<': 2 }", r#"{"a":{"<<":1,"<<":2}}"#);
        check("a: <<", r#"{"a":"<<"}"#);
    }

    #[test]
    fn each_member_stands_where_it_is_written() {
        let parsed = parse("a: &a\n  x: 1\nb:\n  <<: *a\n  y: 2\n").unwrap();
        let at = |path: &str, part| {
            let at = place::of(&parsed.document, &parsed.place, path, part).at;
            (at.line, at.column)
        };
        assert_eq!([at("b.x", Part::Value), at("b.x", Part::Key), at("b.y", Part::Key)], [(2, 6), (2, 3), (5, 3)]);
    }

    #[test]
    fn what_is_no_object_is_refused_at_its_key() {
        refused("a: { <<: 1 }", 1, 6, "takes an object");
        refused("a: { <<: [] }", 1, 6, "takes an object");
        refused("a: { <<: [{}, 1] }", 1, 6, "takes an object");
        refused("a: { <<: }", 1, 6, "takes an object");
        refused("a: { <<: {x: 1}, <<: {y: 1} }", 1, 18, "a second time");
        refused("a: &a { <<: *a }", 1, 13, "inside what it names");
    }

    #[test]
    fn a_merge_cannot_explode() {
        let mut text = String::from("a0: &a0 { k0: 1 }\n");
        for level in 1..60 {
            let last = level - 1;
            text.push_str(&format!("a{level}: &a{level} {{ <<: *a{last}, l{level}: *a{last}, r{level}: *a{last} }}\n"));
        }
        assert!(parse(&text).expect_err("too much").message.contains("too many"));
    }
}
