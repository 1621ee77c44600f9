//! The facts of one request, and how sure they are while the body is still arriving.
//!
//! Every fact only becomes surer as bytes pass: what is known stays known. That is why a decision taken
//! early is the decision that the whole body would have given.

use super::field;
use super::reader::{AskedModel, Reader, Wanted};
use super::violation::Violation;
use crate::api::Api;
use crate::json::Lexer;
use crate::policy::Range;
use crate::request::keywords::KeywordSearch;
use std::sync::Arc;

/// Bytes of text per token: the rule of thumb for English, and close for other scripts in UTF-8.
const BYTES_PER_TOKEN: u64 = 4;

/// A body being read.
pub(crate) struct Facts {
    api: Api,
    lexer: Lexer,
    reader: Reader,
    complete: bool,
    /// The most bytes that the body can have.
    limit: u64,
}

/// A number of which a lower and an upper bound are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) low: u64,
    pub(crate) high: u64,
}

impl Bounds {
    /// Whether the number is in the range, once the bounds tell.
    pub(crate) fn within(self, range: Range) -> Option<bool> {
        if range.contains(self.low) && range.contains(self.high) {
            Some(true)
        } else if self.high < range.min || self.low > range.max {
            Some(false)
        } else {
            None
        }
    }
}

impl Facts {
    /// `limit` is the content-length, or the largest body that is accepted.
    pub(crate) fn new(
        api: Api,
        wanted: Wanted,
        keywords: Option<Arc<KeywordSearch>>,
        max_depth: usize,
        limit: u64,
    ) -> Self {
        Self {
            api,
            lexer: Lexer::new(max_depth),
            reader: Reader::new(field::fields(api), wanted, keywords),
            complete: false,
            limit,
        }
    }

    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<(), Violation> {
        // What fits is read first, so that the outcome does not depend on the split.
        let room = usize::try_from(self.limit.saturating_sub(self.lexer.position())).unwrap_or(usize::MAX);
        match chunk.split_at_checked(room) {
            Some((fits, beyond)) if !beyond.is_empty() => {
                self.lexer.feed(fits, &mut self.reader)?;
                Err(Violation::Oversize)
            }
            _ => self.lexer.feed(chunk, &mut self.reader),
        }
    }

    pub(crate) fn finish(&mut self) -> Result<(), Violation> {
        if self.lexer.position() == 0 {
            return Err(Violation::NoBody);
        }
        self.lexer.finish()?;
        self.complete = true;
        Ok(())
    }

    /// The decision is made: from here on only what could overturn it is looked at.
    pub(crate) fn settle(&mut self) {
        self.reader.settle();
    }

    /// Whether all facts are final.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// The model asked for: `None` while it may still come, `Some(None)` when there is none.
    pub(crate) fn asked(&self) -> Option<Option<&str>> {
        match &self.reader.read.model {
            Some(model) => Some(Some(&model.name)),
            None => self.complete.then_some(None),
        }
    }

    /// Where the model's value stands.
    pub(crate) fn model_value(&self) -> Option<&AskedModel> {
        self.reader.read.model.as_ref()
    }

    /// The offset behind the opening brace, and whether a member follows it.
    pub(crate) fn inside(&self) -> (u64, bool) {
        (self.reader.read.inside, self.reader.read.has_members)
    }

    pub(crate) fn stream(&self) -> Option<bool> {
        let default = field::streams_by_default(self.api);
        self.reader.read.stream.or(self.complete.then_some(default))
    }

    pub(crate) fn tools(&self) -> Option<bool> {
        self.seen(self.reader.read.tools)
    }

    pub(crate) fn images(&self) -> Option<bool> {
        self.seen(self.reader.read.images)
    }

    pub(crate) fn audio(&self) -> Option<bool> {
        self.seen(self.reader.read.audio)
    }

    pub(crate) fn structured_output(&self) -> Option<bool> {
        self.seen(self.reader.read.structured)
    }

    pub(crate) fn reasoning(&self) -> Option<bool> {
        self.seen(self.reader.read.reasoning)
    }

    pub(crate) fn keyword(&self, keyword: usize) -> Option<bool> {
        self.seen(self.reader.has_keyword(keyword))
    }

    /// `Some(None)`: the client set no limit.
    pub(crate) fn max_output_tokens(&self) -> Option<Option<u64>> {
        self.complete.then_some(self.reader.read.max_output_tokens)
    }

    pub(crate) fn messages(&self) -> Bounds {
        let low = self.reader.read.turns;
        Bounds { low, high: if self.complete { low } else { low + self.left() } }
    }

    /// The estimate: decoded bytes of text by [`BYTES_PER_TOKEN`], rounded up. Base64, links and
    /// identifiers are not text. The rest of the body bounds it while it is arriving.
    pub(crate) fn input_tokens(&self) -> Bounds {
        let text = self.reader.read.text;
        // A token given as a number takes two bytes at least (`1,`) and counts as four.
        let most = if self.complete { text } else { text.saturating_add(self.left().saturating_mul(2)) };
        Bounds { low: text.div_ceil(BYTES_PER_TOKEN), high: most.div_ceil(BYTES_PER_TOKEN) }
    }

    /// The conversation's identity.
    pub(crate) fn identity(&self) -> Option<u64> {
        self.complete.then(|| self.reader.identity())
    }

    /// What has been seen stays; what has not may still come.
    fn seen(&self, seen: bool) -> Option<bool> {
        (seen || self.complete).then_some(seen)
    }

    fn left(&self) -> u64 {
        self.limit.saturating_sub(self.lexer.offset())
    }
}
