//! A small command for wasm32-wasip1.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// The exit code of a wrong call, as in sysexits.h.
const USAGE: u8 = 64;

/// What a command line asks for.
#[derive(Debug, PartialEq)]
enum Command {
    Echo(String),
    Sleep(Duration),
    Write(PathBuf, String),
    Exit(u8),
    Forever,
}

impl Command {
    /// Parses a command line without its program name; the error says what was expected.
    fn parse(args: &[String]) -> Result<Self, &'static str> {
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        match args[..] {
            [] => Ok(Command::Forever),
            ["echo", ref words @ ..] => Ok(Command::Echo(words.join(" "))),
            ["sleep", seconds] => seconds
                .parse()
                .ok()
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                .map(Command::Sleep)
                .ok_or("sleep: expected seconds"),
            ["write", file, ref words @ ..] => Ok(Command::Write(file.into(), words.join(" "))),
            // WASI's proc_exit leaves codes from 126 on to the host.
            ["exit", code] => {
                code.parse().ok().filter(|code| *code < 126).map(Command::Exit).ok_or("exit: expected a code, 0 to 125")
            }
            _ => Err("expected echo, sleep, write or exit"),
        }
    }

    fn run(self, out: &mut impl Write) -> io::Result<u8> {
        match self {
            Command::Echo(text) => writeln!(out, "{text}").map(|()| 0),
            Command::Sleep(time) => {
                thread::sleep(time);
                Ok(0)
            }
            Command::Write(file, text) => fs::write(file, text).map(|()| 0),
            Command::Exit(code) => Ok(code),
            Command::Forever => loop {
                writeln!(out, "still here")?;
                thread::sleep(Duration::from_secs(1));
            },
        }
    }
}

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let command = match Command::parse(&args) {
        Ok(command) => command,
        Err(expected) => {
            eprintln!("demo-app: {expected}");
            return ExitCode::from(USAGE);
        }
    };
    match command.run(&mut io::stdout()) {
        Ok(code) => ExitCode::from(code),
        Err(err) => {
            eprintln!("demo-app: {err}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, &'static str> {
        let args: Vec<_> = line.split_whitespace().map(String::from).collect();
        Command::parse(&args)
    }

    #[test]
    fn parses() {
        assert_eq!(parse(""), Ok(Command::Forever));
        assert_eq!(parse("echo a b"), Ok(Command::Echo("a b".into())));
        assert_eq!(parse("sleep 0.25"), Ok(Command::Sleep(Duration::from_millis(250))));
        assert_eq!(parse("write f a b"), Ok(Command::Write("f".into(), "a b".into())));
        assert_eq!(parse("exit 125"), Ok(Command::Exit(125)));
    }

    #[test]
    fn refuses() {
        for line in ["sleep", "sleep -1", "sleep soon", "write", "exit", "exit 126", "exit -1", "daemon"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn echo_ends_its_line() {
        let mut out = Vec::new();
        assert_eq!(parse("echo hello wasi").unwrap().run(&mut out).unwrap(), 0);
        assert_eq!(out, b"hello wasi\n");
    }

    #[test]
    fn write_replaces_the_file() {
        let file = std::env::temp_dir().join(format!("demo-app-{}", std::process::id()));
        for text in ["a longer text", "short"] {
            let command = Command::Write(file.clone(), text.into());
            assert_eq!(command.run(&mut io::sink()).unwrap(), 0);
        }
        assert_eq!(fs::read(&file).unwrap(), b"short");
        fs::remove_file(file).unwrap();
    }

    #[test]
    fn exit_returns_its_code() {
        assert_eq!(Command::Exit(3).run(&mut io::sink()).unwrap(), 3);
    }

    #[test]
    fn forever_ends_with_its_output() {
        let mut full = &mut [0; 4][..];
        assert!(Command::Forever.run(&mut full).is_err());
    }
}
