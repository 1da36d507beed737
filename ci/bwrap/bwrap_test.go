package bwrap

import (
	"slices"
	"strings"
	"testing"
)

// Parts of every command line.
const (
	begun    = "prlimit --core=0:0 -- bwrap --unshare-all --unshare-user --uid 1000 --gid 1000 --info-fd 4 "
	strong   = "--disable-userns --seccomp 3 "
	unshared = strong + "--die-with-parent --new-session --clearenv --cap-drop ALL --hostname slipway"
	proc     = "--proc /proc --size 4096 --perms 555 --tmpfs /proc/1 --remount-ro /proc/1 --ro-bind /proc/sys /proc/sys --dev /dev "
	own      = proc + "--perms 1777 --tmpfs /dev/shm --perms 755 --tmpfs /run --perms 755 --tmpfs /sys --perms 1777 --tmpfs /tmp"
	readOnly = " --remount-ro /sys --remount-ro /dev --remount-ro / "
)

func TestCommand(t *testing.T) {
	tests := []struct {
		name string
		box  Sandbox
		want string // arguments between spaces
	}{
		{
			"an image, no network",
			Sandbox{Root: "/store/rootfs", Top: []string{"bin -> usr/bin", "dev", "etc", "proc", "run", "sys", "tmp", "usr"}, Dir: "/", Args: []string{"rustc", "--version"}},
			begun + unshared + " --tmpfs / --symlink usr/bin /bin --ro-bind /store/rootfs/etc /etc --ro-bind /store/rootfs/usr /usr " + own + readOnly + "--chdir / -- rustc --version",
		},
		{
			"network",
			Sandbox{Root: "/r", Top: []string{"usr"}, Network: true, Dir: "/", Args: []string{"true"}},
			begun + "--share-net " + unshared + " --tmpfs / --ro-bind /r/usr /usr " + own + readOnly + "--chdir / -- true",
		},
		{
			"binds in order, behind the sandbox's own mounts",
			Sandbox{Root: "/r", Top: []string{"usr"}, Binds: []Bind{{From: "/w/0", To: "/src"}, {From: "/s/out", To: "/cargo", ReadOnly: true}, {From: "/w/1", To: "/src/in"}}, Dir: "/src", Args: []string{"true"}},
			begun + unshared + " --tmpfs / --ro-bind /r/usr /usr " + own + " --bind /w/0 /src --ro-bind /s/out /cargo --bind /w/1 /src/in" + readOnly + "--chdir /src -- true",
		},
		{
			"environment as given",
			Sandbox{Root: "/r", Top: []string{"usr"}, Env: []string{"EMPTY=", "FLAGS=a=b", "PATH=/usr/bin"}, Dir: "/", Args: []string{"env"}},
			begun + unshared + " --tmpfs / --ro-bind /r/usr /usr " + own + readOnly + "--setenv EMPTY <> --setenv FLAGS a=b --setenv PATH /usr/bin --chdir / -- env",
		},
		{
			"already in a container of the image",
			Sandbox{Root: "/", Binds: []Bind{{From: "/src", To: "/src"}}, Dir: "/src", Args: []string{"cargo", "build"}},
			begun + unshared + " --ro-bind / / " + own + " --bind /src /src" + readOnly + "--chdir /src -- cargo build",
		},
		{
			"this machine's root by its entries",
			Sandbox{Root: "/", Top: []string{"etc", "home", "lib -> usr/lib", "tmp", "usr"}, Dir: "/", Args: []string{"true"}},
			begun + unshared + " --tmpfs / --ro-bind /etc /etc --ro-bind /home /home --symlink usr/lib /lib --ro-bind /usr /usr " + own + readOnly + "--chdir / -- true",
		},
		{
			"a command like an option",
			Sandbox{Root: "/r", Top: []string{"usr"}, Dir: "/", Args: []string{"--share-net", "--bind", "/", "/"}},
			begun + unshared + " --tmpfs / --ro-bind /r/usr /usr " + own + readOnly + "--chdir / -- --share-net --bind / /",
		},
	}
	small := Limits{Processes: 64, File: 1 << 20, Memory: 4096}
	tests = append(tests, []struct {
		name string
		box  Sandbox
		want string
	}{
		{
			"limits, in numbers of the kernel's",
			Sandbox{Root: "/r", Top: []string{"usr"}, Limits: small, Dir: "/", Args: []string{"true"}},
			"prlimit --core=0:0 --nproc=64:64 --fsize=1048576:1048576 -- " + strings.TrimPrefix(begun, "prlimit --core=0:0 -- ") + unshared + " --tmpfs / --ro-bind /r/usr /usr " +
				proc + "--size 2048 --perms 1777 --tmpfs /dev/shm --size 64 --perms 755 --tmpfs /run --size 64 --perms 755 --tmpfs /sys --size 4096 --perms 1777 --tmpfs /tmp" + readOnly + "--chdir / -- true",
		},
		{
			"processes counted inside",
			Sandbox{Root: "/r", Top: []string{"usr"}, Prlimit: true, Limits: Limits{Processes: 64}, Dir: "/", Args: []string{"true"}},
			begun + unshared + " --tmpfs / --ro-bind /r/usr /usr " + own + readOnly + "--chdir / -- prlimit --nproc=64:64 -- true",
		},
		{
			"by the machine's root, which it stops being first",
			Sandbox{Root: "/", LeaveRoot: true, Dir: "/", Args: []string{"true"}},
			"prlimit --core=0:0 -- setpriv --reuid 65533 --regid 65533 --clear-groups --inh-caps=+sys_admin --ambient-caps=+sys_admin -- unshare --user --map-user=0 --map-group=0 -- " +
				strings.TrimPrefix(begun, "prlimit --core=0:0 -- ") + unshared + " --ro-bind / / " + own + readOnly + "--chdir / -- true",
		},
		{
			"an emulator, by whoever has made the namespaces",
			Sandbox{Root: "/r", Top: []string{"usr"}, Emulator: "/r/bin/e", Dir: "/", Args: []string{"true"}},
			"prlimit --core=0:0 -- sh -c <register> sh /r/bin/e <aarch64> " + strings.TrimPrefix(begun, "prlimit --core=0:0 -- ") + unshared + " --tmpfs / --ro-bind /r/usr /usr " + own + readOnly + "--chdir / -- true",
		},
		{
			"an emulator, by the machine's root",
			Sandbox{Root: "/", LeaveRoot: true, Emulator: "e", Dir: "/", Args: []string{"true"}},
			"prlimit --core=0:0 -- setpriv --reuid 65533 --regid 65533 --clear-groups --inh-caps=+sys_admin --ambient-caps=+sys_admin -- unshare --user --map-user=0 --map-group=0 --mount -- " +
				"sh -c <register> sh e <aarch64> " + strings.TrimPrefix(begun, "prlimit --core=0:0 -- ") + unshared + " --ro-bind / / " + own + readOnly + "--chdir / -- true",
		},
		{
			"what this machine's kernel tells of keys",
			Sandbox{Root: "/r", Top: []string{"usr"}, Hidden: []string{"keys"}, Dir: "/", Args: []string{"true"}},
			begun + unshared + " --tmpfs / --ro-bind /r/usr /usr " + strings.Replace(own, "--remount-ro /proc/1 ", "--remount-ro /proc/1 --ro-bind /dev/null /proc/keys ", 1) + readOnly + "--chdir / -- true",
		},
		{
			"weaker",
			Sandbox{Root: "/r", Top: []string{"usr"}, Weaker: true, Dir: "/", Args: []string{"true"}},
			begun + strings.TrimPrefix(unshared, strong) + " --tmpfs / --ro-bind /r/usr /usr " + own + readOnly + "--chdir / -- true",
		},
	}...)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := strings.Split(tt.want, " ")
			for i, w := range want {
				switch w {
				case "<>":
					want[i] = ""
				case "<register>":
					want[i] = register
				case "<aarch64>":
					want[i] = aarch64
				}
			}
			if got := tt.box.Command(); !slices.Equal(got, want) {
				t.Errorf("Command\n%q\nwant\n%q", got, want)
			}
		})
	}
}

// TestCommandArguments checks that arguments are passed on without a shell and without splitting.
func TestCommandArguments(t *testing.T) {
	args := []string{"sh", "-c", "echo $HOME; `id`", "", "a b", "\n"}
	got := Sandbox{Root: "/", Dir: "/a b", Env: []string{"X=$(id) y"}, Args: args}.Command()
	if end := got[len(got)-len(args):]; !slices.Equal(end, args) {
		t.Errorf("arguments %q", end)
	}
	for _, want := range []string{"$(id) y", "/a b"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not one argument of %q", want, got)
		}
	}
}
