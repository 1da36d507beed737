package bwrap

// aarch64 is the binfmt_misc registration for aarch64 executables, as in the kernel's
// documentation of binfmt_misc: offset, magic and mask of a 64-bit little-endian ELF header, of
// either executable type, for machine 183 (EM_AARCH64). The flags open the interpreter at
// registration (F) and preserve argv[0] (P).
const aarch64 = `:slipway:M::` +
	`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:` +
	`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:` +
	`/proc/self/fd/9:PF`

// NotEmulated is the start of the message that a sandbox prints if it has no emulator.
const NotEmulated = "slipway: programs for aarch64 that a test starts cannot run here"

// register mounts the user namespace's own binfmt_misc (Linux 6.7 or newer), registers the
// emulator as the only interpreter, and runs its remaining arguments, whether that worked or not.
// It needs its own mount namespace.
//
// The command never reaches the mount: it is on /sys, which every sandbox covers, it is made
// read-only after registration, and its entries only apply to this user namespace and its
// descendants. The emulator's file is only open inside the block.
const register = `said=$({
	file=$(command -v "$1") || { echo "there is no $1"; false; } && {
		mount -t binfmt_misc -o nosuid,nodev,noexec binfmt_misc /sys && printf %s "$2" >/sys/register && mount -o remount,ro /sys
	} 9<"$file"
} 2>&1) || echo "` + NotEmulated + ` (Linux 6.7 or newer lets a sandbox run them): $said" >&2
shift 2
exec "$@"
`

// emulating returns the prefix of the command line that registers the emulator.
func (s Sandbox) emulating() []string {
	if s.Emulator == "" {
		return nil
	}
	return []string{"sh", "-c", register, "sh", s.Emulator, aarch64}
}
