//! An engine with four programs of its own.

use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use shim_core::Engine;
use shimkit::bundle::Bundle;

/// The exit code of a program that was called wrongly.
const USAGE: u32 = 64;

/// Runs `echo`, `env`, `sleep` and `exit`, and sends what they print, line by line.
pub struct ToyEngine {
    stdout: Sender<String>,
}

impl ToyEngine {
    pub fn new(stdout: Sender<String>) -> Self {
        ToyEngine { stdout }
    }

    fn print(&self, line: &str) -> u32 {
        self.stdout.send(line.to_owned()).is_err().into()
    }
}

impl Engine for ToyEngine {
    fn run(&self, bundle: &Bundle) -> u32 {
        let args: Vec<_> = bundle.args.iter().map(String::as_str).collect();
        match args[..] {
            ["echo", ref words @ ..] => self.print(&words.join(" ")),
            ["env", name] => lookup(&bundle.env, name).map_or(1, |value| self.print(value)),
            ["sleep", seconds] => match seconds.parse().map(Duration::try_from_secs_f64) {
                Ok(Ok(time)) => {
                    thread::sleep(time);
                    0
                }
                _ => USAGE,
            },
            ["exit", code] => code.parse::<u8>().map_or(USAGE, u32::from),
            _ => USAGE,
        }
    }
}

/// Returns the value of `name` in a list of `NAME=value`; the last one counts.
fn lookup<'a>(env: &'a [String], name: &str) -> Option<&'a str> {
    env.iter().rev().find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn bundle(line: &str) -> Bundle {
        Bundle {
            oci_version: "1.2.0".into(),
            args: line.split(' ').map(Into::into).collect(),
            env: ["A=1", "AB=2", "A=3"].map(Into::into).to_vec(),
        }
    }

    #[test]
    fn programs() {
        let table = [
            ("echo hello world", 0, Some("hello world")),
            ("env A", 0, Some("3")),
            ("env B", 1, None),
            ("sleep 0", 0, None),
            ("sleep -1", USAGE, None),
            ("sleep soon", USAGE, None),
            ("exit 42", 42, None),
            ("exit 256", USAGE, None),
            ("reboot", USAGE, None),
        ];
        for (line, code, printed) in table {
            let (stdout, lines) = mpsc::channel();
            assert_eq!(ToyEngine::new(stdout).run(&bundle(line)), code, "{line}");
            assert_eq!(lines.try_recv().ok().as_deref(), printed, "{line}");
        }
    }
}
