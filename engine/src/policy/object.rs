//! `object!` and `names!`: what an operator can write, declared once. Each declaration gives the Rust type,
//! its reader and its JSON Schema; the doc comments are the schema's descriptions.

/// Declares an object: `"key" => field: Type`, or `"key" => field: Type = default`.
///
/// Whether a field must be given follows from its type and default (`Read::absent`).
macro_rules! object {
    (
        $(#[doc = $doc:literal])+
        $vis:vis struct $name:ident {
            $($(#[doc = $field_doc:literal])+ $key:literal => $field:ident: $type:ty $(= $default:expr)?,)+
        }
        $($check:ident($($of:literal),+);)*
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug)]
        $vis struct $name {
            $($(#[doc = $field_doc])+ $vis $field: $type,)+
        }

        impl Default for $name {
            fn default() -> Self {
                use $crate::policy::read::Read;
                let mut nobody = $crate::policy::error::Report::default();
                let empty = $crate::policy::document::Document::Object(Vec::new());
                <Self as Read>::read(&empty, &$crate::policy::path::Path::Root, &mut nobody)
            }
        }

        impl $crate::policy::read::Read for $name {
            fn read(
                document: &$crate::policy::document::Document,
                at: &$crate::policy::path::Path<'_>,
                report: &mut $crate::policy::error::Report,
            ) -> Self {
                let keys = [$($key),+];
                let Some(members) = $crate::policy::read::Members::open(document, at, &keys, report) else {
                    return Self::default();
                };
                $(members.$check(&[$($of),+], report);)*
                Self {
                    $($field: members.field($key, $crate::policy::object::object!(@default $($default)?), report),)+
                }
            }

            fn schema(definitions: &mut $crate::policy::read::Definitions) -> serde_json::Value {
                let mut schema = $crate::policy::schema::Object::new(concat!($($doc),+));
                $(schema.field::<$type>(
                    $key,
                    concat!($($field_doc),+),
                    $crate::policy::object::object!(@default $($default)?),
                    definitions,
                );)+
                $(schema.$check(&[$($of),+]);)*
                schema.define(stringify!($name), definitions)
            }
        }
    };
    (@default) => { None };
    (@default $default:expr) => { Some($crate::policy::document::Document::from($default)) };
}

/// Declares a value that is one of several names: `Variant => "name"`. The first is the stand-in.
macro_rules! names {
    (
        $(#[doc = $doc:literal])+
        $vis:vis enum $name:ident {
            $($(#[doc = $variant_doc:literal])+ $variant:ident => $spelling:literal,)+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name {
            $($(#[doc = $variant_doc])+ $variant,)+
        }

        impl $name {
            const CHOICES: &'static [(&'static str, Self)] = &[$(($spelling, Self::$variant)),+];
        }

        impl Default for $name {
            fn default() -> Self {
                let [first, ..] = [$(Self::$variant),+];
                first
            }
        }

        impl $crate::policy::read::Read for $name {
            fn read(
                document: &$crate::policy::document::Document,
                at: &$crate::policy::path::Path<'_>,
                report: &mut $crate::policy::error::Report,
            ) -> Self {
                $crate::policy::read::choose(document, Self::CHOICES, at, report)
            }

            fn schema(_: &mut $crate::policy::read::Definitions) -> serde_json::Value {
                serde_json::json!({ "enum": [$($spelling),+] })
            }
        }
    };
}

pub(crate) use {names, object};
