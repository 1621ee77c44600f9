//! A `curl` command line, as the request that it would send. Nothing is sent, and no variable is looked up.

mod form;
mod option;

use self::option::{Data, Kind};
use super::{header, length, words};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pointsman_engine::Exchange;
use pointsman_source::reason;
use std::path::{Path, PathBuf};

/// Larger files are sent by nobody, and some have no end.
const LARGEST: u64 = 256 << 20;

/// Whether a text is a command for curl: `curl …`, perhaps behind a prompt and comments.
pub(super) fn is_one(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next().is_some_and(|line| {
        let line = line.strip_prefix("$ ").unwrap_or(line).trim_start();
        line.strip_prefix("curl").is_some_and(|rest| rest.starts_with([' ', '\t', '\\']))
    })
}

/// The request. Files that it names are looked for in `folder`.
pub(super) fn read(text: &str, folder: &Path) -> Result<Exchange, String> {
    let command = words::command(text)?;
    let mut words = command.words.into_iter().skip_while(|word| word != b"curl").skip(1);
    let mut call = Call { folder: folder.into(), input: command.input, ..Call::default() };
    let mut only_urls = false;
    while let Some(word) = words.next() {
        let text = String::from_utf8_lossy(&word).into_owned();
        match text.strip_prefix("--") {
            _ if only_urls => call.take(Kind::Url, word)?,
            Some("") => only_urls = true,
            Some(long) => {
                let kind = option::long(long).ok_or_else(|| format!("curl's `--{long}` is not understood here"))?;
                let value = if kind.takes_value() { value(&text, words.next())? } else { Vec::new() };
                call.take(kind, value)?;
            }
            None if text.starts_with('-') && text.len() > 1 => {
                for (at, letter) in text.char_indices().skip(1) {
                    let kind =
                        option::short(letter).ok_or_else(|| format!("curl's `-{letter}` is not understood here"))?;
                    if !kind.takes_value() {
                        call.take(kind, Vec::new())?;
                        continue;
                    }
                    let attached = word.get(at + letter.len_utf8()..).filter(|rest| !rest.is_empty());
                    let value = match attached {
                        Some(attached) => attached.to_vec(),
                        None => value(&format!("-{letter}"), words.next())?,
                    };
                    call.take(kind, value)?;
                    break;
                }
            }
            None => call.take(Kind::Url, word)?,
        }
    }
    call.exchange()
}

fn value(option: &str, word: Option<Vec<u8>>) -> Result<Vec<u8>, String> {
    word.ok_or_else(|| format!("curl's `{option}` needs a value"))
}

/// What a command line says.
#[derive(Default)]
struct Call {
    folder: PathBuf,
    input: Option<Vec<u8>>,
    url: Option<String>,
    method: Option<String>,
    headers: Vec<(String, Vec<u8>)>,
    /// Headers of curl's own that are not sent.
    without: Vec<String>,
    data: Option<Vec<u8>>,
    is_json: bool,
    parts: Vec<form::Part>,
    in_query: bool,
    is_head: bool,
}

impl Call {
    fn take(&mut self, kind: Kind, value: Vec<u8>) -> Result<(), String> {
        match kind {
            Kind::Ignored | Kind::IgnoredValue => {}
            Kind::Get => self.in_query = true,
            Kind::Head => self.is_head = true,
            Kind::Method => self.method = Some(text(value)?),
            Kind::Url if self.url.is_some() => return Err("curl is given more than one URL".into()),
            Kind::Url => self.url = Some(text(value)?),
            Kind::Header => return self.take_headers(value),
            Kind::Named(name) => self.headers.push((name.into(), value)),
            Kind::Bearer => self.headers.push(("authorization".into(), [b"Bearer ", value.as_slice()].concat())),
            Kind::User => self.authorise(&value),
            Kind::Data(data) => return self.take_data(data, value),
            Kind::Part { is_text } => {
                let part = form::part(&text(value)?, is_text, &|name| self.file(name))?;
                self.parts.push(part);
            }
        }
        Ok(())
    }

    fn authorise(&mut self, user: &[u8]) {
        self.headers.push(("authorization".into(), format!("Basic {}", STANDARD.encode(user)).into_bytes()));
    }

    fn take_headers(&mut self, value: Vec<u8>) -> Result<(), String> {
        if let Some(file) = value.strip_prefix(b"@") {
            let lines = self.file(&text(file.to_vec())?)?;
            let mut lines = lines.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
            return lines.try_for_each(|line| self.take_header(line));
        }
        self.take_header(&value)
    }

    /// `Name: value`; `Name:` takes one of curl's own away, and `Name;` sends one without a value.
    fn take_header(&mut self, line: &[u8]) -> Result<(), String> {
        let wrong = || format!("`{}` is no header, expected `NAME: VALUE`", String::from_utf8_lossy(line));
        if let Some(name) = line.strip_suffix(b";").filter(|name| !name.contains(&b':')) {
            self.headers.push(header(&[name, b":"].concat()).ok_or_else(wrong)?);
            return Ok(());
        }
        let (name, value) = header(line).ok_or_else(wrong)?;
        if value.is_empty() {
            self.without.push(name)
        } else {
            self.headers.push((name, value))
        }
        Ok(())
    }

    fn take_data(&mut self, data: Data, value: Vec<u8>) -> Result<(), String> {
        let file = value.strip_prefix(b"@").filter(|_| data != Data::Raw);
        let mut read = match file {
            Some(file) => self.file(&text(file.to_vec())?)?,
            None => value.clone(),
        };
        if file.is_some() && data == Data::Text {
            read.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
        }
        self.is_json |= data == Data::Json;
        match &mut self.data {
            None => self.data = Some(read),
            Some(before) => {
                before.extend((data != Data::Json).then_some(b'&'));
                before.extend(read);
            }
        }
        Ok(())
    }

    /// A file that the command sends; `-` is the here-document.
    fn file(&self, name: &str) -> Result<Vec<u8>, String> {
        if name == "-" {
            return self.input.clone().ok_or_else(|| "curl reads `-`, and there is no here-document (`<<EOF`)".into());
        }
        let path = self.folder.join(name);
        let unread = |err| format!("`{}`: {}", path.display(), reason(&err));
        let about = std::fs::metadata(&path).map_err(unread)?;
        if !about.is_file() || about.len() > LARGEST {
            return Err(format!("`{}`: is no file that a request could be", path.display()));
        }
        std::fs::read(&path).map_err(unread)
    }

    fn exchange(mut self) -> Result<Exchange, String> {
        let url = self.url.take().ok_or("curl is given no URL")?;
        let Address { host, user, mut path } = address(&url)?;
        if let Some(user) = user {
            self.authorise(user.as_bytes());
        }
        if self.in_query
            && let Some(data) = self.data.take()
        {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(&text(data)?);
        }
        let mut own = vec![("host".to_owned(), host.into_bytes()), ("accept".to_owned(), b"*/*".to_vec())];
        let sent = self.body();
        let usual = match sent {
            _ if self.is_head => "HEAD",
            Some(_) => "POST",
            None => "GET",
        };
        let mut body = Vec::new();
        if let Some((kind, content)) = sent {
            own.extend([("content-type".into(), kind.into_bytes()), length(&content)]);
            body = content;
        }
        let is_given = |name: &str| self.headers.iter().any(|(given, _)| given == name);
        own.retain(|(name, _)| !is_given(name) && !self.without.contains(name));
        let method = self.method.unwrap_or_else(|| usual.into());
        Ok(Exchange { method, path, headers: [own, self.headers].concat(), body, ..Exchange::default() })
    }

    /// The content type and the body, if the command sends one.
    fn body(&mut self) -> Option<(String, Vec<u8>)> {
        let kind = if self.is_json { "application/json" } else { "application/x-www-form-urlencoded" };
        match self.data.take() {
            Some(data) => Some((kind.into(), data)),
            None => (!self.parts.is_empty()).then(|| form::written(&self.parts)),
        }
    }
}

/// Where a URL leads.
struct Address {
    host: String,
    user: Option<String>,
    path: String,
}

fn address(url: &str) -> Result<Address, String> {
    let rest = match url.split_once("://") {
        Some((scheme, rest)) if matches!(&*scheme.to_ascii_lowercase(), "http" | "https") => rest,
        Some((scheme, _)) if !scheme.contains(['/', '?']) => return Err(format!("`{url}`: `{scheme}` is not HTTP")),
        _ => url,
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user.to_owned()), host),
        None => (None, authority),
    };
    let path = path.split('#').next().unwrap_or_default();
    let slash = if path.starts_with('/') { "" } else { "/" };
    Ok(Address { host: host.to_owned(), user, path: format!("{slash}{path}") })
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|err| format!("`{}` is not UTF-8", String::from_utf8_lossy(err.as_bytes())))
}

#[cfg(test)]
mod tests;
