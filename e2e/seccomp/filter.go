// Package seccomp assembles the system call filter of slipway's sandbox from the profile
// that container engines use (github.com/moby/profiles, the default of Docker and
// containerd). The filter is committed as ci/bwrap/seccomp.bpf, so that package main needs
// neither the profile nor the assembler; a test checks that it is up to date.
package seccomp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	profile "github.com/moby/profiles/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Denied lists system calls that container engines allow and the sandbox does not: a build
// script has no reason to inspect other processes.
var Denied = []string{
	"kcmp", "pidfd_getfd", "process_madvise", "process_mrelease", "process_vm_readv", "process_vm_writev", "ptrace",
	// namespaces and mounts, whatever the profile allows
	"fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount", "open_tree", "pivot_root", "setns", "umount2", "unshare",
	// keyrings, eBPF and io_uring, performance counters
	"add_key", "bpf", "io_uring_enter", "io_uring_register", "io_uring_setup", "keyctl", "perf_event_open", "request_key", "userfaultfd",
}

// Filter returns the filter in the kernel's form: an array of struct sock_filter for x86_64
// (seccomp(2)). Known system calls that the profile does not allow without capabilities
// fail with EPERM, unknown ones and clone3 with ENOSYS, as in a container engine: programs
// then fall back to calls that the filter can check. System calls of other architectures
// fail with EPERM.
func Filter() ([]byte, error) {
	policy, last, err := assemble()
	if err != nil {
		return nil, err
	}
	program, err := policy.Assemble()
	if err != nil {
		return nil, fmt.Errorf("assembling the filter: %w", err)
	}
	if err := refuseUnknown(program, last); err != nil {
		return nil, err
	}
	raw, err := bpf.Assemble(program)
	if err != nil {
		return nil, fmt.Errorf("assembling the filter: %w", err)
	}
	var b bytes.Buffer
	for _, i := range raw {
		for _, field := range []any{i.Op, i.Jt, i.Jf, i.K} {
			if err := binary.Write(&b, binary.LittleEndian, field); err != nil {
				return nil, err
			}
		}
	}
	return b.Bytes(), nil
}

// assemble returns the policy and the highest system call number that it knows.
func assemble() (*seccomp.Policy, int, error) {
	known, err := arch.GetInfo("x86_64")
	if err != nil {
		return nil, 0, err
	}
	allowed := seccomp.SyscallGroup{Action: seccomp.ActionAllow}
	plain, conditional := map[string]bool{}, map[string][]seccomp.ArgumentConditions{}
	for _, rule := range profile.DefaultProfile().Syscalls {
		if rule.Action != specs.ActAllow || !applies(rule) {
			continue
		}
		conditions, err := translate(rule.Args)
		if err != nil {
			return nil, 0, fmt.Errorf("reading the rule for %q: %w", rule.Names, err)
		}
		for _, name := range rule.Names {
			_, there := known.SyscallNames[name]
			switch {
			case !there || name == "socket" || slices.Contains(Denied, name):
			case conditions == nil:
				plain[name] = true
			default:
				conditional[name] = append(conditional[name], conditions)
			}
		}
	}
	allowed.Names = slices.Sorted(maps.Keys(plain))
	for _, name := range slices.Sorted(maps.Keys(conditional)) {
		if plain[name] {
			continue
		}
		for _, c := range conditional[name] {
			allowed.NamesWithCondtions = append(allowed.NamesWithCondtions, seccomp.NameWithConditions{Name: name, Conditions: c})
		}
	}
	allowed.NamesWithCondtions = append(allowed.NamesWithCondtions, sockets()...)
	missing := seccomp.SyscallGroup{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: []string{"clone3"}}
	policy := &seccomp.Policy{DefaultAction: seccomp.ActionErrno, Syscalls: []seccomp.SyscallGroup{missing, allowed}}
	return policy, slices.Max(slices.Collect(maps.Values(known.SyscallNames))), nil
}

// sockets returns the conditions for socket(2): Unix and internet sockets, and netlink
// sockets for querying network interfaces. Container engines allow almost all families, but
// most of the kernel's vulnerabilities are in the others.
func sockets() []seccomp.NameWithConditions {
	var list []seccomp.NameWithConditions
	for _, family := range []uint64{unix.AF_UNIX, unix.AF_INET, unix.AF_INET6} {
		list = append(list, seccomp.NameWithConditions{Name: "socket", Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.Equal, Value: family}}})
	}
	return append(list, seccomp.NameWithConditions{Name: "socket", Conditions: seccomp.ArgumentConditions{
		{Argument: 0, Operation: seccomp.Equal, Value: unix.AF_NETLINK}, {Argument: 2, Operation: seccomp.Equal, Value: unix.NETLINK_ROUTE},
	}})
}

// applies reports whether a rule of the profile applies to x86_64 without capabilities, on
// a kernel recent enough for all rules.
func applies(rule *profile.Syscall) bool {
	if in := rule.Includes; in != nil && (len(in.Caps) > 0 || len(in.Arches) > 0 && !slices.Contains(in.Arches, "amd64")) {
		return false
	}
	return rule.Excludes == nil || !slices.Contains(rule.Excludes.Arches, "amd64")
}

// translate converts a rule's conditions, which must all hold, to the assembler's form.
func translate(args []specs.LinuxSeccompArg) (seccomp.ArgumentConditions, error) {
	operations := map[specs.LinuxSeccompOperator]seccomp.Operation{
		specs.OpEqualTo: seccomp.Equal, specs.OpNotEqual: seccomp.NotEqual, specs.OpLessThan: seccomp.LessThan, specs.OpLessEqual: seccomp.LessOrEqual,
		specs.OpGreaterThan: seccomp.GreaterThan, specs.OpGreaterEqual: seccomp.GreaterOrEqual,
	}
	var list seccomp.ArgumentConditions
	for _, a := range args {
		c := seccomp.Condition{Argument: uint32(a.Index), Operation: operations[a.Op], Value: a.Value}
		if a.Op == specs.OpMaskedEqual && a.ValueTwo == 0 {
			c.Operation = seccomp.BitsNotSet
		}
		if c.Operation == "" {
			return nil, fmt.Errorf("the condition %q is not known here", a.Op)
		}
		list = append(list, c)
	}
	return list, nil
}

// refuseUnknown lowers the number from which the assembler's program returns ENOSYS, meant
// for the x32 ABI, to the first number unknown to the policy.
func refuseUnknown(program []bpf.Instruction, last int) error {
	for i, instruction := range program {
		jump, ok := instruction.(bpf.JumpIf)
		if ok && jump.Cond == bpf.JumpGreaterOrEqual && jump.Val == uint32(arch.X32.SeccompMask) {
			jump.Val = uint32(last + 1)
			program[i] = jump
			return nil
		}
	}
	return fmt.Errorf("assembling the filter: it has no bound for the x32 ABI")
}
