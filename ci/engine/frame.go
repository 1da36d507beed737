package engine

import (
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/bwrap"
	"dagger/slipway/ci/step"
)

const (
	// stampFile contains the time at which a command started, in seconds.
	stampFile = "/slipway-began"
	// filterFile is the path of the sandbox's system call filter in a container.
	filterFile = "/slipway-seccomp.bpf"
	// secretPrefix is prepended to the name of a secret's variable in a container, where the
	// command does not see it.
	secretPrefix = "SLIPWAY_SECRET_"
	// missingStatus and missingMark report a missing output, limitStatus and limitMark an
	// exceeded limit.
	missingStatus = 113
	missingMark   = "slipway: missing output "
	limitStatus   = 114
	limitMark     = "slipway: passed limit "
	// kindStatus and kindMark report an output of the wrong type.
	kindStatus = 115
	kindMark   = "slipway: replaced output "
)

// hostVariables are the network settings that an engine passes to its containers, which a command
// with a network needs too.
var hostVariables = []string{
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "CARGO_HTTP_CAINFO", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO",
}

// framed returns a command line that records the time, runs the sandbox and checks the outputs.
// The time distinguishes a cached result from a new one, and checking in the container saves a
// query for each output. Only slipway's own script runs outside the sandbox, and it reads nothing
// that the command has written.
func framed(s step.Step, limits step.Limits, mounts []mount, sandbox []string) []string {
	var places []string
	for _, m := range mounts {
		if !m.readOnly {
			places = append(places, quoted(m.path))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "date +%%s >%s || exit $?\n", stampFile)
	if len(places) > 0 {
		fmt.Fprintf(&b, "chown %d:%d %s || exit $?\n", bwrap.HostID, bwrap.HostID, strings.Join(places, " "))
	}
	fmt.Fprintf(&b, "env() {\n%s}\n", environment(s))
	// Other paths are in memory. "/" keeps df from listing all file systems if there are no places.
	fmt.Fprintf(&b, "free() { df -Pk %s / | awk 'NR > 1 && (least == \"\" || $4 < least) { least = $4 } END { print least }'; }\n", strings.Join(places, " "))
	fmt.Fprintf(&b, "memory=%d disk=%d log=%d filter=%s mark='%s' limit=%d\n", limits.Memory/1024, limits.Disk/1024, limits.Log, filterFile, limitMark, limitStatus)
	b.WriteString(supervised(s))
	fmt.Fprintf(&b, outputs, missingMark, missingStatus, kindMark, kindStatus)
	for _, o := range s.Outputs {
		kind := "-f"
		if o.Dir {
			kind = "-d"
		}
		fmt.Fprintf(&b, "output %s %s\n", kind, quoted(o.Path))
	}
	return append([]string{"sh", "-c", b.String(), "sh"}, sandbox...)
}

// quoted returns a path as one word of a shell script, whatever characters it has.
func quoted(path string) string { return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'" }

// environment returns the body of a shell function that writes what bwrap reads from
// bwrap.ArgsFD, so that no secret appears on a command line.
func environment(s step.Step) string {
	var b strings.Builder
	give := func(name, from string) {
		fmt.Fprintf(&b, "[ -z \"${%s:-}\" ] || printf '%%s\\0%%s\\0%%s\\0' --setenv %s \"$%s\"\n", from, name, from)
	}
	if s.Network {
		for _, name := range hostVariables {
			if !slices.ContainsFunc(s.Env, func(e string) bool { return strings.HasPrefix(e, name+"=") }) {
				give(name, name)
			}
		}
	}
	for _, secret := range s.Secrets {
		give(secret.Env, secretPrefix+secret.Env)
	}
	b.WriteString("true\n")
	return b.String()
}

// supervised returns the part of the script that runs the sandbox of a step.
func supervised(s step.Step) string {
	if !s.Merged {
		return supervise
	}
	// The reader of the other pipe blocks until somebody opens it for writing.
	return strings.Replace(supervise, "2>/slipway-run/err & box=$!", "2>&1 & box=$!; : >/slipway-run/err", 1)
}

// outputs defines a shell function that checks an output before the engine reads it, which would
// follow a link and block forever on a FIFO. It deletes everything in a directory that is not a
// file, directory or link, as no later step needs it.
const outputs = `output() {
	[ -e "$2" ] || [ -L "$2" ] || { echo "%s$2" >&2; exit %d; }
	if [ "$(readlink -f "$2")" = "$2" ] && [ $1 "$2" ]; then
		[ $1 = -f ] || find "$2" -xdev ! -type f ! -type d ! -type l -delete
	else
		echo "%s$2" >&2; exit %d
	fi
}
`

// supervise runs the sandbox and ends it when it exceeds a limit, by sampling as the local runner
// does. The sandbox has ended when the first process of its process namespace has, because all
// others end with it. Memory is the private memory of all processes; disk is by how much the file
// systems that the command can write to have shrunk. Output is truncated at the log limit. framed
// sets the variables: sizes are in KiB, except log in bytes; memory 0 means three quarters of the
// machine's.
const supervise = `[ $memory -gt 0 ] || memory=$(awk '/^MemTotal:/ { print int($2 / 4) * 3 }' /proc/meminfo)
page=$(getconf PAGESIZE 2>/dev/null || echo 4096)
used() { cat /proc/[0-9]*/statm | awk -v page=$page '{ n += $2 - $3 } END { print int(n * page / 1024) }'; }
watch() {
	begin=$(free)
	while sleep 0.5; do
		if [ "$(used)" -gt $memory ]; then
			echo "memory had more than $memory KiB in memory" >/slipway-run/limit
		elif [ "$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)" -lt 131072 ]; then
			echo "memory ran while the machine had less than 128 MiB of memory left" >/slipway-run/limit
		elif [ $((begin - $(free))) -gt $disk ]; then
			echo "disk wrote more than $disk KiB" >/slipway-run/limit
		else
			continue
		fi
		kill -9 $1
		return
	done
}
mkdir /slipway-run && mkfifo /slipway-run/out /slipway-run/err /slipway-run/env || exit $?
: >/slipway-run/info
cut="head -c $log"
! command -v stdbuf >/dev/null || cut="stdbuf -o0 $cut"
$cut </slipway-run/out & out=$!
$cut </slipway-run/err >&2 & err=$!
env >/slipway-run/env & env=$!
"$@" 3<$filter 4>/slipway-run/info 5</slipway-run/env </dev/null >/slipway-run/out 2>/slipway-run/err & box=$!
watch $box </dev/null >/dev/null 2>&1 & watch=$!
wait $box; status=$?
first=$(sed -n 's/.*"child-pid": *\([0-9][0-9]*\).*/\1/p' /slipway-run/info)
while [ -n "$first" ] && grep -q '^State:[^ZX]*$' /proc/$first/status 2>/dev/null; do
	kill -9 $first 2>/dev/null
	sleep 0.02 2>/dev/null || sleep 1
done
kill $watch; wait $env; wait $out; wait $err
if [ -s /slipway-run/limit ]; then
	echo "$mark$(cat /slipway-run/limit)" >&2
	exit $limit
fi
[ $status -eq 0 ] || exit $status
`
