//! Claims on the command line: `NAME=TEXT`, or `NAME:=JSON` for what is no text.

use pointsman_engine::policy::claim_path;
use serde_json::{Map, Value};

/// One claim: the names that lead to it, and its value.
#[derive(Clone, Debug)]
pub(super) struct ClaimArgument {
    path: Vec<String>,
    value: Value,
}

/// Reads an argument.
pub(super) fn read(text: &str) -> Result<ClaimArgument, String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=TEXT or NAME:=JSON")?;
    let (name, value) = match name.strip_suffix(':') {
        Some(name) => (name, serde_json::from_str(value).map_err(|err| format!("`{value}` is not JSON: {err}"))?),
        None => (name, Value::from(value)),
    };
    Ok(ClaimArgument { path: claim_path(name), value })
}

/// The payload of a token that holds these claims, in place of its own by their names.
pub(super) fn payload(token: Option<Value>, claims: &[ClaimArgument]) -> Result<Value, String> {
    let mut payload = token.unwrap_or_else(|| Value::Object(Map::new()));
    for claim in claims {
        remove(&mut payload, &claim.path);
    }
    for claim in claims {
        let name = || claim.path.join(".");
        let (last, parents) = claim.path.split_last().ok_or("a claim needs a name")?;
        let mut at = &mut payload;
        for parent in parents {
            at = at
                .as_object_mut()
                .map(|object| object.entry(parent.as_str()).or_insert_with(|| Value::Object(Map::new())))
                .ok_or_else(|| format!("--claim {}: what stands around it is no object", name()))?;
        }
        let object =
            at.as_object_mut().ok_or_else(|| format!("--claim {}: what stands around it is no object", name()))?;
        match object.get_mut(last) {
            None => _ = object.insert(last.clone(), claim.value.clone()),
            // Given more than once, it is a list.
            Some(Value::Array(items)) => items.push(claim.value.clone()),
            Some(first) => *first = Value::from([first.take(), claim.value.clone()].to_vec()),
        }
    }
    Ok(payload)
}

fn remove(payload: &mut Value, path: &[String]) {
    let Some((last, parents)) = path.split_last() else { return };
    let parent = parents.iter().try_fold(payload, |at, name| at.as_object_mut()?.get_mut(name));
    if let Some(object) = parent.and_then(Value::as_object_mut) {
        object.remove(last);
    }
}
