#![doc = include_str!("../README.md")]

mod engine;

use std::error::Error;
use std::io::Write;
use std::sync::mpsc;

use shim_core::Service;
use shimkit::bundle::Bundle;
use shimkit::cli::{Action, Args};

use crate::engine::ToyEngine;

/// The code that containerd is told for a task whose shim is gone: it was killed.
const KILLED: u32 = 137;

/// Runs the command line `args`, without its program name, and returns the exit code.
pub fn run<I>(args: I, out: &mut impl Write) -> Result<u32, Box<dyn Error>>
where
    I: IntoIterator<Item: Into<String>>,
{
    let args = Args::parse(args)?;
    match args.action {
        Action::Version => {
            writeln!(out, "shim-demo-v1 {}", env!("CARGO_PKG_VERSION"))?;
            Ok(0)
        }
        Action::Start => start(&args, out),
        Action::Delete => {
            writeln!(out, "{}: deleted with code {KILLED}", args.id)?;
            Ok(0)
        }
    }
}

/// Takes the bundle's task through its whole life.
fn start(args: &Args, out: &mut impl Write) -> Result<u32, Box<dyn Error>> {
    let id = args.id.as_str();
    let bundle = Bundle::load(&args.bundle)?;
    if args.debug {
        writeln!(out, "{id}: namespace {}, OCI {}, {:?}", args.namespace, bundle.oci_version, bundle.args)?;
    }
    let (stdout, lines) = mpsc::channel();
    let service = Service::new(ToyEngine::new(stdout));
    service.create(id, bundle)?;
    writeln!(out, "{id}: {}", service.state(id)?)?;
    service.start(id)?;
    writeln!(out, "{id}: running")?;
    let code = service.wait(id)?;
    for line in lines.try_iter() {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "{id}: {}", service.state(id)?)?;
    service.delete(id)?;
    writeln!(out, "{id}: deleted")?;
    Ok(code)
}
