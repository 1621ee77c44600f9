//! Ids of responses that say which cluster made them, in a way that can be believed when they come back.
//!
//! `resp_68af` leaves as `resp_psm1` + 20 characters + `68af`. The first four of the 20 find the cluster among those of the
//! policy, the other sixteen are 96 bits of an HMAC-SHA256 over the cluster, the tenant that got the answer, and the
//! provider's own id. So an id that somebody has made up, changed, or got from another tenant is told from a good one, and no
//! cluster's name is told to a client. All proxies with the same key understand each other, and none of them keeps anything.

use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;

/// The environment variable that holds the keys, separated by commas: the first signs, all are believed.
pub const KEYS_VARIABLE: &str = "POINTSMAN_ID_KEYS";

/// What nearly all providers' ids begin with, and what clients may look at.
const PREFIX: &str = "resp_";
/// What follows in one that is signed: no provider's id has it there.
const SIGN: &str = "psm1";
/// The characters that find the cluster.
const HINT: usize = 4;
/// The characters that prove it.
const PROOF: usize = 16;

/// The shortest key: one that can be guessed is none.
const SHORTEST_KEY: usize = 32;
/// The most keys: the one in use, and those of before.
const MOST_KEYS: usize = 4;
/// SHA-256 takes its input in blocks of so many bytes.
const BLOCK: usize = 64;

/// Why a text holds no keys. It never shows any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyFault {
    Missing,
    Short,
    Many,
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(
                f,
                "ids are signed with a key that the environment variable `{KEYS_VARIABLE}` holds, and there is none: set it \
                 for the proxy, and let the plugin see it"
            ),
            Self::Short => {
                write!(
                    f,
                    "each key in the environment variable `{KEYS_VARIABLE}` needs at least {SHORTEST_KEY} characters"
                )
            }
            Self::Many => write!(f, "the environment variable `{KEYS_VARIABLE}` holds more than {MOST_KEYS} keys"),
        }
    }
}

/// HMAC-SHA256 (RFC 2104) with a key that has been taken in.
#[derive(Clone)]
struct Hmac {
    inner: Sha256,
    outer: Sha256,
}

impl Hmac {
    fn new(key: &[u8]) -> Self {
        let digest;
        let key = if key.len() > BLOCK {
            digest = Sha256::digest(key);
            &digest
        } else {
            key
        };
        let padded = |pad: u8| {
            let mut block = [pad; BLOCK];
            block.iter_mut().zip(key).for_each(|(byte, of_key)| *byte ^= of_key);
            Sha256::new_with_prefix(block)
        };
        Self { inner: padded(0x36), outer: padded(0x5c) }
    }

    /// The code of several texts, of which none can pass for the beginning or the end of another.
    fn code<const N: usize>(&self, of: char, texts: [&str; N]) -> [u8; 32] {
        let mut inner = self.inner.clone();
        inner.update([of as u8]);
        for text in texts {
            inner.update((text.len() as u64).to_le_bytes());
            inner.update(text);
        }
        let mut outer = self.outer.clone();
        outer.update(inner.finalize());
        outer.finalize().into()
    }
}

/// A key, and how it points to each cluster.
#[derive(Clone)]
struct Key {
    hmac: Hmac,
    clusters: Vec<([u8; HINT], Arc<str>)>,
}

impl Key {
    fn hint(&self, cluster: &str) -> [u8; HINT] {
        base64(&self.hmac.code('c', [cluster]))
    }

    fn proof(&self, cluster: &str, tenant: Option<&str>, id: &str) -> [u8; PROOF] {
        base64(&self.hmac.code('i', [cluster, tenant.unwrap_or_default(), id]))
    }
}

/// Who signs ids, and knows its own.
#[derive(Clone, Default)]
pub(crate) struct Signer {
    /// The first signs.
    keys: Vec<Key>,
}

/// Shows no key.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

/// What an id says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signed {
    /// Nothing: it is as some provider has given it.
    Not,
    /// Which cluster has made it, and what it is called there.
    By { cluster: Arc<str>, id: String },
    /// It is signed, and not by us for this tenant.
    Badly,
}

impl Signer {
    /// A signer for these clusters.
    pub(crate) fn new<'a>(
        keys: Option<&str>,
        clusters: impl Iterator<Item = &'a Arc<str>> + Clone,
    ) -> Result<Self, KeyFault> {
        let keys = keys.map(str::trim).filter(|keys| !keys.is_empty()).ok_or(KeyFault::Missing)?;
        let mut signer = Self::default();
        for key in keys.split(',').map(str::trim) {
            if key.len() < SHORTEST_KEY {
                return Err(KeyFault::Short);
            }
            if signer.keys.len() == MOST_KEYS {
                return Err(KeyFault::Many);
            }
            let mut key = Key { hmac: Hmac::new(key.as_bytes()), clusters: Vec::new() };
            for cluster in clusters.clone() {
                let hinted = (key.hint(cluster), Arc::clone(cluster));
                if !key.clusters.contains(&hinted) {
                    key.clusters.push(hinted);
                }
            }
            signer.keys.push(key);
        }
        Ok(signer)
    }

    /// What is put into an id behind its [`prefix`].
    pub(crate) fn sign(&self, cluster: &str, tenant: Option<&str>, id: &str) -> Option<String> {
        let key = self.keys.first()?;
        let (hint, proof) = (key.hint(cluster), key.proof(cluster, tenant, id));
        let letters = [&hint[..], &proof].concat();
        Some(SIGN.chars().chain(letters.into_iter().map(char::from)).collect())
    }

    /// What an id says that this tenant has sent.
    pub(crate) fn read(&self, id: &str, tenant: Option<&str>) -> Signed {
        let (before, rest) = id.split_at_checked(prefix(id)).unwrap_or(("", id));
        let Some(signed) = rest.strip_prefix(SIGN) else { return Signed::Not };
        let (Some((hint, behind)), Some((_, own))) =
            (signed.as_bytes().split_first_chunk::<HINT>(), signed.split_at_checked(HINT + PROOF))
        else {
            return Signed::Badly;
        };
        let proof = behind.get(..PROOF).unwrap_or_default();
        let id = [before, own].concat();
        for key in &self.keys {
            for (_, cluster) in key.clusters.iter().filter(|(known, _)| known == hint) {
                if is_same(&key.proof(cluster, tenant, &id), proof) {
                    return Signed::By { cluster: Arc::clone(cluster), id };
                }
            }
        }
        Signed::Badly
    }
}

/// How many bytes of an id stand in front of its signature.
pub(crate) fn prefix(id: &str) -> usize {
    if id.starts_with(PREFIX) { PREFIX.len() } else { 0 }
}

/// Compares in a time that does not tell how much is right.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differs, (one, other)| differs | (one ^ other)) == 0
}

/// The first characters of base64 for URLs (RFC 4648).
fn base64<const N: usize>(code: &[u8; 32]) -> [u8; N] {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut letters = [0; N];
    for (chunk, three) in letters.chunks_mut(4).zip(code.chunks(3)) {
        let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for (nth, letter) in chunk.iter_mut().enumerate() {
            *letter = LETTERS.get(bits >> (18 - 6 * nth) & 63).copied().unwrap_or_default();
        }
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OLD: &str = "0123456789abcdef0123456789abcdef";
    const NEW: &str = "ffffffffffffffffffffffffffffffff";

    fn signer(keys: &str, clusters: &[&str]) -> Signer {
        let clusters: Vec<Arc<str>> = clusters.iter().map(|cluster| (*cluster).into()).collect();
        Signer::new(Some(keys), clusters.iter()).expect("good keys")
    }

    fn signed(signer: &Signer, cluster: &str, tenant: Option<&str>, id: &str) -> String {
        let (before, behind) = id.split_at(prefix(id));
        [before, &signer.sign(cluster, tenant, id).expect("a key"), behind].concat()
    }

    fn by(cluster: &str, id: &str) -> Signed {
        Signed::By { cluster: cluster.into(), id: id.to_owned() }
    }

    /// RFC 4231, cases 1, 2 and 6 (a key that is longer than a block).
    #[test]
    fn the_code_is_hmac() {
        let check = |key: &[u8], text: &[u8], expected: &str| {
            let hmac = Hmac::new(key);
            let inner = hmac.inner.chain_update(text).finalize();
            let code = hmac.outer.chain_update(inner).finalize();
            let hex: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(hex.starts_with(expected), "{hex}");
        };
        check(&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b");
        check(b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c7");
        check(
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f",
        );
    }

    #[test]
    fn letters_are_base64() {
        let mut code = [0; 32];
        code[..6].copy_from_slice(b"\xfb\xff\xbf\x00\x10\x83");
        assert_eq!(&base64::<8>(&code), b"-_-_ABCD");
    }

    #[test]
    fn an_id_keeps_its_prefix_and_tells_nobody_the_cluster() {
        let signer = signer(NEW, &["openai"]);
        let id = signed(&signer, "openai", Some("finance"), "resp_68af");
        assert!(id.starts_with("resp_psm1") && id.ends_with("68af") && !id.contains("openai"), "{id}");
        assert_eq!(id.len(), "resp_68af".len() + SIGN.len() + HINT + PROOF);
        assert_eq!(signer.read(&id, Some("finance")), by("openai", "resp_68af"));
        let bare = signed(&signer, "openai", None, "68af-0");
        assert!(bare.starts_with("psm1"), "{bare}");
        assert_eq!(signer.read(&bare, None), by("openai", "68af-0"));
    }

    /// Proxies of two versions understand each other. Computed by Python's `hmac` and `base64`.
    #[test]
    fn a_signature_stays_what_it_is() {
        let signer = signer(OLD, &["other", "openai"]);
        assert_eq!(signed(&signer, "openai", Some("finance"), "resp_68af"), "resp_psm1LrnGQFqQhFrxyF0k1jgH68af");
        assert_eq!(signer.read("resp_psm1LrnGsawahyoOCXqoh1ab1", None), by("openai", "resp_1"));
    }

    #[test]
    fn keys_change_one_after_the_other() {
        let (before, between, after) =
            (signer(OLD, &["a"]), signer(&format!(" {NEW} , {OLD}"), &["b", "a"]), signer(NEW, &["a"]));
        let id = signed(&before, "a", None, "resp_1");
        assert_eq!(between.read(&id, None), by("a", "resp_1"));
        assert_eq!(after.read(&id, None), Signed::Badly);
        assert_eq!(after.read(&signed(&between, "a", None, "resp_1"), None), by("a", "resp_1"));
    }

    #[test]
    fn of_two_proxies_in_a_row_each_takes_its_own_off() {
        let (near, far) = (signer(NEW, &["far"]), signer(OLD, &["openai"]));
        let id = signed(&near, "far", None, &signed(&far, "openai", None, "resp_1"));
        let Signed::By { id, .. } = near.read(&id, None) else { panic!("{id}") };
        assert_eq!(far.read(&id, None), by("openai", "resp_1"));
    }

    #[test]
    fn a_key_that_can_be_guessed_is_none() {
        let fault = |keys: Option<&str>| Signer::new(keys, [].iter()).err();
        assert_eq!([fault(None), fault(Some(" "))], [Some(KeyFault::Missing); 2]);
        for short in ["secret", &OLD[1..], &format!("{OLD},"), &format!("{OLD},x")] {
            assert_eq!(fault(Some(short)), Some(KeyFault::Short));
        }
        assert_eq!(fault(Some(&[OLD; 5].join(","))), Some(KeyFault::Many));
        let shown = format!("{:?} {}", signer(OLD, &["a"]), KeyFault::Short);
        assert!(!shown.contains(OLD) && shown.contains(KEYS_VARIABLE), "{shown}");
    }

    proptest! {
        #[test]
        fn what_is_signed_is_read_and_nothing_else_is(
            cluster in "[ab]", tenant in prop::option::of("[ab]"), id in "(resp_)?[a-z0-9_-]{0,12}",
            damage in any::<prop::sample::Index>(), other in "[!-~]", asks in prop::option::of("[ab]")
        ) {
            let signer = signer(NEW, &["a", "b", "c"]);
            let marked = signed(&signer, &cluster, tenant.as_deref(), &id);
            // Of two proxies in a row, the one in front signs what is signed.
            prop_assert_eq!(signer.read(&marked, tenant.as_deref()), by(&cluster, &id));
            if asks != tenant {
                prop_assert_eq!(signer.read(&marked, asks.as_deref()), Signed::Badly);
            }
            let mut damaged = marked.clone();
            let at = damage.index(damaged.len());
            damaged.replace_range(at..at + 1, &other);
            if damaged != marked {
                let is_believed = matches!(signer.read(&damaged, tenant.as_deref()), Signed::By { .. });
                prop_assert!(!is_believed, "{} for {}", damaged, marked);
            }
            // Nobody moves it to another cluster, nor to another id.
            let elsewhere = signed(&signer, "c", tenant.as_deref(), &id);
            let at = prefix(&marked) + SIGN.len();
            let mixed = [&marked[..at], &elsewhere[at..at + HINT], &marked[at + HINT..]].concat();
            prop_assert_eq!(signer.read(&mixed, tenant.as_deref()), Signed::Badly);
            prop_assert_eq!(signer.read(&(marked + "x"), tenant.as_deref()), Signed::Badly);
        }

        #[test]
        fn any_text_is_some_id(text in ".{0,60}", signed in ".{0,40}") {
            let signer = signer(NEW, &["a"]);
            let _ = signer.read(&text, None);
            prop_assert_eq!(signer.read(&format!("resp_psm1{signed}"), None), Signed::Badly);
            prop_assert_eq!(Signer::default().read(&format!("psm1{signed}"), None), Signed::Badly);
        }
    }
}
