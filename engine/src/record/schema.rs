//! The JSON Schema of the decision record, for who reads it in logs and warehouses.
//!
//! For the command line alone: no proxy needs it. A test holds it to the types that write a record, field by field.

use super::Outcome;
use crate::api::Api;
use crate::reason::Reason;
use crate::request::flag::Flag;
use crate::response::usage::{Failure, Finish, Unread};
use pointsman_document::Named as _;
use serde_json::{Map, Value, json};

/// The JSON Schema (draft 2020-12) of a record as it is written, of this version: what it does not name is in none.
#[must_use]
pub fn schema() -> Value {
    let mut schema = object(&RECORD, &["v", "action", "reason"]);
    for (key, value) in [
        ("$schema", json!("https://json-schema.org/draft/2020-12/schema")),
        ("title", json!("Pointsman decision record")),
        ("description", json!("What was decided about one LLM call, and why. One line of JSON.")),
        (
            "$defs",
            json!({
                "Answer": object(&ANSWER, &["outcome", "durationMs"]),
                "Budget": object(&BUDGET, &["budget", "used"]),
                "Excluded": object(&EXCLUDED, &["model", "reason"]),
                "Facts": object(&FACTS, &["bytes", "inputTokens", "messages", "flags"]),
                "Header": object(&HEADER, &[]),
                "Usage": object(&USAGE, &["input", "output"]),
            }),
        ),
    ] {
        schema.insert(key.to_owned(), value);
    }
    Value::Object(schema)
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
enum Holds {
    Text,
    Number,
    Yes,
    Texts,
    Status,
    Hash,
    /// One of these codes.
    Code(fn() -> Vec<&'static str>),
    /// An object that is described by this name.
    Of(&'static str),
    /// A list of them.
    List(&'static str),
    /// Values by names of the policy's or of clients.
    ByName(&'static Holds),
    /// Yes and no, by the names of conditions.
    Flags,
    /// Yes and no, by hashes.
    ByHash,
    /// A hash, or nothing.
    HashOrNull,
}

type Field = (&'static str, Holds, &'static str);

const RECORD: [Field; 30] = [
    ("v", Holds::Number, "The version of this shape."),
    ("policy", Holds::Hash, "The policy's version: the SHA-256 of its canonical form."),
    ("action", Holds::Code(actions), "What became of the request."),
    ("api", Holds::Code(apis), "The API called."),
    ("tenant", Holds::Text, "The tenant calling."),
    ("tenants", Holds::Texts, "All tenants that the caller is, where there is more than one. The first is `tenant`."),
    ("asked", Holds::Text, "The model asked for, as the client wrote it."),
    ("rule", Holds::Text, "The rule that decided."),
    ("reason", Holds::Code(reasons), "Why."),
    ("variant", Holds::Text, "What the rule calls the choice."),
    ("model", Holds::Text, "The model chosen: the first one to try."),
    ("upstreamModel", Holds::Text, "Its name in the body."),
    ("cluster", Holds::Text, "The cluster that serves it."),
    ("chain", Holds::Texts, "The models to try, in order, where there is more than one."),
    ("changed", Holds::Texts, "The fields of the body that are not sent to that model as the client wrote them."),
    ("also", Holds::Texts, "The models that the body names besides the one asked for."),
    ("keptBy", Holds::Text, "The cluster that keeps what the request goes on from, where the id says it."),
    ("mirror", Holds::Text, "The model that gets a copy."),
    ("excluded", Holds::List("Excluded"), "Models that were considered and could not serve the request."),
    ("unreadable", Holds::Texts, "Conditions that rules had and that could not be judged."),
    ("demoted", Holds::Texts, "The models whose providers had said that a limit is used up."),
    ("budgets", Holds::List("Budget"), "What was used of the caller's budgets at that moment."),
    ("at", Holds::Number, "When the request came, in seconds since 1970, under a policy with a `schedule`."),
    ("facts", Holds::Of("Facts"), "What the decision was made of, with `record: facts`."),
    ("status", Holds::Status, "The status of a refusal."),
    ("message", Holds::Text, "The sentence of a refusal."),
    ("attempt", Holds::Number, "How many attempts were made, of a chain."),
    ("answeredBy", Holds::Text, "The model of the chain whose answer the client gets."),
    ("answeredFrom", Holds::Text, "The cluster that serves it."),
    ("answer", Holds::Of("Answer"), "How the request ended, where the policy wants to know."),
];

const EXCLUDED: [Field; 2] = [("model", Holds::Text, "The model."), ("reason", Holds::Code(reasons), "Why.")];

const BUDGET: [Field; 3] = [
    ("budget", Holds::Text, "The budget's name."),
    ("model", Holds::Text, "The model whose account it is, where each has one."),
    ("used", Holds::Number, "What counted and what was set aside: requests, tokens, or millionths of the currency."),
];

const FACTS: [Field; 14] = [
    ("path", Holds::Text, "The path, without its query."),
    ("bytes", Holds::Number, "The bytes of the body."),
    ("nobody", Holds::Yes, "That the policy had tenants, and the caller was none of them."),
    ("headers", Holds::ByName(&Holds::Of("Header")), "The headers that the policy looks at."),
    ("inputTokens", Holds::Number, "The estimated input tokens."),
    ("messages", Holds::Number, "How many messages there are."),
    ("maxOutputTokens", Holds::Number, "The most output that the client wants, if it has said so."),
    ("flags", Holds::Flags, "Yes and no, by the names that conditions have."),
    ("unreadable", Holds::Texts, "Conditions of which the body says something that is no such value."),
    ("keywords", Holds::ByHash, "Hashes of the policy's keywords, and whether each occurs."),
    ("besides", Holds::Texts, "The models that the body names besides the one asked for."),
    ("conversation", Holds::Hash, "What the conversation begins with."),
    ("clientSession", Holds::Hash, "The session that a known client has named in a header."),
    ("sessionFields", Holds::ByName(&Holds::HashOrNull), "The fields that name a session, and what each says."),
];

const HEADER: [Field; 4] = [
    ("value", Holds::Text, "The value, where the policy compares the header with just that."),
    ("hash", Holds::Hash, "The hash of any other value."),
    ("holds", Holds::Texts, "The prefixes (`^a`) and expressions (`~a.*`) of the policy that it has."),
    ("fails", Holds::Texts, "Those that it has not."),
];

const ANSWER: [Field; 12] = [
    ("outcome", Holds::Code(outcomes), "What became of the request in the end."),
    ("status", Holds::Status, "The status that the client got; none if it got none."),
    ("durationMs", Holds::Number, "How long it took, in milliseconds."),
    ("firstTokenMs", Holds::Number, "How long the first token took, in milliseconds."),
    ("perOutputTokenMicros", Holds::Number, "How long each token after the first took, on average, in microseconds."),
    ("usage", Holds::Of("Usage"), "The tokens, as the provider counts them."),
    ("unknown", Holds::Code(unread), "Why they are not known."),
    ("estimatedOutput", Holds::Number, "How many tokens of output there may have been, where they are not known."),
    ("costMicros", Holds::Number, "What they cost, in millionths of the policy's currency."),
    ("finish", Holds::Code(finishes), "Why the model stopped."),
    ("model", Holds::Text, "What the provider calls the model that answered."),
    ("error", Holds::Code(failures), "What went wrong, where the answer is an error."),
];

const USAGE: [Field; 7] = [
    ("input", Holds::Number, "All input, what came from a cache and what was written to one included."),
    ("output", Holds::Number, "All output, reasoning included."),
    ("cached", Holds::Number, "Of the input: read from a cache."),
    ("cacheWrite", Holds::Number, "Of the input: written to a cache."),
    ("reasoning", Holds::Number, "Of the output: spent on reasoning."),
    ("audioInput", Holds::Number, "Of the input: sound."),
    ("audioOutput", Holds::Number, "Of the output: sound."),
];

fn actions() -> Vec<&'static str> {
    vec!["route", "deny", "pass", "models"]
}

fn apis() -> Vec<&'static str> {
    Api::ALL.iter().map(|api| api.name()).collect()
}

fn reasons() -> Vec<&'static str> {
    Reason::ALL.iter().map(|reason| reason.code()).collect()
}

fn outcomes() -> Vec<&'static str> {
    Outcome::CHOICES.iter().map(|(name, _)| *name).collect()
}

fn unread() -> Vec<&'static str> {
    Unread::ALL.iter().map(|why| why.code()).collect()
}

fn finishes() -> Vec<&'static str> {
    Finish::ALL.iter().map(|finish| finish.code()).collect()
}

fn failures() -> Vec<&'static str> {
    Failure::ALL.iter().map(|failure| failure.code()).collect()
}

/// An object with these fields and no others.
fn object(fields: &[Field], required: &[&str]) -> Map<String, Value> {
    let described = |(name, holds, what): &Field| {
        let mut schema = holds.schema();
        schema.insert("description".to_owned(), json!(what));
        ((*name).to_owned(), Value::Object(schema))
    };
    let properties: Map<String, Value> = fields.iter().map(described).collect();
    let members = [
        ("type", json!("object")),
        ("properties", Value::Object(properties)),
        ("required", json!(required)),
        ("additionalProperties", json!(false)),
    ];
    members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

impl Holds {
    fn schema(self) -> Map<String, Value> {
        let reference = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
        let schema = match self {
            Self::Text => json!({ "type": "string" }),
            Self::Number => json!({ "type": "integer", "minimum": 0 }),
            Self::Yes => json!({ "const": true }),
            Self::Texts => json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 }),
            Self::Status => json!({ "type": "integer", "minimum": 100, "maximum": 599 }),
            Self::Hash => json!({ "type": "string", "pattern": HASH }),
            Self::Code(codes) => {
                let mut codes = codes();
                codes.sort_unstable();
                codes.dedup();
                json!({ "enum": codes })
            }
            Self::Of(name) => reference(name),
            Self::List(name) => json!({ "type": "array", "items": reference(name), "minItems": 1 }),
            Self::ByName(holds) => json!({ "type": "object", "additionalProperties": holds.schema() }),
            Self::Flags => {
                let names: Vec<_> = Flag::ALL.iter().map(|flag| flag.condition()).collect();
                json!({ "type": "object", "propertyNames": { "enum": names }, "additionalProperties": { "type": "boolean" } })
            }
            Self::ByHash => {
                json!({ "type": "object", "propertyNames": { "pattern": HASH }, "additionalProperties": { "type": "boolean" } })
            }
            Self::HashOrNull => json!({ "type": ["string", "null"], "pattern": HASH }),
        };
        match schema {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }
}

/// Sixteen digits of a hash, or the sixty-four of a policy's version.
const HASH: &str = "^([0-9a-f]{16}|[0-9a-f]{64})$";

#[cfg(test)]
mod tests {
    use super::super::{Ending, Excluded, Facts, HeaderFact, Record, UsedBudget};
    use super::*;
    use crate::response::usage::Usage;
    use crate::{Exchange, Policy, explain};
    use serde::Deserialize;
    use serde::de::value::Error;
    use serde::de::{Deserializer, Visitor};
    use std::collections::BTreeSet;
    use std::sync::Arc;

    const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/record.schema.json");

    #[test]
    fn the_published_schema_is_this_one() {
        let text = format!("{:#}\n", schema());
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(PUBLISHED, &text).expect("a writable schema folder");
        }
        let published = std::fs::read_to_string(PUBLISHED).unwrap_or_default();
        assert!(published == text, "{PUBLISHED} is out of date; run the tests with UPDATE_SCHEMA=1");
        assert!(jsonschema::meta::is_valid(&schema()));
    }

    /// Asks a type that is read which fields it has: those are the ones that it writes.
    struct Asking<'f>(&'f mut BTreeSet<&'static str>);

    impl<'de> Deserializer<'de> for Asking<'_> {
        type Error = Error;

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Error> {
            self.0.extend(fields);
            Err(serde::de::Error::custom("only asked"))
        }

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
            Err(serde::de::Error::custom("no struct"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
            tuple tuple_struct map enum identifier ignored_any
        }
    }

    fn check<T: for<'de> Deserialize<'de>>(fields: &[Field]) {
        let mut written = BTreeSet::new();
        let _ = T::deserialize(Asking(&mut written));
        let known: BTreeSet<&str> = fields.iter().map(|(name, ..)| *name).collect();
        assert_eq!(written, known, "the schema and the type differ: {}", std::any::type_name::<T>());
    }

    #[test]
    fn it_knows_every_field_that_is_written_and_no_other() {
        check::<Record>(&RECORD);
        check::<Ending>(&ANSWER);
        check::<Usage>(&USAGE);
        check::<Facts>(&FACTS);
        check::<HeaderFact>(&HEADER);
        check::<Excluded>(&EXCLUDED);
        check::<UsedBudget>(&BUDGET);
    }

    fn assert_valid(record: &str, is_valid: bool) {
        let validator = jsonschema::validator_for(&schema()).expect("a schema");
        let value = serde_json::from_str(record).expect("JSON");
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors.is_empty(), is_valid, "{record}: {errors:?}");
    }

    const WHOLE: &str = r#"{"v":1,"action":"route","tenant":"a","tenants":["a","b"],"reason":"rule","chain":["a","b"],
        "excluded":[{"model":"c","reason":"contextWindow"}],"budgets":[{"budget":"b","model":"m","used":3}],"at":7,"attempt":2,
        "answeredBy":"b","answeredFrom":"x","facts":{"bytes":1,"nobody":true,"headers":{"x-a":{"value":"v"},
        "x-b":{"hash":"00000000000000ff","holds":["^a"],"fails":["~b"]},"x-c":{}},"inputTokens":1,"messages":1,
        "flags":{"tools":true},"keywords":{"00000000000000ff":false},"sessionFields":{"user":null,"a":"00000000000000ff"}},
        "answer":{"outcome":"served","status":200,"durationMs":4,"usage":{"input":1,"output":2,"cached":1},"finish":"stop",
        "unknown":"cut","error":"rateLimited"}}"#;

    #[test]
    fn what_is_written_fits_it_and_what_is_not_does_not() {
        let record = Record::from_json(WHOLE).expect("a record");
        assert_valid(&record.to_json(), true);
        for (from, to) in [
            (r#""v":1"#, r#""v":1,"vv":1"#),
            (r#""action":"route""#, r#""action":"fly""#),
            (r#""reason":"rule""#, r#""reason":"whim""#),
            (r#""bytes":1"#, r#""bytes":-1"#),
            (r#""value":"v""#, r#""values":"v""#),
            (r#""flags":{"tools""#, r#""flags":{"toolz""#),
            (r#""input":1,"#, ""),
            (r#""00000000000000ff":false"#, r#""aurora":false"#),
        ] {
            assert!(WHOLE.contains(from), "{from}");
            assert_valid(&WHOLE.replacen(from, to, 1), false);
        }
    }

    #[test]
    fn decisions_fit_it() {
        let policy = r#"{"record": "facts", "models": [{"name": "a", "cluster": "c", "fallback": ["b"], "capabilities": []}, {"name": "b", "cluster": "d"}],
            "tenants": [{"name": "t", "match": {"headers": [{"name": "x-t", "type": "Prefix", "value": "t"}]}, "continue": true},
                        {"name": "u", "match": {"principals": ["*"]}, "models": {"deny": ["a"]}}],
            "budgets": [{"name": "n", "window": {"every": "day"}, "requests": 9}],
            "rules": [{"name": "r", "match": {"keywords": ["aurora"], "schedule": {"days": ["mon"]}}, "deny": {}}]}"#;
        let policy = Arc::new(Policy::from_json(policy.as_bytes()).expect("a policy"));
        for (headers, principal, body) in [
            (
                &[("x-t", "t1")][..],
                Some("spiffe://x"),
                r#"{"model": "a", "messages": [{"role": "user", "content": "aurora"}]}"#,
            ),
            (&[("x-t", "t1")], None, r#"{"model": "a", "tools": [{"type": "function"}], "messages": [], "stream": 2}"#),
            (&[], None, r#"{"model": "a"}"#),
            (&[("x-t", "t1")], None, "{"),
        ] {
            let headers = headers.iter().chain(&[("content-type", "application/json")]);
            let exchange = Exchange {
                method: "POST".into(),
                path: "/v1/chat/completions".into(),
                headers: headers.map(|(name, value)| ((*name).into(), value.as_bytes().to_vec())).collect(),
                principal: principal.map(str::to_owned),
                body: body.into(),
                ..Exchange::default()
            };
            assert_valid(&explain(&policy, &exchange).expect("an LLM call").to_json(), true);
        }
    }

    /// The decisions that stand beside the quickstart's requests.
    #[test]
    fn the_decisions_of_the_examples_fit_it() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/quickstart/requests");
        let files = std::fs::read_dir(folder).expect("requests").map(|entry| entry.expect("a file").path());
        let files: Vec<_> = files.filter(|file| file.extension().is_some_and(|it| it == "json")).collect();
        assert!(files.len() > 10, "{files:?}");
        for file in files {
            assert_valid(&std::fs::read_to_string(&file).expect("a decision"), true);
        }
    }
}
