package bwrap

// aarch64 is what the kernel recognises an aarch64 executable by, as its documentation
// of binfmt_misc has it: offset, magic and mask over an ELF header of 64 bits, little
// endian, of either type that is executable, for machine 183 (EM_AARCH64). The flags
// open the interpreter here and now (F) and keep argv[0] (P).
const aarch64 = `:slipway:M::` +
	`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:` +
	`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:` +
	`/proc/self/fd/9:PF`

// NotEmulated begins what a sandbox prints where it could not be given an emulator.
const NotEmulated = "slipway: programs for aarch64 that a test starts cannot run here"

// register mounts a binfmt_misc of the user namespace's own (Linux 6.7 or newer), in which
// the emulator is the only interpreter, and runs the rest of its arguments, whether that
// worked or not. It needs a mount namespace of its own.
//
// The command never reaches the mount: it is on /sys, which every sandbox covers, it is
// read-only once the emulator is in it, and what is registered there holds in this user
// namespace and below alone. The emulator's file is open in the block only.
const register = `said=$({
	file=$(command -v "$1") || { echo "there is no $1"; false; } && {
		mount -t binfmt_misc -o nosuid,nodev,noexec binfmt_misc /sys && printf %s "$2" >/sys/register && mount -o remount,ro /sys
	} 9<"$file"
} 2>&1) || echo "` + NotEmulated + ` (Linux 6.7 or newer lets a sandbox run them): $said" >&2
shift 2
exec "$@"
`

// emulating is the command line before bwrap's own that registers the emulator.
func (s Sandbox) emulating() []string {
	if s.Emulator == "" {
		return nil
	}
	return []string{"sh", "-c", register, "sh", s.Emulator, aarch64}
}
