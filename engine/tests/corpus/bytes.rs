//! Bytes as the tables write them: texts, hexadecimal digits, repetitions.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Bytes {
    One(Part),
    Many(Vec<Part>),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Part {
    Text(String),
    Hex {
        hex: String,
    },
    Repeated {
        repeat: String,
        times: usize,
        #[serde(default)]
        between: String,
        /// The sign that stands for the copy's number.
        number: Option<String>,
    },
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        Bytes::One(Part::Text(text.into()))
    }
}

impl Bytes {
    pub(crate) fn written(&self) -> Vec<u8> {
        match self {
            Bytes::One(part) => part.written(),
            Bytes::Many(parts) => parts.iter().flat_map(Part::written).collect(),
        }
    }
}

impl Part {
    fn written(&self) -> Vec<u8> {
        match self {
            Part::Text(text) => text.clone().into_bytes(),
            Part::Hex { hex } => (0..hex.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("two digits"))
                .collect(),
            Part::Repeated { repeat, times, between, number } => {
                let copy = |count: usize| match number {
                    Some(sign) => repeat.replace(sign, &count.to_string()),
                    None => repeat.clone(),
                };
                (0..*times).map(copy).collect::<Vec<String>>().join(between).into_bytes()
            }
        }
    }
}

#[test]
fn bytes_are_written_as_they_are_meant() {
    let written = r#"["a", {"hex": "ff00"}, {"repeat": "k+", "times": 3, "between": ",", "number": "+"}]"#;
    let bytes: Bytes = serde_json::from_str(written).expect("bytes");
    assert_eq!(bytes.written(), b"a\xff\x00k0,k1,k2");
}
