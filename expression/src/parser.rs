//! From text to terms, by CEL's grammar.

use crate::error::{ExpressionError, ExpressionErrorKind as Kind};
use crate::lexer::{Lexer, Token};
use crate::syntax::{Operator, Syntax, Term};

/// The longest text of an expression, in bytes.
pub(crate) const LONGEST: usize = 4096;

/// How deep terms may lie inside of each other. The reader, the checker and evaluation go down that far, and no further.
pub(crate) const DEEPEST: usize = 32;

/// Words that CEL keeps for languages around it.
const RESERVED: [&str; 20] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
    "in",
    "true",
    "false",
];

type Parsed = Result<Term, ExpressionError>;

/// Reads all of a text as one expression.
pub(crate) fn parse(text: &str) -> Parsed {
    if text.len() > LONGEST {
        return Err(ExpressionError { offset: LONGEST, kind: Kind::TooLong { most: LONGEST } });
    }
    let mut lexer = Lexer::new(text);
    let (at, token) = lexer.next()?;
    let mut parser = Parser { lexer, at, token, nesting: 0 };
    let term = parser.expression()?;
    match parser.token {
        Token::End => Ok(term),
        _ => Err(parser.expected("an operator or the end")),
    }
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    /// Where the word begins that comes next.
    at: usize,
    token: Token<'t>,
    /// Brackets that are open.
    nesting: usize,
}

impl<'t> Parser<'t> {
    fn expression(&mut self) -> Parsed {
        self.nesting += 1;
        if self.nesting > DEEPEST {
            return Err(self.fail(Kind::TooDeep { most: DEEPEST }));
        }
        let condition = self.chain(0)?;
        let at = self.at;
        let term = if self.takes("?")? {
            let then = self.chain(0)?;
            self.needs(":", "`:` of `?`")?;
            let otherwise = self.expression()?;
            let height = condition.height.max(then.height).max(otherwise.height);
            term(at, height, Syntax::If(Box::new((condition, then, otherwise))))
        } else {
            Ok(condition)
        };
        self.nesting -= 1;
        term
    }

    /// Chains of `||` (0), of `&&` (1).
    fn chain(&mut self, level: u8) -> Parsed {
        let sign = if level == 0 { "||" } else { "&&" };
        let first = if level == 0 { self.chain(1)? } else { self.binary(0)? };
        let at = self.at;
        if self.token != Token::Sign(sign) {
            return Ok(first);
        }
        let mut terms = vec![first];
        while self.takes(sign)? {
            terms.push(if level == 0 { self.chain(1)? } else { self.binary(0)? });
        }
        let height = highest(&terms);
        term(at, height, if level == 0 { Syntax::Or(terms) } else { Syntax::And(terms) })
    }

    /// Operators from a level on.
    fn binary(&mut self, level: u8) -> Parsed {
        let mut left = if level > 2 { return self.unary() } else { self.binary(level + 1)? };
        while let Some(operator) = self.operator().filter(|operator| operator.level() == level) {
            let at = self.at;
            self.advance()?;
            let right = self.binary(level + 1)?;
            let height = left.height.max(right.height);
            left = term(at, height, Syntax::Binary(operator, Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn operator(&self) -> Option<Operator> {
        let sign = match &self.token {
            Token::Sign(sign) => sign,
            Token::Name("in") => "in",
            _ => return None,
        };
        Operator::ALL.into_iter().find(|operator| operator.sign() == sign)
    }

    /// `!` and `-` in front of something. A loop: nobody has to nest for `!!!!`.
    fn unary(&mut self) -> Parsed {
        let mut signs = Vec::new();
        while let Token::Sign(sign @ ("!" | "-")) = self.token {
            if signs.len() >= DEEPEST {
                return Err(self.fail(Kind::TooDeep { most: DEEPEST }));
            }
            signs.push((self.at, sign));
            self.advance()?;
        }
        // The sign of a number is part of it: the least int is no negated int.
        let number = match (&self.token, signs.last()) {
            (Token::Int(value), Some((at, "-"))) => {
                Some((*at, Syntax::Int(0_i64.checked_sub_unsigned(*value).unwrap_or(i64::MIN))))
            }
            (Token::Double(value), Some((at, "-"))) => Some((*at, Syntax::Double(-value))),
            _ => None,
        };
        let mut inner = match number {
            Some((at, syntax)) => {
                signs.pop();
                self.advance()?;
                self.members(term(at, 0, syntax)?)?
            }
            None => {
                let primary = self.primary()?;
                self.members(primary)?
            }
        };
        while let Some((at, sign)) = signs.pop() {
            let (height, boxed) = (inner.height, Box::new(inner));
            inner = term(at, height, if sign == "!" { Syntax::Not(boxed) } else { Syntax::Negate(boxed) })?;
        }
        Ok(inner)
    }

    /// What follows a value: `.name`, `.call(…)`, `[…]`.
    fn members(&mut self, mut of: Term) -> Parsed {
        loop {
            let at = self.at;
            if self.takes(".")? {
                let at = self.at;
                let name = self.name("a name")?;
                let height = of.height;
                if self.takes("(")? {
                    let arguments = self.terms(")", "`)`")?;
                    let height = height.max(highest(&arguments));
                    of = term(at, height, Syntax::Call(name, Some(Box::new(of)), arguments))?;
                } else {
                    of = term(at, height, Syntax::Select(Box::new(of), name))?;
                }
            } else if self.takes("[")? {
                let key = self.expression()?;
                self.needs("]", "`]`")?;
                let height = of.height.max(key.height);
                of = term(at, height, Syntax::Index(Box::new(of), Box::new(key)))?;
            } else {
                return Ok(of);
            }
        }
    }

    fn primary(&mut self) -> Parsed {
        let at = self.at;
        let syntax = match std::mem::replace(&mut self.token, Token::End) {
            Token::Int(value) => match i64::try_from(value) {
                Ok(value) => Syntax::Int(value),
                Err(_) => return Err(self.fail(Kind::Literal("the number is too large for an int"))),
            },
            Token::Double(value) => Syntax::Double(value),
            Token::Text(text) => Syntax::Text(text),
            Token::Name("true") => Syntax::Bool(true),
            Token::Name("false") => Syntax::Bool(false),
            Token::Name("null") => Syntax::Null,
            name @ Token::Name(_) => {
                self.token = name;
                return self.named();
            }
            Token::Sign("(") => {
                self.advance()?;
                let inner = self.expression()?;
                self.needs(")", "`)`")?;
                return Ok(inner);
            }
            Token::Sign("[") => {
                self.advance()?;
                let items = self.terms("]", "`]`")?;
                return term(at, highest(&items), Syntax::List(items));
            }
            Token::Sign("{") => return self.map(at),
            other => {
                self.token = other;
                return Err(self.expected("a value"));
            }
        };
        self.advance()?;
        term(at, 0, syntax)
    }

    /// A variable, or a function that stands for itself.
    fn named(&mut self) -> Parsed {
        let at = self.at;
        let name = self.name("a value")?;
        if !self.takes("(")? {
            return term(at, 0, Syntax::Name(name));
        }
        let arguments = self.terms(")", "`)`")?;
        term(at, highest(&arguments), Syntax::Call(name, None, arguments))
    }

    fn map(&mut self, at: usize) -> Parsed {
        self.advance()?;
        let (mut entries, mut height) = (Vec::new(), 0);
        while self.token != Token::Sign("}") {
            let key = self.expression()?;
            self.needs(":", "`:`")?;
            let value = self.expression()?;
            height = height.max(key.height).max(value.height);
            entries.push((key, value));
            if !self.takes(",")? {
                break;
            }
        }
        self.needs("}", "`}`")?;
        term(at, height, Syntax::Map(entries))
    }

    /// Terms between commas, up to a bracket. One comma may follow the last in a list.
    fn terms(&mut self, close: &'static str, expected: &'static str) -> Result<Vec<Term>, ExpressionError> {
        let mut terms = Vec::new();
        while self.token != Token::Sign(close) {
            terms.push(self.expression()?);
            if self.token != Token::Sign(",") {
                break;
            }
            self.advance()?;
            if close == ")" && self.token == Token::Sign(close) {
                return Err(self.expected("a value"));
            }
        }
        self.needs(close, expected)?;
        Ok(terms)
    }

    fn name(&mut self, expected: &'static str) -> Result<String, ExpressionError> {
        match self.token {
            Token::Name(name) if !RESERVED.contains(&name) && name != "null" => {
                let name = name.to_owned();
                self.advance()?;
                Ok(name)
            }
            _ => Err(self.expected(expected)),
        }
    }

    fn takes(&mut self, sign: &'static str) -> Result<bool, ExpressionError> {
        let is_it = self.token == Token::Sign(sign);
        if is_it {
            self.advance()?;
        }
        Ok(is_it)
    }

    fn needs(&mut self, sign: &'static str, expected: &'static str) -> Result<(), ExpressionError> {
        if self.takes(sign)? { Ok(()) } else { Err(self.expected(expected)) }
    }

    fn advance(&mut self) -> Result<(), ExpressionError> {
        (self.at, self.token) = self.lexer.next()?;
        Ok(())
    }

    fn expected(&self, expected: &'static str) -> ExpressionError {
        self.fail(Kind::Syntax { expected, found: self.token.name() })
    }

    fn fail(&self, kind: Kind) -> ExpressionError {
        ExpressionError { offset: self.at, kind }
    }
}

fn highest(terms: &[Term]) -> usize {
    terms.iter().map(|term| term.height).max().unwrap_or_default()
}

/// A term around others.
fn term(offset: usize, inner: usize, syntax: Syntax) -> Parsed {
    let height = inner + 1;
    if height > DEEPEST {
        return Err(ExpressionError { offset, kind: Kind::TooDeep { most: DEEPEST } });
    }
    Ok(Term { offset, height, syntax })
}
