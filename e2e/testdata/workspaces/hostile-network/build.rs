//! Tries to reach anything outside the build. Each success is a line of the final panic, each failure a warning.

use std::io;
use std::net::{TcpStream, ToSocketAddrs, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::time::Duration;
use std::{env, fs};

/// Devices that the kernel puts into every new network namespace. They lead nowhere.
const FALLBACK: [&str; 11] =
    ["lo", "tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0", "ip6erspan0"];

/// Sockets of container engines. No network namespace hides them, so they must not be in sight; none is connected to, as
/// the engine may be someone's.
const SOCKETS: [&str; 6] = [
    "/run/docker.sock",
    "/var/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/buildkit/buildkitd.sock",
    "/run/dagger/engine.sock",
    "/run/podman/podman.sock",
];

fn main() {
    // A file that never exists: the script runs on every build.
    println!("cargo::rerun-if-changed=never");
    let mut broke_out = Vec::new();
    let mut report = |what: String, result: io::Result<()>| match result {
        Ok(()) => broke_out.push(format!("HOSTILE: {what}: it worked")),
        Err(err) => println!("cargo::warning=BLOCKED: {what}: {err}"),
    };

    match read("port.txt").map(|port| port.parse::<u16>()) {
        Some(Ok(port)) => {
            report(format!("tcp 127.0.0.1:{port}"), tcp(&format!("127.0.0.1:{port}")));
            report(format!("tcp [::1]:{port}"), tcp(&format!("[::1]:{port}")));
            for gateway in gateways() {
                report(format!("tcp gateway {gateway}:{port}"), tcp(&format!("{gateway}:{port}")));
            }
        }
        _ => println!("cargo::warning=SKIPPED: tcp 127.0.0.1: no port in port.txt"),
    }
    report("tcp 192.0.2.1:80".into(), tcp("192.0.2.1:80"));
    // Sends nothing: it only asks the kernel for a route.
    report("route to 192.0.2.1".into(), UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.connect("192.0.2.1:53")));
    for name in ["localhost.localdomain.invalid", "example.org"] {
        report(format!("resolve {name}"), (name, 80).to_socket_addrs().map(drop));
    }
    report("interfaces in /proc/net/dev".into(), interfaces_in_proc());
    report("interfaces in /sys/class/net".into(), interfaces_in_sys());

    match read("abstract.txt") {
        Some(name) => {
            let connected = SocketAddr::from_abstract_name(&name).and_then(|addr| UnixStream::connect_addr(&addr));
            report(format!("abstract socket @{name}"), connected.map(drop));
        }
        None => println!("cargo::warning=SKIPPED: abstract socket: no name in abstract.txt"),
    }
    report("abstract sockets in /proc/net/unix".into(), abstract_sockets());
    for path in SOCKETS {
        report(format!("socket {path} in sight"), fs::metadata(path).map(drop));
    }

    if !broke_out.is_empty() {
        panic!("HOSTILE: network\n{}", broke_out.join("\n"));
    }
}

/// Returns the trimmed text of a file in the crate's directory, if it holds any.
fn read(name: &str) -> Option<String> {
    let dir = env::var("CARGO_MANIFEST_DIR").unwrap();
    let text = fs::read_to_string(format!("{dir}/{name}")).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn tcp(addr: &str) -> io::Result<()> {
    TcpStream::connect_timeout(&addr.parse().unwrap(), Duration::from_secs(2)).map(drop)
}

/// The default gateways: from inside a container, often the host.
fn gateways() -> Vec<String> {
    let table = fs::read_to_string("/proc/net/route").unwrap_or_default();
    let default = table.lines().filter_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        (fields.get(1) == Some(&"00000000")).then(|| u32::from_str_radix(fields[2], 16).ok())?
    });
    default.map(|addr| std::net::Ipv4Addr::from(addr.to_ne_bytes()).to_string()).collect()
}

fn interfaces_in_proc() -> io::Result<()> {
    let table = fs::read_to_string("/proc/net/dev")?;
    let names = table.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim().to_owned());
    found(names.collect())
}

fn interfaces_in_sys() -> io::Result<()> {
    let names = fs::read_dir("/sys/class/net")?.flatten();
    // A plain file there (bonding_masters) is no interface.
    let names = names.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name());
    found(names.map(|name| name.to_string_lossy().into_owned()).collect())
}

fn found(mut interfaces: Vec<String>) -> io::Result<()> {
    interfaces.retain(|name| !FALLBACK.contains(&name.as_str()));
    match interfaces.is_empty() {
        true => Err(io::Error::new(io::ErrorKind::NotFound, "only lo")),
        false => Ok(()),
    }
}

fn abstract_sockets() -> io::Result<()> {
    let table = fs::read_to_string("/proc/net/unix")?;
    match table.lines().any(|line| line.split_whitespace().nth(7).is_some_and(|name| name.starts_with('@'))) {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::NotFound, "none")),
    }
}
