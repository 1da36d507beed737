//! The OCI bundle: a directory with a `config.json`.

use std::path::{Path, PathBuf};
use std::{error, fmt, fs};

use crate::json::{self, Value};

/// The parts of a bundle's `config.json` that a shim uses. Others are ignored, as the specification asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The version of the specification, `ociVersion`.
    pub oci_version: String,
    /// The process's arguments, the program first; never empty.
    pub args: Vec<String>,
    /// The process's environment as `NAME=value`, in the file's order.
    pub env: Vec<String>,
}

impl Bundle {
    /// Reads the bundle in the directory `path`.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let file = path.as_ref().join("config.json");
        fs::read_to_string(&file)
            .map_err(|err| err.to_string())
            .and_then(|text| Self::from_json(&text))
            .map_err(|reason| Error { file, reason })
    }

    fn from_json(text: &str) -> Result<Self, String> {
        let root = json::parse(text)?;
        let Some(Value::String(oci_version)) = root.at("ociVersion") else {
            return Err("ociVersion: expected a string".into());
        };
        let args = strings(&root, "process.args")?;
        if args.is_empty() {
            return Err("process.args: expected a program".into());
        }
        Ok(Bundle { oci_version: oci_version.clone(), args, env: strings(&root, "process.env")? })
    }
}

/// Returns a list of strings, empty where there is none.
fn strings(root: &Value, path: &str) -> Result<Vec<String>, String> {
    let items = match root.at(path) {
        None => &[],
        Some(Value::Array(items)) => items.as_slice(),
        Some(_) => return Err(format!("{path}: expected a list")),
    };
    let string = |item: &Value| match item {
        Value::String(text) => Ok(text.clone()),
        _ => Err(format!("{path}: expected strings")),
    };
    items.iter().map(string).collect()
}

/// A bundle that could not be read.
#[derive(Debug)]
pub struct Error {
    /// The file that is missing or wrong.
    pub file: PathBuf,
    reason: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reading {:?}: {}", self.file, self.reason)
    }
}

impl error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"{
        "ociVersion": "1.2.0",
        "process": {
            "terminal": false,
            "args": ["/app.wasm", "serve"],
            "env": ["PATH=/bin", "EMPTY="]
        }
    }"#;

    #[test]
    fn reads_the_fields() {
        let bundle = Bundle::from_json(CONFIG).unwrap();
        assert_eq!(bundle.oci_version, "1.2.0");
        assert_eq!(bundle.args, ["/app.wasm", "serve"]);
        assert_eq!(bundle.env, ["PATH=/bin", "EMPTY="]);
    }

    #[test]
    fn names_what_is_wrong() {
        let table = [
            (r#""1.2.0""#, "12", "ociVersion: expected a string"),
            (r#""/app.wasm", "serve""#, "", "process.args: expected a program"),
            (r#""serve""#, "1", "process.args: expected strings"),
            (r#"["PATH=/bin", "EMPTY="]"#, "{}", "process.env: expected a list"),
            (r#""process""#, "process", "line 3: expected a name"),
        ];
        for (from, to, want) in table {
            let err = Bundle::from_json(&CONFIG.replace(from, to)).unwrap_err();
            assert_eq!(err, want);
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let err = Bundle::load("/no/such/bundle").unwrap_err();
        assert!(err.to_string().starts_with(r#"reading "/no/such/bundle/config.json": "#));
    }
}
