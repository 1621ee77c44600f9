//! A command as a POSIX shell takes it apart, as far as that needs no shell: quotes of all kinds, `$'…'`, continued lines,
//! comments and here-documents. Variables stay as they are written; nothing is run.

mod escapes;

use std::iter::Peekable;
use std::str::Chars;

/// A command line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) words: Vec<Vec<u8>>,
    /// The here-document that it reads.
    pub(super) input: Option<Vec<u8>>,
}

/// The first command of a text. What it is piped to, and where its output goes, does not matter.
pub(super) fn command(text: &str) -> Result<Command, String> {
    let text = text.replace("\r\n", "\n");
    let mut shell = Shell { rest: text.chars().peekable(), words: Vec::new(), word: None, document: None };
    shell.read()?;
    let input = shell.document.take().map(|document| shell.document(&document)).transpose()?;
    Ok(Command { words: shell.words, input })
}

struct Shell<'a> {
    rest: Peekable<Chars<'a>>,
    words: Vec<Vec<u8>>,
    /// The word in progress.
    word: Option<Vec<u8>>,
    /// The word that ends a here-document, which begins on the next line.
    document: Option<Delimiter>,
}

struct Delimiter {
    word: Vec<u8>,
    /// Tabs in front of lines do not count.
    strips: bool,
}

impl Shell<'_> {
    /// Reads up to the end of the command, and of its line.
    fn read(&mut self) -> Result<(), String> {
        while let Some(letter) = self.rest.next() {
            match letter {
                '\n' if self.words.is_empty() && self.word.is_none() => {}
                '\n' => break,
                ' ' | '\t' => self.end_word(),
                '#' if self.word.is_none() => while self.rest.next_if(|letter| *letter != '\n').is_some() {},
                '|' | ';' | '&' => {
                    self.end_word();
                    while self.rest.next().is_some_and(|letter| letter != '\n') {}
                    break;
                }
                '>' => self.redirect()?,
                '<' => self.here()?,
                _ => self.quoted_or_plain(letter)?,
            }
        }
        self.end_word();
        Ok(())
    }

    fn quoted_or_plain(&mut self, letter: char) -> Result<(), String> {
        match letter {
            '\'' => self.single(),
            '"' => self.double(),
            '$' if self.rest.next_if_eq(&'\'').is_some() => self.escaped(),
            '$' if self.rest.peek() == Some(&'"') => Ok(()),
            '\\' => {
                match self.rest.next() {
                    Some('\n') => {}
                    Some(letter) => self.push(letter),
                    None => self.push('\\'),
                }
                Ok(())
            }
            letter => {
                self.push(letter);
                Ok(())
            }
        }
    }

    fn push(&mut self, letter: char) {
        let mut bytes = [0; 4];
        self.word.get_or_insert_default().extend_from_slice(letter.encode_utf8(&mut bytes).as_bytes());
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    fn single(&mut self) -> Result<(), String> {
        self.word.get_or_insert_default();
        loop {
            match self.rest.next().ok_or("a `'` is not closed")? {
                '\'' => return Ok(()),
                letter => self.push(letter),
            }
        }
    }

    fn double(&mut self) -> Result<(), String> {
        self.word.get_or_insert_default();
        loop {
            match self.rest.next().ok_or("a `\"` is not closed")? {
                '"' => return Ok(()),
                '\\' => match self.rest.next() {
                    Some('\n') => {}
                    Some(letter @ ('$' | '`' | '"' | '\\')) => self.push(letter),
                    Some(letter) => {
                        self.push('\\');
                        self.push(letter);
                    }
                    None => {}
                },
                letter => self.push(letter),
            }
        }
    }

    /// Where the output goes: `>`, `>>` and a word. The number in front of it is no word.
    fn redirect(&mut self) -> Result<(), String> {
        if self.word.as_ref().is_some_and(|word| matches!(word.as_slice(), [b'0'..=b'9'])) {
            self.word = None;
        }
        self.end_word();
        while self.rest.next_if(|letter| matches!(letter, '>' | '&' | '|')).is_some() {}
        self.one_word().map(|_| ())
    }

    fn here(&mut self) -> Result<(), String> {
        self.end_word();
        if self.rest.next_if_eq(&'<').is_none() || self.rest.peek() == Some(&'<') {
            return Err("of what a command reads with `<`, only here-documents (`<<EOF`) are understood".into());
        }
        let strips = self.rest.next_if_eq(&'-').is_some();
        self.document = Some(Delimiter { word: self.one_word()?, strips });
        Ok(())
    }

    /// The next word, which is none of the command's.
    fn one_word(&mut self) -> Result<Vec<u8>, String> {
        while self.rest.next_if(|letter| matches!(letter, ' ' | '\t')).is_some() {}
        while let Some(letter) = self.rest.next_if(|letter| !" \t\n|;&<>".contains(*letter)) {
            self.quoted_or_plain(letter)?;
        }
        self.word.take().ok_or_else(|| "a word is missing behind `<<` or `>`".into())
    }

    fn document(&mut self, delimiter: &Delimiter) -> Result<Vec<u8>, String> {
        let rest: String = self.rest.by_ref().collect();
        let mut document = Vec::new();
        for line in rest.split_inclusive('\n') {
            let line = if delimiter.strips { line.trim_start_matches('\t') } else { line };
            if line.trim_end_matches('\n').as_bytes() == delimiter.word {
                return Ok(document);
            }
            document.extend_from_slice(line.as_bytes());
        }
        Err(format!("the here-document does not end with `{}`", String::from_utf8_lossy(&delimiter.word)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, words: &[&str]) {
        let command = command(text).unwrap_or_else(|err| panic!("{text}: {err}"));
        let found: Vec<_> = command.words.iter().map(|word| String::from_utf8_lossy(word)).collect();
        assert_eq!(found, words, "{text}");
    }

    #[test]
    fn words_are_those_of_a_shell() {
        check(
            "\n# how\ncurl  a\\ b 'c \\ \"d' \"e '$F\\$ \\x \\\"\" g'h'\"i\" '' # no",
            &["curl", "a b", "c \\ \"d", "e '$F$ \\x \"", "ghi", ""],
        );
        check("curl a \\\n  b \\\r\n c\nd", &["curl", "a", "b", "c"]);
        check(
            "curl $'a\\n\\'\\x41\\101\\u00e9\\ud83d\\ude00\\z' $\"b\" $C",
            &["curl", "a\n'AA\u{e9}\u{1f600}\\z", "b", "$C"],
        );
        check("curl a 2>/dev/null >> 'out file' b | jq .", &["curl", "a", "b"]);
        check("curl a; curl b", &["curl", "a"]);
        check("curl http://a/?b=c&d", &["curl", "http://a/?b=c"]);
    }

    #[test]
    fn a_here_document_is_what_it_reads() {
        let read =
            |text: &str| command(text).map(|command| command.input.map(|input| String::from_utf8(input).unwrap()));
        assert_eq!(read("curl -d @- <<'EOF' | jq\n{\n  \"a\": 1}\nEOF\n"), Ok(Some("{\n  \"a\": 1}\n".into())));
        assert_eq!(read("curl <<-E\n\ta\n\tE\n"), Ok(Some("a\n".into())));
        assert!(read("curl <<E\na\n").is_err() && read("curl < a").is_err() && read("curl <<").is_err());
    }

    #[test]
    fn what_is_not_closed_is_said() {
        for text in ["curl 'a", "curl \"a", "curl $'a", "curl $'a\\"] {
            assert!(command(text).unwrap_err().contains("is not closed"), "{text}");
        }
        // Any text ends somewhere.
        for text in ["", "\\", "curl \\", "$", "$'\\ud83d'", "curl 2>", "<"] {
            let _ = command(text);
        }
    }
}
