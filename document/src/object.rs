//! `object!` and `names!`: what an operator can write, declared once. Each declaration gives the Rust type,
//! its reader and its JSON Schema; the doc comments are the schema's descriptions.

/// Declares an object: `"key" => field: Type`, or `"key" => field: Type = default`.
///
/// Whether a field must be given follows from its type and default ([`Read::absent`](crate::Read::absent)). Every object is `Clone` and
/// `Debug`, and what a `derive` behind its doc comment says.
#[macro_export]
macro_rules! object {
    (
        $(#[doc = $doc:literal])+
        $(#[derive($($derive:ident),+)])?
        $vis:vis struct $name:ident {
            $($(#[doc = $field_doc:literal])+ $key:literal => $field:ident: $type:ty $(= $default:expr)?,)+
        }
        $($check:ident($($of:literal),+);)*
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug $($(, $derive)+)?)]
        $vis struct $name {
            $($(#[doc = $field_doc])+ $vis $field: $type,)+
        }

        impl Default for $name {
            fn default() -> Self {
                use $crate::Read;
                let mut nobody = $crate::Report::default();
                let empty = $crate::Document::Object(Vec::new());
                <Self as Read>::read(&empty, &$crate::Path::Root, &mut nobody)
            }
        }

        impl $crate::Read for $name {
            fn read(
                document: &$crate::Document,
                at: &$crate::Path<'_>,
                report: &mut $crate::Report,
            ) -> Self {
                let keys = [$($key),+];
                let Some(members) = $crate::Members::open(document, at, &keys, report) else {
                    return Self::default();
                };
                $(members.$check(&[$($of),+], report);)*
                Self {
                    $($field: members.field($key, $crate::object!(@default $($default)?), report),)+
                }
            }

            fn schema(definitions: &mut $crate::Definitions) -> $crate::Value {
                let mut schema = $crate::schema::Object::new(concat!($($doc),+));
                $(schema.field($crate::read::field::<$type>(
                    $key,
                    concat!($($field_doc),+),
                    $crate::object!(@default $($default)?),
                    definitions,
                ));)+
                $(schema.$check(&[$($of),+]);)*
                schema.define(stringify!($name), definitions)
            }
        }
    };
    (@default) => { None };
    (@default $default:expr) => { Some(|| $crate::Document::from($default)) };
}

/// Declares a value that is one of several names: `Variant => "name"`. The first is the stand-in.
#[macro_export]
macro_rules! names {
    (
        $(#[doc = $doc:literal])+
        $(#[derive($($derive:ident),+)])?
        $vis:vis enum $name:ident {
            $($(#[doc = $variant_doc:literal])+ $variant:ident => $spelling:literal,)+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq $($(, $derive)+)?)]
        $vis enum $name {
            $($(#[doc = $variant_doc])+ $variant,)+
        }

        impl $crate::Named for $name {
            const CHOICES: &'static [(&'static str, Self)] = &[$(($spelling, Self::$variant)),+];
        }

        impl Default for $name {
            fn default() -> Self {
                let [first, ..] = [$(Self::$variant),+];
                first
            }
        }

        impl $crate::Read for $name {
            fn read(
                document: &$crate::Document,
                at: &$crate::Path<'_>,
                report: &mut $crate::Report,
            ) -> Self {
                $crate::choose(document, <Self as $crate::Named>::CHOICES, at, report)
            }

            fn schema(_: &mut $crate::Definitions) -> $crate::Value {
                $crate::schema::choices(&[$($spelling),+])
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::{Document, Path, Read, Report, Some1, schema_of};
    use serde_json::json;

    object! {
        /// A server
        /// of ours.
        #[derive(PartialEq)]
        struct Server {
            /// Its name.
            "name" => name: String,
            /// How it is reached.
            "scheme" => scheme: Scheme = "https",
            /// Where it listens.
            "port" => port: Option<u16>,
            /// What else it is called.
            "aliases" => aliases: Vec<String>,
            /// Its socket, instead of a port.
            "socket" => socket: Option<String>,
        }
        required("aliases");
        exactly_one_of("port", "socket");
    }

    names! {
        /// How a server is reached.
        enum Scheme {
            /// In plain text.
            Http => "http",
            /// Over TLS.
            Https => "https",
        }
    }

    fn read<T: Read>(json: &str) -> Result<T, Vec<String>> {
        let document = Document::from_json(json.as_bytes()).expect("JSON");
        let mut report = Report::default();
        let value = T::read(&document, &Path::Root, &mut report);
        report.finish(value).map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    fn refused(json: &str, expected: &[&str]) {
        assert_eq!(read::<Server>(json).map(|_| ()), Err(expected.iter().map(ToString::to_string).collect()), "{json}");
    }

    #[test]
    fn a_declaration_reads_and_fills_in() {
        let server: Server = read(r#"{"name": "a", "port": 1.0, "aliases": []}"#).expect("a server");
        let (name, aliases) = ("a".to_owned(), Vec::new());
        assert_eq!(server, Server { name, scheme: Scheme::Https, port: Some(1), aliases, socket: None });
    }

    #[test]
    fn every_mistake_is_found() {
        refused(
            r#"{"nam": "a", "scheme": "htps", "port": 65536, "port": 1, "socket": null}"#,
            &[
                "port: duplicate field",
                "nam: unknown field; did you mean `name`?",
                "aliases: is required",
                "needs exactly one of `port`, `socket`",
                "name: is required",
                "scheme: unknown value `htps`; did you mean `https`?",
                "port: must be from 0 to 65535",
                "socket: expected a string, found nothing",
            ],
        );
        refused("[]", &["expected an object, found a list"]);
        assert_eq!(read::<Some1<bool>>("[]").map(|_| ()), Err(vec!["needs at least one item".to_owned()]));
        assert_eq!(read::<u32>("-1"), Err(vec!["must be from 0 to 4294967295".to_owned()]));
        assert_eq!(read::<i32>("1e300"), Err(vec!["must be from -2147483648 to 2147483647".to_owned()]));
        assert_eq!(read::<i32>("1.5"), Err(vec!["`1.5` is not a whole number".to_owned()]));
        assert_eq!(read::<i32>("-2147483648"), Ok(i32::MIN));
    }

    #[test]
    fn a_declaration_has_a_schema() {
        let schema = schema_of::<Vec<Server>>("Servers");
        let server = &schema["$defs"]["Server"];
        assert_eq!(server["description"], "A server of ours.");
        assert_eq!(server["required"], json!(["name", "aliases"]));
        assert_eq!(server["oneOf"], json!([{ "required": ["port"] }, { "required": ["socket"] }]));
        assert_eq!(
            server["properties"]["scheme"],
            json!({ "enum": ["http", "https"], "default": "https", "description": "How it is reached." })
        );
    }
}
