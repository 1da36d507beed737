//! A reader for as much of JSON (RFC 8259) as a bundle's configuration needs.

use std::collections::BTreeMap;

const MAX_DEPTH: usize = 32;

#[derive(Debug, PartialEq)]
pub enum Value {
    String(String),
    Array(Vec<Value>),
    Object(BTreeMap<String, Value>),
    /// A number, a boolean or null: nothing here asks which.
    Other,
}

impl Value {
    /// Returns the value at a dotted path of names.
    pub fn at(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(self, |value, name| match value {
            Value::Object(members) => members.get(name),
            _ => None,
        })
    }
}

/// Reads the one value that `text` holds, or says in which line what was expected.
pub fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader { text, rest: text };
    let value = reader.value(0)?;
    match reader.peek() {
        None => Ok(value),
        Some(_) => reader.expected("the end"),
    }
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn expected<T>(&self, what: &str) -> Result<T, String> {
        let read = &self.text[..self.text.len() - self.rest.len()];
        let line = 1 + read.matches('\n').count();
        Err(format!("line {line}: expected {what}"))
    }

    /// Returns the next character that is not white space, without taking it.
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.rest.chars().next()
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.rest = &self.rest[c.len_utf8()..];
        }
        found
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return self.expected("less nesting");
        }
        match self.peek() {
            Some('"') => Ok(Value::String(self.string()?)),
            Some('[') => self.array(depth),
            Some('{') => self.object(depth),
            _ => self.other(),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, String> {
        let mut items = Vec::new();
        self.take('[');
        while !self.take(']') {
            if !items.is_empty() && !self.take(',') {
                return self.expected("',' or ']'");
            }
            items.push(self.value(depth + 1)?);
        }
        Ok(Value::Array(items))
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        let mut members = BTreeMap::new();
        self.take('{');
        while !self.take('}') {
            if !members.is_empty() && !self.take(',') {
                return self.expected("',' or '}'");
            }
            if self.peek() != Some('"') {
                return self.expected("a name");
            }
            let name = self.string()?;
            if !self.take(':') {
                return self.expected("':'");
            }
            let value = self.value(depth + 1)?;
            if members.insert(name, value).is_some() {
                return self.expected("each name once");
            }
        }
        Ok(Value::Object(members))
    }

    fn other(&mut self) -> Result<Value, String> {
        let end = self.rest.find([' ', '\t', '\n', '\r', ',', ']', '}']);
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let number = word.bytes().all(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        if matches!(word, "null" | "true" | "false") || number && word.parse::<f64>().is_ok() {
            self.rest = rest;
            return Ok(Value::Other);
        }
        self.expected("a value")
    }

    fn string(&mut self) -> Result<String, String> {
        let mut out = String::new();
        let mut chars = self.rest[1..].chars();
        loop {
            match chars.next() {
                Some('"') => break,
                Some('\\') => match escape(&mut chars) {
                    Some(c) => out.push(c),
                    None => return self.expected("a string with known escapes"),
                },
                Some(c) if c >= ' ' => out.push(c),
                _ => return self.expected("a string that ends in its line"),
            }
        }
        self.rest = chars.as_str();
        Ok(out)
    }
}

/// Reads what follows a backslash. Surrogate pairs are not read: JSON that is UTF-8 has no need of them.
fn escape(chars: &mut std::str::Chars) -> Option<char> {
    match chars.next()? {
        c @ ('"' | '\\' | '/') => Some(c),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'u' => {
            let code = (0..4).try_fold(0, |code, _| Some(code * 16 + chars.next()?.to_digit(16)?))?;
            char::from_u32(code)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind() {
        let value = parse(r#" {"a": ["x\u00e9\n\/", {}, [], -1.5e3, true], "b": {"c": null}} "#).unwrap();
        let Some(Value::Array(items)) = value.at("a") else {
            panic!("expected an array in {value:?}");
        };
        assert_eq!(items[0], Value::String("xé\n/".into()));
        assert_eq!(items[1], Value::Object(BTreeMap::new()));
        assert_eq!(items[2..], [Value::Array(vec![]), Value::Other, Value::Other]);
        assert_eq!(value.at("b.c"), Some(&Value::Other));
        assert_eq!(value.at("b.d"), None);
    }

    #[test]
    fn refused() {
        let table = [
            ("", "line 1: expected a value"),
            ("[1,\n]", "line 2: expected a value"),
            ("[1 2]", "line 1: expected ',' or ']'"),
            ("[nul]", "line 1: expected a value"),
            ("[-inf]", "line 1: expected a value"),
            ("\n{1: 2}", "line 2: expected a name"),
            (r#"{"a": 1, "a": 2}"#, "line 1: expected each name once"),
            ("{} {}", "line 1: expected the end"),
            ("[\"a\nb\"]", "line 1: expected a string that ends in its line"),
            (r#""\ud83e""#, "line 1: expected a string with known escapes"),
        ];
        for (text, want) in table {
            assert_eq!(parse(text).unwrap_err(), want, "{text}");
        }
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
