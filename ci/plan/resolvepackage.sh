# Downloads what the packages of crates need from a registry:
#
#     resolvepackage.sh REGISTRY cargo package ...
#
# cargo writes the Cargo.lock of each package, without running any code of it. That file
# names what is downloaded. Crates that are packaged together are not in REGISTRY yet, so
# each takes the others from their packages.
set -eu
registry=$1
shift
"$@" --no-verify
packages=$(mktemp -d)
for crate in "$CARGO_TARGET_DIR"/package/*.crate; do
	tar -xzf "$crate" -C "$packages"
done
for package in "$packages"/*; do
	set --
	for other in "$packages"/*; do
		[ "$other" = "$package" ] && continue
		name=$(sed -n 's/^name = "\(.*\)"$/\1/p' "$other/Cargo.toml" | head -n 1)
		set -- "$@" --config "patch.$registry.$name.path='$other'"
	done
	cargo fetch --manifest-path "$package/Cargo.toml" "$@"
done
rm -rf "$packages"
