use std::fs::{self, OpenOptions};
use std::io::{Error, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

/// What was tried, and why it did not work.
type Attempt = (String, Result<(), String>);

/// Each returns Ok when it got out, or further than it should.
fn attempts() -> Vec<Attempt> {
    let mut all = files();
    all.extend(identity());
    all.extend(calls());
    all
}

fn attempt(what: &str, result: Result<(), String>) -> Attempt {
    (what.to_string(), result)
}

/// Opening for writing is proof enough: nothing is written to a machine.
fn opens(path: &str) -> Attempt {
    let opened = OpenOptions::new().write(true).open(path);
    attempt(&format!("write {path}"), opened.map(drop).map_err(|e| e.to_string()))
}

/// Reads something that tells of the machine.
fn reads(path: &str) -> Attempt {
    let mut buffer = [0; 64];
    let result = fs::File::open(path).and_then(|mut f| f.read(&mut buffer)).map_err(|e| e.to_string());
    let result = result.and_then(|n| if n > 0 { Ok(()) } else { Err("it is empty".to_string()) });
    attempt(&format!("read {path}"), result)
}

fn files() -> Vec<Attempt> {
    let mut all: Vec<Attempt> = [
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/modprobe",
        "/proc/sys/kernel/hostname",
        "/proc/sys/kernel/randomize_va_space",
        "/proc/sys/vm/overcommit_memory",
        "/proc/sys/fs/binfmt_misc/register",
        "/proc/sys/net/ipv4/ip_forward",
        "/proc/sysrq-trigger",
        "/proc/irq/default_smp_affinity",
        "/proc/self/setgroups",
        "/proc/1/mem",
        "/sys/kernel/uevent_helper",
        "/sys/fs/cgroup/release_agent",
        "/sys/fs/cgroup/cgroup.procs",
        "/dev/mem",
        "/dev/kmsg",
        "/dev/sda",
        "/dev/vda",
        "/dev/fuse",
        "/dev/loop-control",
        "/dev/kvm",
        "/dev/net/tun",
        "/etc/passwd",
        "/etc/ld.so.preload",
        "/usr/bin/env",
    ]
    .map(opens)
    .into();
    all.extend(
        ["/proc/1/cmdline", "/proc/1/environ", "/proc/keys", "/proc/key-users", "/proc/kcore", "/proc/1/root/etc/shadow", "/dev/mem", "/dev/kmsg", "/etc/shadow", "/run/dagger/engine.sock", "/run/docker.sock", "/.dagger"].map(reads),
    );
    for map in ["/proc/self/uid_map", "/proc/self/gid_map", "/proc/1/uid_map"] {
        let written = OpenOptions::new().write(true).open(map).and_then(|mut f| f.write_all(b"0 0 1\n"));
        all.push(attempt(&format!("map ids by {map}"), written.map_err(|e| e.to_string())));
    }
    all.push(attempt("mount namespace of process 1", set_namespace("/proc/1/ns/mnt")));
    all.push(attempt("network namespace of process 1", set_namespace("/proc/1/ns/net")));
    // Whoever starts the release may have a directory open, from which ".." leads anywhere.
    let mut open = Vec::new();
    for fd in 3..1024 {
        let link = fs::read_link(format!("/proc/self/fd/{fd}")).unwrap_or_default();
        if fs::metadata(format!("/proc/self/fd/{fd}")).is_ok_and(|m| m.is_dir()) && !link.starts_with("/proc") {
            open.push(format!("{fd}: {}", link.display()));
        }
    }
    all.push(attempt("a directory left open", if open.is_empty() { Err("there is none".to_string()) } else { println!("{open:?}"); Ok(()) }));
    // A set-user-id file would make whoever runs it outside this user, or root.
    let file = std::env::temp_dir().join("slipway-setuid");
    let owner = fs::write(&file, b"").and_then(|()| fs::set_permissions(&file, fs::Permissions::from_mode(0o4755))).and_then(|()| fs::metadata(&file));
    all.push(attempt("a set-user-id file of root", match owner {
        Ok(m) if m.uid() == 0 => Ok(()),
        Ok(m) => Err(format!("its owner is {}", m.uid())),
        Err(e) => Err(e.to_string()),
    }));
    let left = fs::hard_link("/usr/bin/env", std::env::temp_dir().join("slipway-env")).map_err(|e| e.to_string());
    all.push(attempt("hard link to a file of the image", left));
    all
}

/// Reads one line of a process's status.
fn status(process: &str, key: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find(|l| l.starts_with(key)).unwrap_or_default();
    line.split_once(':').map(|(_, value)| value.trim().to_string()).unwrap_or_default()
}

fn identity() -> Vec<Attempt> {
    let mut all = Vec::new();
    for process in ["self"] {
        for key in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            let set = status(process, key);
            let none = !set.is_empty() && set.trim_start_matches('0').is_empty();
            all.push(attempt(&format!("capabilities {key} of {process}"), if none { Err("none".to_string()) } else { Ok(()) }));
        }
        let flag = |key: &str, want: &str| if status(process, key) == want { Err(format!("it is {want}")) } else { Ok(()) };
        all.push(attempt(&format!("new privileges of {process}"), flag("NoNewPrivs", "1")));
        if cfg!(target_arch = "x86_64") {
            all.push(attempt(&format!("no filter of system calls of {process}"), flag("Seccomp", "2")));
        }
        let ids = status(process, "Uid");
        all.push(attempt(&format!("user 0 of {process}"), if ids.split_whitespace().any(|id| id == "0") { Ok(()) } else { Err(format!("it is {ids}")) }));
    }
    for tool in [["unshare", "-Ur", "true"], ["unshare", "-Un", "true"], ["chroot", "/", "true"]] {
        let got = Command::new(tool[0]).args(&tool[1..]).output();
        all.push(attempt(&tool.join(" "), match got {
            Ok(out) if out.status.success() => Ok(()),
            Ok(out) => Err(String::from_utf8_lossy(&out.stderr).trim().replace('\n', " ")),
            Err(e) => Err(e.to_string()),
        }));
    }
    all
}

unsafe extern "C" {
    fn syscall(number: std::ffi::c_long, ...) -> std::ffi::c_long;
    fn setns(fd: std::ffi::c_int, kind: std::ffi::c_int) -> std::ffi::c_int;
}

fn set_namespace(path: &str) -> Result<(), String> {
    use std::os::fd::AsRawFd;
    let file = fs::File::open(path).map_err(|e| e.to_string())?;
    if unsafe { setns(file.as_raw_fd(), 0) } == 0 { Ok(()) } else { Err(Error::last_os_error().to_string()) }
}

#[cfg(not(target_arch = "x86_64"))]
fn calls() -> Vec<Attempt> {
    let _ = (syscall as unsafe extern "C" fn(std::ffi::c_long, ...) -> std::ffi::c_long, std::io::stdout().flush());
    Vec::new()
}

/// System calls by their numbers (x86_64). A result of 0 or more is a success, and so is
/// any error but those with which the filter or the kernel refuses.
#[cfg(target_arch = "x86_64")]
fn calls() -> Vec<Attempt> {
    let _ = std::io::stdout().flush();
    const FAULT: i32 = 14; // the kernel came as far as reading the arguments
    let null = std::ptr::null::<u8>();
    let list: &[(&str, i64, [i64; 5])] = &[
        ("unshare a user namespace", 272, [0x1000_0000, 0, 0, 0, 0]),
        ("unshare a mount namespace", 272, [0x0002_0000, 0, 0, 0, 0]),
        ("unshare a time namespace", 272, [0x80, 0, 0, 0, 0]),
        ("clone into a user namespace", 56, [0x1000_0000 | 17, 0, 0, 0, 0]),
        ("clone into a network namespace", 56, [0x4000_0000 | 17, 0, 0, 0, 0]),
        ("clone3", 435, [0, 88, 0, 0, 0]),
        ("mount", 165, [0, 0, 0, 0, 0]),
        ("fsopen", 430, [0, 0, 0, 0, 0]),
        ("open_tree", 428, [-100, 0, 1, 0, 0]),
        ("move_mount", 429, [0, 0, 0, 0, 0]),
        ("pivot_root", 155, [0, 0, 0, 0, 0]),
        ("chroot", 161, [0, 0, 0, 0, 0]),
        ("ptrace of process 1", 101, [16, 1, 0, 0, 0]),
        ("ptrace of the parent", 101, [0x4206, std::os::unix::process::parent_id() as i64, 0, 0, 0]),
        ("process_vm_readv of the parent", 310, [std::os::unix::process::parent_id() as i64, 0, 0, 0, 0]),
        ("kcmp", 312, [1, 1, 0, 0, 0]),
        ("add_key", 248, [0, 0, 0, 0, -3]),
        ("request_key", 249, [0, 0, 0, -3, 0]),
        ("keyctl: the session keyring's id", 250, [0, -3, 0, 0, 0]),
        ("keyctl: join a session keyring", 250, [1, 0, 0, 0, 0]),
        ("bpf", 321, [5, 0, 0, 0, 0]),
        ("perf_event_open", 298, [0, 0, -1, -1, 0]),
        ("userfaultfd", 323, [1, 0, 0, 0, 0]),
        ("io_uring_setup", 425, [1, 0, 0, 0, 0]),
        ("open_by_handle_at", 304, [-100, 0, 0, 0, 0]),
        ("kexec_load", 246, [0, 0, 0, 0, 0]),
        ("init_module", 175, [0, 0, 0, 0, 0]),
        ("finit_module", 313, [0, 0, 0, 0, 0]),
        ("swapon", 167, [0, 0, 0, 0, 0]),
        ("acct", 163, [0, 0, 0, 0, 0]),
        ("settimeofday", 164, [0, 0, 0, 0, 0]),
        ("sethostname", 170, [0, 4, 0, 0, 0]),
        ("iopl", 172, [3, 0, 0, 0, 0]),
        ("quotactl", 179, [0, 0, 0, 0, 0]),
        ("lookup_dcookie", 212, [0, 0, 0, 0, 0]),
        ("move_pages of process 1", 279, [1, 1, 0, 0, 0]),
        ("vhangup", 153, [0, 0, 0, 0, 0]),
        ("syslog", 103, [3, 0, 0, 0, 0]),
        ("packet socket", 41, [17, 3, 0, 0, 0]),
        ("raw socket", 41, [2, 3, 1, 0, 0]),
        ("netfilter's netlink socket", 41, [16, 3, 12, 0, 0]),
        ("audit's netlink socket", 41, [16, 3, 9, 0, 0]),
        ("crypto socket", 41, [38, 5, 0, 0, 0]),
        ("vsock socket", 41, [40, 1, 0, 0, 0]),
        ("bluetooth socket", 41, [31, 3, 0, 0, 0]),
        ("personality without randomised addresses and more", 135, [0x0ffe_0000, 0, 0, 0, 0]),
        ("setuid 0", 105, [0, 0, 0, 0, 0]),
        ("setgid 0", 106, [0, 0, 0, 0, 0]),
        ("a device node", 133, [c"/tmp/slipway-node".as_ptr() as i64, 0o020_666, 0x0101, 0, 0]),
        ("getpid of the x32 ABI", 0x4000_0000 + 39, [0, 0, 0, 0, 0]),
        ("a system call without a name", 4999, [0, 0, 0, 0, 0]),
        ("a higher limit of processes", 302, [0, 6, [u64::MAX, u64::MAX].as_ptr() as i64, 0, 0]),
    ];
    let mut all = Vec::new();
    for (what, number, args) in list {
        let got = unsafe { syscall(*number, args[0], args[1], args[2], args[3], args[4], null) };
        let error = Error::last_os_error();
        if got == 0 && *number == 56 {
            std::process::exit(0); // the child of a clone that worked
        }
        let through = got >= 0 || error.raw_os_error() == Some(FAULT);
        all.push(attempt(what, if through { Ok(()) } else { Err(error.to_string()) }));
    }
    all.push(attempt("getuid of the 32-bit ABI", old_abi()));
    all
}

/// Calls the kernel as 32-bit programs do, past a filter that knows one ABI only.
#[cfg(target_arch = "x86_64")]
fn old_abi() -> Result<(), String> {
    let got: i64;
    // getuid32 is 199 there; rbx is the compiler's, and getuid reads no argument
    unsafe { std::arch::asm!("int 0x80", inlateout("rax") 199_i64 => got, out("r8") _, out("r9") _, out("r10") _, out("r11") _) };
    if got as i32 >= 0 { Ok(()) } else { Err(Error::from_raw_os_error(-(got as i32)).to_string()) }
}
