//! What the machine promises as a whole: the one reading of a form, in any split, and refusals of what has more than one.

use super::*;
use crate::tests::splits;
use proptest::prelude::*;

/// A part as it was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Heard {
    name: String,
    is_file: bool,
    is_plain: bool,
    content: Vec<u8>,
    at: u64,
    end: Option<u64>,
}

/// Hears everything: files as bytes, the rest as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Ear(Vec<Heard>);

impl Sink for Ear {
    type Refusal = Fault;

    fn begin_part(&mut self, part: &Part<'_>, at: u64) -> Result<Reads, Fault> {
        let Part { name, is_file, is_plain } = *part;
        self.0.push(Heard { name: name.to_owned(), is_file, is_plain, at, ..Heard::default() });
        Ok(if is_file { Reads::Bytes } else { Reads::Text })
    }

    fn content(&mut self, content: &[u8]) {
        let part = self.0.last_mut().expect("a part");
        assert!(part.is_file || std::str::from_utf8(content).is_ok(), "characters are whole");
        part.content.extend_from_slice(content);
    }

    fn end_part(&mut self, end: u64) -> Result<(), Fault> {
        self.0.last_mut().expect("a part").end = Some(end);
        Ok(())
    }
}

/// What was heard, and how it ended: with the offset up to which it was understood.
type Outcome = (Ear, Result<(), Fault>, u64);

fn read(boundary: &str, chunks: &[&[u8]]) -> Outcome {
    let mut form = Form::new(&Boundary::new(boundary.as_bytes()).expect("a boundary"));
    let mut ear = Ear::default();
    let fed = chunks.iter().try_for_each(|chunk| form.feed(chunk, &mut ear));
    let ended = fed.and_then(|()| form.finish());
    (ear, ended, form.offset())
}

/// Reads it whole and byte by byte, which must be the same.
fn read_in_any_split(boundary: &str, body: &[u8]) -> Outcome {
    let whole = read(boundary, &[body]);
    assert_eq!(read(boundary, &body.chunks(1).collect::<Vec<_>>()), whole, "{}", String::from_utf8_lossy(body));
    whole
}

/// `|` stands for the end of a line, and the boundary is `B`.
fn lines(text: &str) -> Vec<u8> {
    text.replace('|', "\r\n").into_bytes()
}

fn check(text: &str, expected: &[(&str, bool, bool, &str)]) {
    let body = lines(text);
    let (Ear(heard), ended, offset) = read_in_any_split("B", &body);
    assert_eq!(ended, Ok(()), "{text}");
    assert_eq!(offset, body.len() as u64);
    let told: Vec<_> = heard
        .iter()
        .map(|part| (&*part.name, part.is_file, part.is_plain, std::str::from_utf8(&part.content).expect("text")))
        .collect();
    let expected: Vec<_> = expected.iter().map(|part| (part.0, part.1, part.2, lines(part.3))).collect();
    let expected: Vec<_> =
        expected.iter().map(|part| (part.0, part.1, part.2, std::str::from_utf8(&part.3).expect("text"))).collect();
    assert_eq!(told, expected, "{text}");
    for part in heard {
        let (at, end) = (usize::try_from(part.at).unwrap(), usize::try_from(part.end.expect("an end")).unwrap());
        assert_eq!(&body[at..end], part.content, "{text}");
    }
}

fn refused(text: impl AsRef<[u8]>) -> Fault {
    let text = text.as_ref();
    let (_, ended, _) = read_in_any_split("B", text);
    match ended {
        Err(fault) => fault,
        Ok(()) => panic!("{} was read", String::from_utf8_lossy(text)),
    }
}

const MODEL: &str = "--B|Content-Disposition: form-data; name=\"model\"||gpt|";

#[test]
fn forms_are_read() {
    check("--B--", &[]);
    check("--B--|", &[]);
    check("--B--|| \t|", &[]);
    check(&format!("{MODEL}--B--|"), &[("model", false, true, "gpt")]);
    check(
        &format!(
            "{MODEL}--B|content-disposition:form-data;name=file;filename=\"a.mp3\"|Content-Type: audio/mpeg||a||-|--|--A|--B--|"
        ),
        &[("model", false, true, "gpt"), ("file", true, false, "a||-|--|--A")],
    );
    check("--B|Content-Disposition: form-data; name=\"a\"||||--B--", &[("a", false, true, "|")]);
    check("--B|Content-Disposition: form-data; name=\"a\"|||--B--", &[("a", false, true, "")]);
    check(
        "--B|Content-Disposition: form-data; name=a||caf\u{e9} \u{1f600}|--B--",
        &[("a", false, true, "caf\u{e9} \u{1f600}")],
    );
}

#[test]
fn a_part_says_whether_it_is_plain() {
    let check = |header: &str, is_plain: bool| {
        let text = format!("--B|Content-Disposition: form-data; name=a|{header}||x|--B--");
        check(&text, &[("a", false, is_plain, "x")]);
    };
    for plain in [
        "Content-Type: text/plain",
        "content-type: Text/Plain; charset=\"UTF-8\"",
        "Content-Type: text/plain; charset=us-ascii",
        "Content-Transfer-Encoding: 8BIT",
        "Content-Length: 1",
        "X-Anything: at all",
    ] {
        check(plain, true);
    }
    for other in [
        "Content-Type: application/json",
        "Content-Type: application/octet-stream",
        "Content-Type: text/plain; charset=utf-16",
        "Content-Type: text/plain; charset=utf-8; charset=utf-16",
        "Content-Type: text/plain; format=flowed",
        "Content-Type: text/html",
        "Content-Type:",
    ] {
        check(other, false);
    }
}

#[test]
fn what_servers_read_differently_is_refused() {
    let form = |headers: &str, content: &str| lines(&format!("--B|{headers}||{content}|--B--|"));
    let name = "Content-Disposition: form-data; name=a";
    for (what, body) in [
        ("nothing", lines("")),
        ("a preamble", lines(&format!("x|{MODEL}--B--"))),
        ("an empty preamble", lines(&format!("|{MODEL}--B--"))),
        ("another boundary", lines(&MODEL.replace("--B", "--C"))),
        ("no last boundary", lines(MODEL)),
        ("half of the last boundary", lines(&format!("{MODEL}--B-"))),
        ("only a line's end behind it", lines(&format!("{MODEL}--B|"))),
        ("an epilogue", lines(&format!("{MODEL}--B--|x"))),
        ("an epilogue that is a form", lines(&format!("{MODEL}--B--|{MODEL}--B--"))),
        ("an epilogue on the line", lines(&format!("{MODEL}--B--x"))),
        ("a space behind the last boundary", lines(&format!("{MODEL}--B-- "))),
        ("a bare LF behind the last boundary", lines(&format!("{MODEL}--B--\n"))),
        ("a space behind the first boundary", lines(&MODEL.replacen("--B|", "--B |", 1))),
        ("a space behind a boundary", lines(&format!("{MODEL}--B |{name}||x|--B--"))),
        ("a boundary that goes on", lines(&format!("{MODEL}--BC|{name}||x|--B--"))),
        ("a boundary that is a prefix", form(name, "x|--B2|y")),
        ("a boundary behind a bare LF", form(name, "x\n--B|y")),
        ("a boundary behind a bare CR", form(name, "x\r--B|y")),
        ("a boundary in a line", form(name, "x--B|y")),
        ("a boundary in the empty line", lines(&format!("--B|{name}||--B--"))),
        ("a boundary instead of the empty line", lines(&format!("--B|{name}|--B--"))),
        ("a boundary among the headers", form(&format!("{name}|X: --B"), "x")),
        ("a bare LF in the headers", form(&format!("{name}\nX: y"), "x")),
        ("a bare CR in the headers", form(&format!("{name}\rX: y"), "x")),
        ("a NUL in the headers", form(&format!("{name}\0"), "x")),
        ("bare LFs", MODEL.replace('|', "\n").into_bytes()),
        ("a folded header", form("Content-Disposition: form-data;| name=a", "x")),
        ("a first line that is folded", form(&format!(" X: y|{name}"), "x")),
        ("a space in front of the colon", form("Content-Disposition : form-data; name=a", "x")),
        ("no colon", form(&format!("{name}|X"), "x")),
        ("no name of a header", form(&format!("{name}|: x"), "x")),
        ("no headers", lines("--B||x|--B--")),
        ("no disposition", form("Content-Type: text/plain", "x")),
        ("two dispositions", form(&format!("{name}|{name}"), "x")),
        ("two types", form(&format!("{name}|Content-Type: text/plain|content-type: text/plain"), "x")),
        ("base64", form(&format!("{name}|Content-Transfer-Encoding: base64"), "eA==")),
        ("quoted-printable", form(&format!("{name}|Content-Transfer-Encoding: quoted-printable"), "x")),
        ("no encoding", form(&format!("{name}|Content-Transfer-Encoding:"), "x")),
        (
            "two encodings",
            form(&format!("{name}|Content-Transfer-Encoding: 7bit|Content-Transfer-Encoding: 7bit"), "x"),
        ),
        ("a compressed part", form(&format!("{name}|Content-Encoding: gzip"), "x")),
        ("nested parts", form(&format!("{name}|Content-Type: multipart/mixed; boundary=C"), "x")),
        ("a message", form(&format!("{name}|Content-Type: message/rfc822"), "x")),
        ("another charset for all", form("Content-Disposition: form-data; name=_charset_", "utf-16")),
        ("a shorter length", form(&format!("{name}|Content-Length: 1"), "xy")),
        ("a longer length", form(&format!("{name}|Content-Length: 3"), "xy")),
        ("a length that is none", form(&format!("{name}|Content-Length: +2"), "xy")),
        ("no length", form(&format!("{name}|Content-Length:"), "xy")),
        ("a header that is too long", form(&format!("{name}|X: {}", "y".repeat(2048)), "x")),
        ("too many headers", form(&format!("{name}{}", "|X: y".repeat(16)), "x")),
        ("too many parts", lines(&format!("{}--B--", MODEL.repeat(257)))),
    ] {
        assert!(matches!(refused(&body), Fault::Form(_)), "{what}");
    }
    for body in [b"\xff".to_vec(), b"caf\xc3".to_vec(), b"\xed\xa0\x80".to_vec()] {
        let body = [lines(&format!("--B|{name}||")), body, lines("|--B--")].concat();
        assert_eq!(refused(body), Fault::Encoding);
    }
}

#[test]
fn bounds_are_exact() {
    let name = "Content-Disposition: form-data; name=a";
    let long = format!("--B|{name}|X: {}||x|--B--", "y".repeat(2048 - 5));
    check(&long, &[("a", false, true, "x")]);
    check(&format!("--B|{name}{}||x|--B--", "|X: y".repeat(15)), &[("a", false, true, "x")]);
    check(&format!("{}--B--", MODEL.repeat(256)), &[("model", false, true, "gpt"); 256]);
}

/// A part as a test makes it.
#[derive(Clone, Debug)]
struct Made {
    name: String,
    file: Option<String>,
    content: Vec<u8>,
}

fn boundaries() -> impl Strategy<Value = String> {
    prop_oneof![Just("B".to_owned()), Just("-".to_owned()), Just("--a--a".to_owned()), "[a-zA-Z0-9'+_.-]{1,70}"]
}

/// Content made of what is like the boundary, and of other things.
fn content(boundary: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let line = format!("\r\n--{boundary}");
    let begun = (0..line.len()).prop_map(move |length| line.as_bytes()[..length].to_vec());
    let other = prop_oneof![
        "[a-z \u{e9}\u{1f600}]{0,20}".prop_map(String::into_bytes),
        prop::sample::select(vec!["\r", "\n", "\r\n", "-", "--", "\r\n\r\n", "\0"])
            .prop_map(|it| it.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..30),
    ];
    prop::collection::vec(prop_oneof![begun, other], 0..12).prop_map(|pieces| pieces.concat())
}

fn parts(boundary: String) -> impl Strategy<Value = (String, Vec<Made>)> {
    let part = ("[a-z]{1,8}(\\[\\])?", prop::option::of("[a-z ;.]{0,12}"), content(&boundary))
        .prop_map(|(name, file, content)| Made { name, file, content });
    (Just(boundary), prop::collection::vec(part, 0..5))
}

fn written(boundary: &str, parts: &[Made]) -> Vec<u8> {
    let mut body = Vec::new();
    for Made { name, file, content } in parts {
        let file = file.as_ref().map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        body.extend([head.as_bytes(), content, b"\r\n"].concat());
    }
    [body, format!("--{boundary}--\r\n").into_bytes()].concat()
}

fn holds(bytes: &[u8], needle: &str) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    /// What was made is what is read, wherever it is cut; and what another parser could find in it is refused.
    #[test]
    fn what_is_written_is_read(
        (boundary, parts) in boundaries().prop_flat_map(parts),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let body = written(&boundary, &parts);
        let whole = read(&boundary, &[&body]);
        for chunks in splits(&body, &cuts) {
            prop_assert_eq!(&read(&boundary, &chunks), &whole);
        }
        let needle = format!("--{boundary}");
        // The end of the content and the boundary behind it may make another one.
        let is_clean = |part: &Made| !holds(&[&part.content[..], b"\r\n", &needle.as_bytes()[..needle.len() - 1]].concat(), &needle)
            && (part.file.is_some() || std::str::from_utf8(&part.content).is_ok());
        let has_clean_heads = parts.iter().all(|part| {
            let head = format!("form-data; name=\"{}\"{:?}", part.name, part.file);
            !head.contains(&needle) && !"Content-Disposition".contains(&needle) && !part.file.as_ref().is_some_and(|file| file.contains("name="))
        });
        prop_assert_eq!(whole.1.is_ok(), parts.iter().all(is_clean) && has_clean_heads, "{:?}", whole.1);
        if whole.1.is_ok() {
            prop_assert_eq!(whole.0.0.len(), parts.len());
            for (heard, made) in whole.0.0.iter().zip(&parts) {
                prop_assert_eq!((&heard.name, heard.is_file, &heard.content), (&made.name, made.file.is_some(), &made.content));
                let (at, end) = (usize::try_from(heard.at).unwrap(), usize::try_from(heard.end.unwrap()).unwrap());
                prop_assert_eq!(&body[at..end], &made.content[..]);
            }
        }
    }

    /// A form with a byte changed, added or taken out: the same in any split, whatever it is.
    #[test]
    fn damage_is_seen_in_any_split(
        (boundary, parts) in boundaries().prop_flat_map(parts),
        at in any::<prop::sample::Index>(),
        damage in prop_oneof![(any::<u8>(), 0_u8..2), (prop::sample::select(b"\r\n-: ;\"\\%=".to_vec()), 0_u8..2), (Just(0), Just(2))],
    ) {
        let mut body = written(&boundary, &parts);
        let at = at.index(body.len());
        match damage {
            (byte, 0) => body[at] = byte,
            (byte, 1) => body.insert(at, byte),
            _ => { body.remove(at); }
        }
        let whole = read(&boundary, &[&body]);
        prop_assert_eq!(&read(&boundary, &body.chunks(1).collect::<Vec<_>>()), &whole);
        prop_assert_eq!(&read(&boundary, &body.chunks(7).collect::<Vec<_>>()), &whole);
    }
}
