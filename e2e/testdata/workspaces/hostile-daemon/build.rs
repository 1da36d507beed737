//! Leaves a process behind: its own copy, forked twice, in a session of its own, deaf to SIGHUP and SIGTERM. It writes a
//! heartbeat beside OUT_DIR, and goes away by itself after five minutes.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use std::{env, fs, io};

const NAME: &str = "slipway-hostile-daemon";
const STAGE: &str = "SLIPWAY_HOSTILE_STAGE";
const BEAT: Duration = Duration::from_millis(200);

unsafe extern "C" {
    fn setsid() -> i32;
    fn signal(signum: i32, handler: usize) -> usize;
}

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    let heartbeat = out.with_file_name("heartbeat.txt");
    match env::var(STAGE).as_deref() {
        Err(_) => {
            // A file that never exists: the script runs on every build.
            println!("cargo::rerun-if-changed=never");
            match launch(&out, &heartbeat) {
                Ok(()) => println!("cargo::warning=DAEMON: heartbeat in {}", heartbeat.display()),
                Err(err) => println!("cargo::warning=BLOCKED: daemon: {err}"),
            }
        }
        Ok("1") => {
            // SAFETY: neither call has preconditions.
            unsafe { setsid() };
            spawn(&env::current_exe().unwrap(), "2").unwrap();
            process::exit(0);
        }
        Ok(_) => {
            const SIG_IGN: usize = 1;
            for signum in [1, 15] {
                // SAFETY: SIGHUP and SIGTERM may be ignored.
                unsafe { signal(signum, SIG_IGN) };
            }
            for beat in 0..1500 {
                let _ = fs::write(&heartbeat, format!("{} {beat}\n", process::id()));
                sleep(BEAT);
            }
        }
    }
}

/// Starts the daemon from a copy of this executable, and waits for its first heartbeat.
fn launch(out: &Path, heartbeat: &Path) -> io::Result<()> {
    let _ = fs::remove_file(heartbeat);
    let copy = out.join(NAME);
    fs::copy(env::current_exe()?, &copy)?;
    spawn(&copy, "1")?.wait()?;
    for _ in 0..50 {
        if heartbeat.exists() {
            return Ok(());
        }
        sleep(BEAT);
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, "no heartbeat in ten seconds"))
}

/// Runs `exe` with closed standard streams, so that cargo does not wait for it.
fn spawn(exe: &Path, stage: &str) -> io::Result<process::Child> {
    let mut command = Command::new(exe);
    command.arg0(NAME).env(STAGE, stage).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}
