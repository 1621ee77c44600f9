//! APIs as operators name them.

use super::error::Report;
use crate::api::Api;
use pointsman_document::{Definitions, Document, Path, Read, choose};
use serde_json::{Value, json};

/// An API that policies can name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoutableApi(pub(crate) Api);

impl Default for RoutableApi {
    fn default() -> Self {
        Self(Api::ChatCompletions)
    }
}

fn routable() -> impl Iterator<Item = Api> {
    Api::ALL.iter().copied().filter(|api| api.is_routable())
}

impl Read for RoutableApi {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        let choices: Vec<_> = routable().map(|api| (api.name(), Self(api))).collect();
        choose(document, &choices, at, report)
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "enum": routable().map(Api::name).collect::<Vec<_>>() })
    }
}
