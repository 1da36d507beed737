#!/bin/bash
# Writes the root filesystem of the toolchain image to an empty directory, from
# Debian packages alone:
#
#     rootfs.sh OUT LIST...
#
# The packages are those of the files LIST and what they depend on, taken
# from the mirrors that this machine's own apt is set to. Nothing of this
# machine is changed, and no code from a package is run: maintainer scripts
# would need a chroot and leave traces of the machine they ran on.
set -euo pipefail
umask 022
export LC_ALL=C TZ=UTC

fail() { echo "rootfs.sh: $*" >&2; exit 1; }
stage() { echo "rootfs.sh: $SECONDS s: $*" >&2; }

[ $# -ge 2 ] || fail "usage: rootfs.sh OUT LIST..."
mkdir -p "$1"
[ -z "$(ls -A "$1")" ] || fail "$1 is not empty; give an empty or a new directory"
out=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
shift
lists=("${@/#/$here/}")
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e "$keyring" ] || fail "no $keyring; install the package debian-archive-keyring"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/debs"
# apt fetches as the user _apt where there is one.
chmod 755 "$work"
chown _apt "$work/debs" 2>/dev/null || true

# Everything that apt knows or writes is in $work. The machine's settings for
# proxies and certificates still hold; its hooks, pins and idea of what is
# installed do not.
configure_apt() {
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
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
		#clear APT::Default-Release;
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

# Read with -c, which comes after all of the machine's own settings.
apt() { apt-get -qq -c "$work/apt.conf" "$@"; }

# Asking apt where it would fetch from reads every format of its sources, and
# works where it has never been updated. The suites are named anew, so that a
# machine of a later Debian gives the same image.
find_mirrors() {
	apt-get update --print-uris -o Dir::State::lists="$work/lists" |
		sed -n "s|^'\(.*\)/dists/\([^/]*\)/main/binary-[^/]*/Packages[^/]*' .*|\1 \2|p" |
		while read -r uri suite; do
			case $suite in
			*-security) suite=bookworm-security ;;
			*-updates) suite=bookworm-updates ;;
			*-*) continue ;;
			*) suite=bookworm ;;
			esac
			echo "deb [signed-by=$keyring] $uri $suite main"
			echo "deb-src [signed-by=$keyring] $uri $suite main"
		done | sort -u >"$work/sources.list"
	for suite in bookworm bookworm-security; do
		grep -q "^deb .* $suite main$" "$work/sources.list" ||
			fail "apt on this machine has no source for $suite; add Debian's to /etc/apt/sources.list"
	done
}

# A name with an architecture does not go to the solver: it is there for files
# to compile against, what it depends on is for running programs, and it may
# well conflict with its twin of the other architecture.
choose_packages() {
	cat "${lists[@]}" | grep -v -e '^#' -e '^$' -e '^!' >"$work/wanted"
	cat "${lists[@]}" | sed -n 's/^!\(.*\)/^\1=/p' >"$work/unwanted"
	mapfile -t names < <(grep -v : "$work/wanted")
	apt --simulate install "${names[@]}" >"$work/solution"
	sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1=\2/p' "$work/solution" |
		grep -v -f "$work/unwanted" >"$work/chosen"
	grep : "$work/wanted" >>"$work/chosen"
}

# The standard library is built from Debian's source with Debian's compiler,
# and slipway says which release of Rust that is before anything is fetched.
check_channel() {
	local channel found
	channel=$(cat "$here/channel")
	grep -q '^rustc-web$' "$work/wanted" || return 0 # Rust comes from elsewhere
	found=$(sed -n 's/^rustc-web=//p' "$work/chosen")
	case $found in
	"$channel"+*) ;;
	*) fail "Debian has rustc-web ${found:-in no version}, this recipe is for $channel: to move to another release, change $here/channel" ;;
	esac
}

# Bookworm's packages still name /bin and /lib; the links send them to /usr. One
# package after the other: which one comes last must not hang on luck. Of the
# compiler's source only the standard library is wanted.
unpack() {
	local dir deb
	for dir in bin sbin lib lib64; do
		mkdir -p "$out/usr/$dir"
		ln -s "usr/$dir" "$out/$dir"
	done
	for deb in "$work"/debs/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" |
			tar -x -C "$out" --no-same-owner --same-permissions --keep-directory-symlink \
				--no-wildcards-match-slash --exclude='./usr/src/rustc-*/compiler' \
				--exclude='./usr/src/rustc-*/src' --exclude='./usr/src/rustc-*/tests'
	done
	# A sandbox grants no privilege, so no file keeps a bit that asks for one.
	find "$out" -perm /6000 -exec chmod a-s {} +
}

# musl's compiler wrappers look into musl's directory alone, where Debian has none of
# the kernel's headers: they are the same for every C library.
link_kernel_headers() {
	local machine own name
	for machine in x86_64 aarch64; do
		own=$out/usr/include/$machine-linux-musl
		for name in asm-generic linux misc mtd rdma sound video xen; do
			[ -e "$own/$name" ] || ln -s "../$name" "$own/$name"
		done
		ln -s "../$machine-linux-gnu/asm" "$own/asm"
	done
}

# The names by which rustc and gcc look for LLVM's linker.
link_linkers() {
	local name
	for name in ld.lld lld rust-lld wasm-ld; do
		ln -s ../lib/llvm-22/bin/"${name/rust-/}" "$out/usr/bin/$name"
	done
	ln -s ld.lld "$out/usr/bin/aarch64-linux-gnu-ld.lld" # gcc's name where it compiles for another machine
	[ -e "$out/usr/bin/rustc" ] || return 0 # other Rusts bring it
	mkdir -p "$out/usr/lib/rustlib/x86_64-unknown-linux-gnu/bin"
	ln -s ../../../llvm-22/bin/lld "$out/usr/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld"
}

# What apt has verified; static.sh unpacks it, and cxx.sh the compiler's.
fetch_sources() {
	local name
	while read -r name; do
		mkdir -p "$out/usr/src/$name"
		(cd "$out/usr/src/$name" && apt source --download-only "$name")
	done < <(grep -v -e '^#' -e '^$' "$here/sources" && echo gcc-12)
}

# What the maintainer scripts would have done.
configure() {
	local crt
	link_kernel_headers
	link_linkers
	ln -s gcc "$out/usr/bin/cc"
	ln -s mawk "$out/usr/bin/awk"
	ln -s which.debianutils "$out/usr/bin/which"
	for crt in "$out"/usr/share/ca-certificates/mozilla/*.crt; do
		cat "$crt"
	done >"$out/etc/ssl/certs/ca-certificates.crt"
	cat >"$out/etc/passwd" <<-'PASSWD'
		root:x:0:0:root:/root:/bin/bash
		slipway:x:1000:1000:slipway:/tmp:/bin/bash
		nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
	PASSWD
	cat >"$out/etc/group" <<-'GROUP'
		root:x:0:
		slipway:x:1000:
		nogroup:x:65534:
	GROUP
	ln -s /usr/share/zoneinfo/Etc/UTC "$out/etc/localtime"
	echo Etc/UTC >"$out/etc/timezone"
	cat >"$out/etc/hosts" <<-'HOSTS'
		127.0.0.1 localhost
		::1 localhost
	HOSTS
	# Where mounts go: a root that is read-only cannot grow directories.
	mkdir -p "$out/mnt" "$out/opt" "$out/srv"
}

record_packages() {
	local deb
	mkdir -p "$out/usr/share/slipway"
	for deb in "$work"/debs/*.deb; do
		# shellcheck disable=SC2016 # dpkg-deb's own variables
		dpkg-deb --show --showformat='${Package} ${Version} ${Architecture}\n' "$deb"
	done | sort >"$out/usr/share/slipway/packages"
	sed -n -e '/^Source: /{s///;h}' -e '/^Version: /{s///;H;x;s/\n/ /;s/$/ source/p}' "$out"/usr/src/*/*.dsc |
		sort >>"$out/usr/share/slipway/packages"
}

configure_apt
find_mirrors
stage "reading Debian's package lists"
apt update
choose_packages
check_channel
stage "fetching $(wc -l <"$work/chosen") packages"
(cd "$work/debs" && xargs apt-get -qq -c "$work/apt.conf" download <"$work/chosen")
stage "unpacking"
unpack
fetch_sources
configure
record_packages
stage "done: $(du -sm "$out" | cut -f1) MB in $out"
