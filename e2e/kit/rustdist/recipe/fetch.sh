#!/bin/bash
# Fetches a Rust toolchain of a later Debian suite and unpacks it, without
# installing or running anything of it:
#
#     fetch.sh SUITE MUSL-SUITE OUT
#
# writes
#
#     OUT/root      Rust, the libraries that it needs, the source of its standard
#                   library, and musl and an unwinder for x86_64
#     OUT/arm64     musl and the unwinder for aarch64
#     OUT/rustup    rustup, whose commands have the names of Rust's own
#     OUT/packages  what was fetched, a line for each package
#
# The mirrors are those of this machine's own apt, which may be set to another
# suite and is left as it is.
set -euo pipefail
umask 022
export LC_ALL=C

fail() { echo "fetch.sh: $*" >&2; exit 1; }

[ $# -eq 3 ] || fail "usage: fetch.sh SUITE MUSL-SUITE OUT"
suite=$1 musl=$2
mkdir -p "$3"
out=$(cd "$3" && pwd)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e "$keyring" ] || fail "no $keyring; install the package debian-archive-keyring"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

# What apt knows and writes is in $work; proxies and certificates are the machine's.
write_settings() {
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs"
	: >"$work/status"
	cat >"$work/apt.conf" <<-CONF
		Dir::State "$work";
		Dir::State::lists "$work/lists";
		Dir::State::status "$work/status";
		Dir::Cache "$work/cache";
		Dir::Log "$work";
		Dir::Etc::sourcelist "$work/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
		APT::Default-Release "$suite";
		APT::Sandbox::User "root";
		#clear APT::Architectures;
		APT::Architecture "amd64";
		APT::Architectures { "amd64"; "arm64"; };
		APT::Install-Recommends "false";
		APT::Get::AllowUnauthenticated "false";
		APT::Update::Error-Mode "any";
		Acquire::AllowInsecureRepositories "false";
		Acquire::Languages "none";
		Acquire::Retries "3";
	CONF
}

apt() { apt-get -qq -c "$work/apt.conf" "$@"; }

# The archive that has this machine's suite has the others too: what apt would
# fetch says where it is. Suites of security fixes and updates are elsewhere.
find_mirrors() {
	local name
	apt-get update --print-uris -o Dir::State::lists="$work/lists" |
		sed -n "s|^'\(.*\)/dists/[^/-]*/main/binary-[^/]*/Packages[^/]*' .*|\1|p" |
		sort -u >"$work/mirrors"
	[ -s "$work/mirrors" ] || fail "apt on this machine has no source of Debian; add one to /etc/apt/sources.list"
	for name in "$suite" "$musl"; do
		sed "s|.*|deb [signed-by=$keyring] & $name main|" "$work/mirrors"
	done | sort -u >"$work/sources.list"
}

solve() { # solve NAME... prints what installing these packages would install
	apt --simulate install "$@" | sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1=\2/p'
}

# Of what Rust depends on only shared libraries are wanted: C is compiled and linked by
# this machine's own compiler, and run on its own glibc. The linker and the unwinder are
# those of the LLVM that rustc itself loads.
choose() {
	local llvm
	llvm=$(solve rustc | sed -n 's/^libllvm\([0-9]*\)=.*/\1/p')
	[ -n "$llvm" ] || fail "rustc of $suite depends on no libllvm"
	{ solve rustc cargo rust-clippy rustfmt "lld-$llvm"; solve rustup; } | sort -u |
		grep -E '^(rust|cargo|lib|lld-|zlib1g=)' |
		grep -vE '^lib(c6|c-|gconv|[a-z]*san[0-9]|[a-z0-9.-]*-dev=)' >"$work/chosen"
	printf '%s\n' rust-src libstd-rust-dev \
		{musl-dev:amd64,musl-dev:arm64}/"$musl" {libunwind-"$llvm"-dev:amd64,libunwind-"$llvm"-dev:arm64} >>"$work/chosen"
}

# Of the compiler's source only the standard library.
unpack() { # unpack DEB ROOT
	mkdir -p "$2"
	dpkg-deb --fsys-tarfile "$1" |
		tar -x -C "$2" --no-same-owner --keep-directory-symlink --no-wildcards-match-slash \
			--exclude='./usr/src/rustc-*/compiler' --exclude='./usr/src/rustc-*/src' \
			--exclude='./usr/src/rustc-*/tests'
}

unpack_all() {
	local deb
	for deb in "$work"/debs/*.deb; do
		case ${deb##*/} in
		rustup_*) unpack "$deb" "$out/rustup" ;;
		*_arm64.deb) unpack "$deb" "$out/arm64" ;;
		*) unpack "$deb" "$out/root" ;;
		esac
		# shellcheck disable=SC2016 # dpkg-deb's own variables
		dpkg-deb --show --showformat='${Package} ${Version} ${Architecture}\n' "$deb"
	done | sort >"$out/packages"
}

write_settings
find_mirrors
apt update
choose
(cd "$work/debs" && xargs apt-get -qq -c "$work/apt.conf" download <"$work/chosen")
unpack_all
