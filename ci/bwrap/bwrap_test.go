package bwrap

import (
	"slices"
	"strings"
	"testing"
)

// Parts that every command line has.
const (
	unshared = "--die-with-parent --new-session --clearenv --cap-drop ALL --hostname slipway"
	own      = "--proc /proc --dev /dev --tmpfs /run --tmpfs /sys --perms 1777 --tmpfs /tmp"
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
			"bwrap --unshare-all " + unshared + " --tmpfs / --symlink usr/bin /bin --ro-bind /store/rootfs/etc /etc --ro-bind /store/rootfs/usr /usr " + own + " --remount-ro /sys --remount-ro / --chdir / -- rustc --version",
		},
		{
			"network",
			Sandbox{Root: "/r", Top: []string{"usr"}, Network: true, Dir: "/", Args: []string{"true"}},
			"bwrap --unshare-all --share-net " + unshared + " --tmpfs / --ro-bind /r/usr /usr " + own + " --remount-ro /sys --remount-ro / --chdir / -- true",
		},
		{
			"binds in order, behind the sandbox's own mounts",
			Sandbox{Root: "/r", Top: []string{"usr"}, Binds: []Bind{{From: "/w/0", To: "/src"}, {From: "/s/out", To: "/cargo", ReadOnly: true}, {From: "/w/1", To: "/src/in"}}, Dir: "/src", Args: []string{"true"}},
			"bwrap --unshare-all " + unshared + " --tmpfs / --ro-bind /r/usr /usr " + own + " --bind /w/0 /src --ro-bind /s/out /cargo --bind /w/1 /src/in --remount-ro /sys --remount-ro / --chdir /src -- true",
		},
		{
			"environment as given",
			Sandbox{Root: "/r", Top: []string{"usr"}, Env: []string{"EMPTY=", "FLAGS=a=b", "PATH=/usr/bin"}, Dir: "/", Args: []string{"env"}},
			"bwrap --unshare-all " + unshared + " --tmpfs / --ro-bind /r/usr /usr " + own + " --remount-ro /sys --remount-ro / --setenv EMPTY <> --setenv FLAGS a=b --setenv PATH /usr/bin --chdir / -- env",
		},
		{
			"already in a container of the image",
			Sandbox{Root: "/", Binds: []Bind{{From: "/src", To: "/src"}}, Dir: "/src", Args: []string{"cargo", "build"}},
			"bwrap --unshare-all " + unshared + " --ro-bind / / " + own + " --bind /src /src --remount-ro /sys --remount-ro / --chdir /src -- cargo build",
		},
		{
			"this machine's root by its entries",
			Sandbox{Root: "/", Top: []string{"etc", "home", "lib -> usr/lib", "tmp", "usr"}, Dir: "/", Args: []string{"true"}},
			"bwrap --unshare-all " + unshared + " --tmpfs / --ro-bind /etc /etc --ro-bind /home /home --symlink usr/lib /lib --ro-bind /usr /usr " + own + " --remount-ro /sys --remount-ro / --chdir / -- true",
		},
		{
			"a command like an option",
			Sandbox{Root: "/r", Top: []string{"usr"}, Dir: "/", Args: []string{"--share-net", "--bind", "/", "/"}},
			"bwrap --unshare-all " + unshared + " --tmpfs / --ro-bind /r/usr /usr " + own + " --remount-ro /sys --remount-ro / --chdir / -- --share-net --bind / /",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := strings.Split(tt.want, " ")
			for i, w := range want {
				if w == "<>" {
					want[i] = ""
				}
			}
			if got := tt.box.Command(); !slices.Equal(got, want) {
				t.Errorf("Command\n%q\nwant\n%q", got, want)
			}
		})
	}
}

// TestCommandArguments holds that no shell and no split reads what is given.
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
