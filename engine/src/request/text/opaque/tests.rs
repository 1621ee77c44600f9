use super::*;
use proptest::prelude::*;

/// What was told: text, and the words in data, with `|` for what was left out between them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    text: String,
    heard: String,
}

impl Audience for Told {
    fn text(&mut self, text: &[u8]) {
        let text = std::str::from_utf8(text).expect("whole characters");
        self.text.push_str(text);
        self.heard.push_str(text);
    }
    fn looks_for_words(&self) -> bool {
        true
    }
    fn words(&mut self, words: &[u8]) {
        self.heard.push_str(std::str::from_utf8(words).expect("letters"));
    }
    fn gap(&mut self) {
        self.heard.push('|');
    }
}

/// In pieces of so many characters.
fn sift_in(text: &str, is_named: bool, pieces: usize) -> Told {
    let (mut sieve, mut told) = (Sieve::default(), Told::default());
    sieve.begin(is_named);
    let mut at = 0;
    let mut held = 0;
    for piece in text.as_bytes().chunks(pieces) {
        at += piece.len();
        sieve.text(piece, &mut told);
        held = held.max(sieve.held());
        assert!(told.text.len() + sieve.held() <= at);
    }
    sieve.end(&mut told);
    assert!(held <= LONGEST_PREFIX + BLOCK);
    told
}

fn sift(text: &str, is_named: bool) -> Told {
    let whole = sift_in(text, is_named, usize::MAX);
    if text.is_ascii() {
        for pieces in [1, 7, 64, 127, 128, 129] {
            assert_eq!(sift_in(text, is_named, pieces), whole, "{text:?} in pieces of {pieces}");
        }
    }
    whole
}

fn is_text(text: &str) {
    for is_named in [false, true] {
        assert_eq!(sift(text, is_named).text, text);
    }
}

/// Base64 of the numbers of a generator that anybody can write down.
fn base64(bytes: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = 1_u64;
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(ALPHABET[usize::try_from(state >> 58).unwrap_or_default()])
    };
    (0..bytes / 3 * 4).map(step).collect()
}

#[test]
fn data_is_no_text() {
    let data = base64(3000);
    assert_eq!(sift(&data, false).text, "");
    assert_eq!(sift(&data, true).text, "");
    assert_eq!(sift(&format!("data:application/pdf;base64,{data}"), false).text, "");
    assert_eq!(sift(&format!("DATA:text/plain;charset=utf-8;BASE64,{data}=="), false).text, "");
    assert_eq!(sift(&format!("![a]({data}) and on"), false).text, "![a]() and on");
    // What a place or a URL calls data needs no certain look.
    assert_eq!(sift(&"A".repeat(900), true).text, "");
    assert_eq!(sift(&format!("data:audio/wav;base64,{}", "A".repeat(900)), false).text, "");
    assert_eq!(sift("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ", false).text, "");
    // Lines of 64 and 76 characters.
    for width in [64, 76] {
        let lines: Vec<&str> = (0..20).map(|line| &data[line * width..][..width]).collect();
        assert_eq!(sift(&format!("-----BEGIN X Y-----\n{}", lines.join("\r\n")), false).text, "-----BEGIN X ");
    }
}

#[test]
fn real_files_begin_like_data() {
    for beginning in [
        "iVBORw0KGgoAAAANSUhEUgAAB4AAAAQ4CAYAAADo08FDAAAAAXNSR0IArs4c6QAAAARnQU1BAACxjwv8YQUAAAAJcEhZcwAADsMAAA7DAcdvqGQAAP+lSURBVHhe7P0F",
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wCEAAkGBxISEhISEhAVFhUVFRUWFRUVFRUVFRUWFxUVFRcYHSggGBolHRUVITEhJSkrLi4uFx8zODMsNygtLisBCgoKDg0O",
        "JVBERi0xLjQKJcOkw7zDtsOfCjIgMCBvYmoKPDwvTGVuZ3RoIDMgMCBSL0ZpbHRlci9GbGF0ZURlY29kZT4+CnN0cmVhbQp4nD2OywoCMQxF9/2KrF3UZpq0HRgW",
        "UEsDBBQABgAIAAAAIQDfpNJsWgEAACAFAAATAAgCW0NvbnRlbnRfVHlwZXNdLnhtbCCiBAIooAACAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZy4gVGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZy4gVGhl",
        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImFiYyJ9eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwic3ViIjoiMTIzNDU2Nzg5MCIsImF1ZCI6",
    ] {
        let found = sift(&format!("{beginning}{}", base64(900)), false);
        assert_eq!((found.text.as_str(), found.heard.matches(|letter| letter != '|').count()), ("", 0), "{beginning}");
    }
}

#[test]
fn prose_is_text_behind_whatever_it_hides() {
    is_text("data: the confidential plan");
    is_text("data:text/plain;base64,the confidential plan");
    is_text("data:text/plain;base64,secret");
    is_text("data:,secret");
    is_text("data:text/plain;base64");
    is_text("database");
    is_text("d");
    is_text("");
    is_text(&format!("data:{};base64,{}", "x".repeat(300), "y z ".repeat(50)));
    is_text(
        "please/read/this/confidential/document/and/say/what/it/means/to/you/or/to/anybody/else/who/could/read/it/all/by/himself/or/herself/and/so/on",
    );
    is_text(&"Please+Read+This+Confidential+Document+".repeat(9));
    let name = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6/F81D4FAE-7dec-11d0-a765-00a0c91e6bf6/".repeat(20);
    assert_eq!(sift(&name, false).text, name);
    assert_eq!(sift(&"a".repeat(900), false).text, "a".repeat(900));
    // Bytes in hexadecimal digits are no base64.
    assert_eq!(sift(&"0123456789abcdef".repeat(90), false).text, "0123456789abcdef".repeat(90));
    let data = base64(300);
    assert_eq!(sift(&format!("{data} a secret"), true).text, " a secret");
    assert_eq!(sift(&format!("{data}\u{e9} secret"), false).text, "\u{e9} secret");
}

#[test]
fn words_in_data_are_heard() {
    let data = base64(300);
    let heard = |text: &str| sift(text, true).heard;
    assert_eq!(heard(&format!("{data}/confidential/{data}")), "|confidential |");
    assert_eq!(heard(&format!("{data}-non-disclosure-Agreement+{data}")), "|non disclosure Agreement |");
    assert_eq!(heard(&format!("{data}/secret")), "|secret");
    assert_eq!(heard(&format!("secret/{data}")), "secret |");
    let named = format!("data:text/the-secret;base64,{data}");
    assert_eq!(sift(&named, false), Told { text: String::new(), heard: "data:text/the-secret;base64,|".to_owned() });
    // Too short for words, unless they touch text.
    assert_eq!(heard(&format!("{data}/nda/{data}")), "|");
    assert_eq!(heard(&format!("{data}/nda please")), "|nda please");
    // No whole word.
    assert_eq!(heard(&format!("{data}/secret1/seCret/{data}")), "|");
    assert_eq!(heard(&format!("{data}/{}/{data}", "x".repeat(90))), "|");
    // A block of a run may have been told as text, and end in a word.
    let begun = format!("{}/confid", "abcde-".repeat(30).get(..BLOCK - 7).unwrap_or_default());
    assert_eq!(sift(&format!("{begun}ential/{data}"), false).heard, format!("{begun}ential |"));
}

#[test]
fn the_first_block_that_looks_like_data_is_found_fast() {
    assert_eq!(next_run(b""), 0);
    assert_eq!(next_run(b"one two"), 4);
    assert_eq!(next_run(b"one two "), 8);
    for before in 0..300 {
        let text = format!("{}{}", "word ".repeat(60).get(..before).unwrap_or_default(), "a".repeat(BLOCK));
        let run = text.bytes().rposition(|byte| byte == b' ').map_or(0, |at| at + 1);
        assert_eq!(next_run(text.as_bytes()), run, "{before}");
        assert_eq!(next_run(format!("{text} and on").as_bytes()), run, "{before}");
    }
}

/// Bytes as base64 of one of its kinds.
fn encoded() -> impl Strategy<Value = String> {
    let alphabets = prop::sample::select(vec!["+/", "-_"]);
    (prop::collection::vec(any::<u64>(), 20..200), alphabets, any::<bool>()).prop_map(|(bytes, last, lines)| {
        let mut text = String::new();
        for (nth, word) in bytes.iter().enumerate() {
            if lines && nth % 7 == 6 {
                text.push('\n');
            }
            text.extend((0..10).map(|place| match word >> (6 * place) & 63 {
                six @ 0..26 => (b'A' + six as u8) as char,
                six @ 26..52 => (b'a' + (six - 26) as u8) as char,
                six @ 52..62 => (b'0' + (six - 52) as u8) as char,
                six => last.as_bytes()[six as usize - 62] as char,
            }));
        }
        text
    })
}

fn sentences() -> impl Strategy<Value = String> {
    let word = "[a-z]{1,12}|[A-Z][a-z]{1,10}|[A-Z]{2,6}|[0-9]{1,4}|[a-z]{2,8}[.,:;?!]";
    let between = prop::sample::select(vec![" ", "\n", " - ", "/", "-", "+", "="]);
    prop::collection::vec((word, between), 0..90)
        .prop_map(|words| words.iter().map(|(word, between)| format!("{word}{between}")).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn no_base64_is_text(
        data in encoded(),
        before in "([ -~]{0,80}[ :])?",
        prefix in prop::sample::select(vec!["", "data:image/png;base64,"]),
        behind in "( [ -~]{0,80})?",
    ) {
        let named = sift(&format!("{prefix}{data}{behind}"), true);
        prop_assert_eq!(&named.text, &behind);
        let told = sift(&format!("{before}{data}{behind}"), false);
        prop_assert_eq!(told.text, format!("{before}{behind}"));
    }

    #[test]
    fn a_word_between_data_or_prose_is_heard(
        before in prop_oneof![encoded(), sentences()],
        behind in prop_oneof![encoded(), sentences()],
        word in "[a-z]{5,20}|[A-Z][a-z]{4,19}|[A-Z]{5,20}|[a-z]{2,9} [a-z]{3,9}",
        between in prop::sample::select(vec!["/", "+", "-", "=", "\n", " "]),
        prefix in prop::sample::select(vec!["", "data:", "data:text/plain;base64,"]),
        is_named in any::<bool>(),
    ) {
        let words = word.replace(' ', between);
        let heard = sift(&format!("{prefix}{before}{between}{words}{between}{behind}"), is_named).heard;
        let spaced: String = heard.chars().map(|letter| if letter.is_alphanumeric() || letter == '|' { letter } else { ' ' }).collect();
        let spaced = format!(" {} ", spaced.replace('|', " | ").split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "));
        prop_assert!(spaced.contains(&format!(" {word} ")), "{} in {}", word, heard);
    }

    #[test]
    fn sentences_are_text(text in sentences(), prefix in prop::sample::select(vec!["", "data:", "data:;base64,"])) {
        let text = format!("{prefix}{text}");
        prop_assert_eq!(sift(&text, false).text, text);
    }
}
