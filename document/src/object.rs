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
    (@default $default:expr) => { Some($crate::Document::from($default)) };
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

        impl $name {
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
                $crate::choose(document, Self::CHOICES, at, report)
            }

            fn schema(_: &mut $crate::Definitions) -> $crate::Value {
                $crate::schema::choices(&[$($spelling),+])
            }
        }
    };
}
