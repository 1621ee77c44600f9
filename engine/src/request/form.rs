//! A form, as the reader takes it: one flat object whose members are texts. Files are opaque.

use super::field::Field;
use super::place::Place;
use super::reader::Reader;
use super::value::Use;
use super::violation::Violation;
use crate::form::{Part, Reads, Sink};
use crate::json::{self, Name, Want};
use crate::naming::Holds;

impl Reader {
    /// A form is all that comes.
    pub(super) fn begin_form(&mut self) {
        self.structure.enter(Place::Root);
    }

    #[inline(never)]
    fn begin_text(&mut self, at: u64) -> Result<Want, Violation> {
        let want = json::Sink::begin_string(self, at)?;
        self.is_wanted = want == Want::Text;
        Ok(want)
    }
}

impl Sink for Reader {
    type Refusal = Violation;

    fn begin_part(&mut self, part: &Part<'_>, at: u64) -> Result<Reads, Violation> {
        // No member of a form is changed: it does not matter where its key stands.
        json::Sink::begin_key(self, at);
        self.name.push(part.name.as_bytes());
        // Some servers make a list or an object of such parts, by the name in front.
        if let Some((name, _)) = part.name.split_once(['[', '.'])
            && let Some(key) = self.structure.top.like(&name_of(name))
        {
            return Err(Violation::KeyCase(key));
        }
        json::Sink::end_key(self, at)?;
        match self.structure.top.current().filter(|(_, field)| *field != Field::Steers(Holds::Other)) {
            Some((key, _)) if !part.is_plain => Err(Violation::PartType(key)),
            Some(_) => {
                // Text that is not wanted must be UTF-8 all the same, so that the outcome depends on no decision.
                self.begin_text(at).map(|_| Reads::Text)
            }
            None if part.is_file && self.listeners.tell_files_apart() => {
                self.capture = Use::File;
                Ok(Reads::Bytes)
            }
            None if part.is_file => Ok(Reads::Nothing),
            None => Ok(if self.begin_text(at)? == Want::Text { Reads::Bytes } else { Reads::Nothing }),
        }
    }

    fn content(&mut self, content: &[u8]) {
        if self.capture == Use::File {
            self.listeners.file(content);
        } else if self.is_wanted {
            json::Sink::text(self, content);
        }
    }

    fn end_part(&mut self, end: u64) -> Result<(), Violation> {
        if self.capture == Use::File { Ok(()) } else { json::Sink::end_string(self, end) }
    }
}

fn name_of(text: &str) -> Name {
    let mut name = Name::new();
    name.push(text.as_bytes());
    name
}
