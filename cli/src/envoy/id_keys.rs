//! The keys that ids of responses are signed with.

use pointsman_engine::signed_id::KEYS_VARIABLE;
use std::fs::File;
use std::io::Read;

/// Those of this environment.
pub(crate) fn here() -> Option<String> {
    std::env::var(KEYS_VARIABLE).ok()
}

/// Those of this environment, or one for this run alone: a policy may want some now or later.
pub(crate) fn for_a_run() -> Result<String, String> {
    if let Some(keys) = here() {
        return Ok(keys);
    }
    let mut bytes = [0; 32];
    let read = File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes));
    read.map_err(|err| format!("no key to sign ids with: {}", pointsman_source::reason(&err)))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_run_has_a_key_of_its_own() {
        let (one, other) = (super::for_a_run().expect("a key"), super::for_a_run().expect("a key"));
        assert!(one.len() == 64 && one != other);
    }
}
