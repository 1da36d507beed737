# Runs a cargo fetch that may have git repositories to fetch:
#
#     fetchgit.sh cargo fetch ...
#
# The cargo of slipway's own image cannot check out what it fetched: Debian links it
# with a libgit2 that is older than its calls (1.5; "invalid version 0 on
# git_proxy_options"). With git-fetch-with-cli it fetches all the same, and what is
# missing is made here where it looks first: the commit that Cargo.lock names in
# git/checkouts, under the database's name and the commit's short one, with the mark
# of a whole checkout (cargo, src/cargo/sources/git/utils.rs).
set -eu
export CARGO_NET_GIT_FETCH_WITH_CLI=true
said=$(mktemp)
trap 'rm -f "$said"' EXIT

# missing DATABASE COMMIT sets $to, and succeeds if the database has the commit and there is no checkout.
missing() {
	name=$(git -C "$1" rev-parse --short=7 "$2^{commit}" 2>/dev/null) || return 1
	to=$CARGO_HOME/git/checkouts/${1##*/}/$name
	[ ! -e "$to/.cargo-ok" ]
}

until "$@" 2>"$said"; do
	made=
	for locked in $(sed -n 's/^source = "git+\(.*\)"$/\1/p' Cargo.lock | sort -u); do
		commit=${locked##*#}
		url=${locked%#*}
		for database in "$CARGO_HOME"/git/db/*; do
			missing "$database" "$commit" || continue
			rm -rf "$to"
			git clone --quiet --no-checkout "$database" "$to"
			git -C "$to" remote set-url origin "${url%%\?*}" # submodules may be relative to it
			git -C "$to" reset --quiet --hard "$commit"
			git -C "$to" submodule --quiet update --init --recursive
			: >"$to/.cargo-ok"
			made=yes
		done
	done
	[ "$made" ] || { cat "$said" >&2; exit 1; }
done
cat "$said" >&2
