//! CSV, RFC 4180: cells in quotes may have lines.

use super::Sheet;

pub(super) fn parse(text: &str) -> Result<Sheet, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rows = Rows { rest: text, line: 1 };
    let names = rows
        .next()?
        .filter(|names| names.iter().any(|name| !name.is_empty()))
        .ok_or("no line with the names of columns")?;
    if let Some(twice) =
        names.iter().enumerate().find(|(at, name)| names.iter().take(*at).any(|before| before == *name))
    {
        return Err(format!("line 1: the column `{}` is there twice", twice.1));
    }
    let mut sheet = Sheet { names, rows: Vec::new() };
    loop {
        let line = rows.line;
        let Some(row) = rows.next()? else { return Ok(sheet) };
        if row.len() == 1 && row.iter().all(String::is_empty) {
            continue;
        }
        if row.len() != sheet.names.len() {
            return Err(format!("line {line}: {} cells, and there are {} columns", row.len(), sheet.names.len()));
        }
        sheet.rows.push(row);
    }
}

struct Rows<'a> {
    rest: &'a str,
    line: usize,
}

impl Rows<'_> {
    fn next(&mut self) -> Result<Option<Vec<String>>, String> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut row = Vec::new();
        loop {
            row.push(self.cell()?);
            if let Some(rest) = self.rest.strip_prefix(',') {
                self.rest = rest;
                continue;
            }
            self.rest = self.rest.strip_prefix('\r').unwrap_or(self.rest);
            if let Some(rest) = self.rest.strip_prefix('\n') {
                self.rest = rest;
                self.line += 1;
            } else if !self.rest.is_empty() {
                return Err(format!("line {}: text behind the quotes of a cell", self.line));
            }
            return Ok(Some(row));
        }
    }

    fn cell(&mut self) -> Result<String, String> {
        let Some(mut rest) = self.rest.strip_prefix('"') else {
            let end = self.rest.find([',', '\n', '\r']).unwrap_or(self.rest.len());
            let (cell, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
            self.rest = rest;
            return Ok(cell.to_owned());
        };
        let began = self.line;
        let mut cell = String::new();
        loop {
            let Some((part, behind)) = rest.split_once('"') else {
                return Err(format!("line {began}: the quotes of a cell do not end"));
            };
            cell.push_str(part);
            self.line += part.bytes().filter(|byte| *byte == b'\n').count();
            match behind.strip_prefix('"') {
                Some(behind) => {
                    cell.push('"');
                    rest = behind;
                }
                None => {
                    self.rest = behind;
                    return Ok(cell);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_may_have_commas_quotes_and_lines() {
        let sheet = parse("text,label\r\n\"a, \"\"b\"\"\nc\",x\n\nplain,y").unwrap();
        assert_eq!(sheet.names, ["text", "label"]);
        assert_eq!(sheet.rows, [["a, \"b\"\nc", "x"], ["plain", "y"]]);
    }

    #[test]
    fn what_is_wrong_has_its_line() {
        for (text, why) in [
            ("", "no line with the names of columns"),
            ("a,a\n", "line 1: the column `a` is there twice"),
            ("a,b\n\"x\ny\",1\n2\n", "line 4: 1 cells, and there are 2 columns"),
            ("a\n\"x", "line 2: the quotes of a cell do not end"),
            ("a\n\"x\"y\n", "line 2: text behind the quotes of a cell"),
        ] {
            assert_eq!(parse(text).unwrap_err(), why, "{text:?}");
        }
    }
}
