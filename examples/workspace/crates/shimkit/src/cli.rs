//! The command line that containerd starts a shim with.
//!
//! Flags follow Go's `flag` package: one dash or two, the value after `=` or as the next argument.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

/// What the shim is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Start the task.
    Start,
    /// Clean up after a task whose shim is gone.
    Delete,
    /// Print name and version.
    Version,
}

/// A parsed command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Args {
    /// containerd's namespace, `-namespace`; else `default`.
    pub namespace: String,
    /// The task, `-id`; see [`is_valid_id`].
    pub id: String,
    /// The bundle's directory, `-bundle`; else the working directory.
    pub bundle: PathBuf,
    /// Whether to say more, `-debug`.
    pub debug: bool,
    /// What to do: `start`, `delete`, or the flag `-v`.
    pub action: Action,
}

impl Args {
    /// Parses a command line without its program name.
    ///
    /// ```
    /// use shimkit::cli::{Action, Args};
    ///
    /// let args = Args::parse(["-namespace", "k8s.io", "--id=web", "start"])?;
    /// assert_eq!((args.id.as_str(), args.action), ("web", Action::Start));
    /// # Ok::<(), shimkit::cli::InvalidArgs>(())
    /// ```
    pub fn parse<I>(args: I) -> Result<Self, InvalidArgs>
    where
        I: IntoIterator<Item: Into<String>>,
    {
        let mut parsed = Args {
            namespace: "default".into(),
            id: String::new(),
            bundle: ".".into(),
            debug: false,
            action: Action::Version,
        };
        let mut args = args.into_iter().map(Into::into);
        let action = loop {
            let Some(arg) = args.next() else {
                return Err(InvalidArgs("no action: expected start or delete".into()));
            };
            let Some(flag) = arg.strip_prefix("--").or(arg.strip_prefix('-')) else {
                break arg;
            };
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag, None),
            };
            let mut value = || {
                value
                    .clone()
                    .or_else(|| args.next())
                    .ok_or_else(|| InvalidArgs(format!("flag {arg:?} lacks its value")))
            };
            match name {
                "namespace" => parsed.namespace = value()?,
                "id" => parsed.id = value()?,
                "bundle" => parsed.bundle = value()?.into(),
                // The shim has no use for these two, but containerd passes them.
                "address" | "publish-binary" => drop(value()?),
                "debug" => parsed.debug = true,
                "v" | "version" => return Ok(parsed),
                _ => return Err(InvalidArgs(format!("unknown flag {arg:?}"))),
            }
        };
        parsed.action = match action.as_str() {
            "start" => Action::Start,
            "delete" => Action::Delete,
            _ => return Err(InvalidArgs(format!("unknown action {action:?}"))),
        };
        if let Some(extra) = args.next() {
            return Err(InvalidArgs(format!("{extra:?} after the action")));
        }
        if !is_valid_id(&parsed.id) {
            return Err(InvalidArgs(format!("invalid task id {:?}", parsed.id)));
        }
        Ok(parsed)
    }
}

/// Reports whether `id` is an identifier by containerd's rule: at most 76 ASCII letters and digits, with single `.`, `_`
/// or `-` between them.
pub fn is_valid_id(id: &str) -> bool {
    id.len() <= 76
        && id.split(['.', '_', '-']).all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Why a command line was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidArgs(String);

impl fmt::Display for InvalidArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for InvalidArgs {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split_whitespace()).map_err(|err| err.to_string())
    }

    #[test]
    fn containerds_own_call() {
        let line = "-namespace k8s.io -address=/run/c.sock -publish-binary /bin/c --id w-1 -bundle=/b -debug start";
        let want = Args {
            namespace: "k8s.io".into(),
            id: "w-1".into(),
            bundle: "/b".into(),
            debug: true,
            action: Action::Start,
        };
        assert_eq!(parse(line), Ok(want));
    }

    #[test]
    fn version_needs_nothing_else() {
        for flag in ["-v", "--version", "-debug -v"] {
            assert_eq!(parse(flag).unwrap().action, Action::Version);
        }
    }

    #[test]
    fn refused() {
        let table = [
            ("", "no action: expected start or delete"),
            ("-id=a -x start", r#"unknown flag "-x""#),
            ("-id=a -bundle", r#"flag "-bundle" lacks its value"#),
            ("-id=a serve", r#"unknown action "serve""#),
            ("-id=a start now", r#""now" after the action"#),
            ("start", r#"invalid task id """#),
            ("-id=../a delete", r#"invalid task id "../a""#),
        ];
        for (line, want) in table {
            assert_eq!(parse(line).unwrap_err(), want, "{line}");
        }
    }

    #[test]
    fn identifiers() {
        for id in ["a", "a.b_c-d", &"x".repeat(76)] {
            assert!(is_valid_id(id), "{id:?}");
        }
        for id in ["", "-a", "a-", "a..b", "a/b", "ä", &"x".repeat(77)] {
            assert!(!is_valid_id(id), "{id:?}");
        }
    }
}
