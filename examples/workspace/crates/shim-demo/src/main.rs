//! The shim's binary.

use std::process::ExitCode;
use std::{env, io};

fn main() -> ExitCode {
    match shim_demo::run(env::args().skip(1), &mut io::stdout()) {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
        Err(err) => {
            eprintln!("shim-demo-v1: {err}");
            ExitCode::FAILURE
        }
    }
}
