package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"dagger/slipway/ci/quote"
)

// numeric matches hosts that are no domain names and that programs take for addresses in
// different ways, such as 127.1 and 0x7f.0.0.1: the last label of a domain name is not a number
// (RFC 1123, section 2.1).
var numeric = regexp.MustCompile(`(?i)^(.*\.)?([0-9]+|0x[0-9a-f]*)\.?$`)

// domain matches domain names. Others, such as one in full-width digits, are an address to some
// programs.
var domain = regexp.MustCompile(`^[a-z0-9_.-]+$`)

// check returns a *refusedError unless host:port is on another machine, or is a server that the
// caller has named. It is asked before a proxy is: what that connects to shows only there. A name
// that only the proxy can resolve is left to it.
func (g *gateway) check(ctx context.Context, address string, viaProxy bool) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil || g.named[address] {
		return err
	}
	name := strings.TrimSuffix(strings.ToLower(host), ".")
	ip, err := netip.ParseAddr(host)
	if err == nil {
		return g.checkAll([]netip.Addr{ip})
	}
	own, _ := os.Hostname()
	switch {
	case numeric.MatchString(name), !domain.MatchString(name):
		return &refusedError{host, "neither an address in its usual form nor a domain name"}
	case name == "localhost", strings.HasSuffix(name, ".localhost"), name == strings.ToLower(own):
		return &refusedError{host, "a name of this machine"}
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil && viaProxy {
		return nil
	}
	if err != nil {
		return err
	}
	return g.checkAll(found)
}

func (g *gateway) checkAll(list []netip.Addr) error {
	own, err := net.InterfaceAddrs()
	if err != nil {
		return err
	}
	var errs []error
	for _, ip := range list {
		errs = append(errs, checkRemote(ip, own))
	}
	return errors.Join(errs...)
}

// dial connects to a server on another machine, or to one that the caller has named. The address
// that a name resolves to is checked again when it is connected to.
func (g *gateway) dial(ctx context.Context, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: time.Minute}
	if !g.named[strings.ToLower(address)] {
		d.Control = func(_, resolved string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(resolved)
			if err != nil {
				return err
			}
			return g.checkAll([]netip.Addr{at.Addr()})
		}
	}
	return d.DialContext(ctx, "tcp", address)
}

// refusedError says why a step may not connect to an address.
type refusedError struct{ address, what string }

func (e *refusedError) Error() string {
	return fmt.Sprintf("%s is %s: a step reaches other machines only; if it is your own server, give its address in $CARGO_REGISTRIES_NAME_INDEX", quote.Line(e.address), e.what)
}

// metadata are the addresses outside of the link-local ranges at which cloud providers give
// virtual machines their credentials.
var metadata = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("fd00:ec2::23"), // AWS: EC2, EKS
	netip.MustParseAddr("fd20:ce::254"),                                           // Google
	netip.MustParseAddr("168.63.129.16"),                                          // Azure
	netip.MustParseAddr("192.0.0.192"), netip.MustParseAddr("fd00:c1::a9fe:a9fe"), // Oracle
	netip.MustParseAddr("100.100.100.200"), // Alibaba
	netip.MustParseAddr("fd00:42::42"),     // Scaleway
}

// translated are the addresses that a translator maps to IPv4 (RFC 6052, section 2.1).
var translated = netip.MustParsePrefix("64:ff9b::/96")

// checkRemote returns a *refusedError for an address of this machine (own are those of its
// devices), and for one that answers only because it is this machine that asks.
func checkRemote(ip netip.Addr, own []net.Addr) error {
	ip = ip.Unmap().WithZone("")
	if translated.Contains(ip) {
		full := ip.As16()
		ip = netip.AddrFrom4([4]byte(full[12:]))
	}
	refuse := func(what string) error { return &refusedError{ip.String(), what} }
	for _, a := range own {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr().Unmap() == ip {
			return refuse("an address of this machine")
		}
	}
	switch {
	case ip.IsLoopback(), ip.IsUnspecified(), ip.Is4() && ip.As4()[0] == 0:
		return refuse("an address of this machine")
	case ip.IsLinkLocalUnicast(), ip.IsMulticast(), ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return refuse("an address of this machine's own network link")
	}
	if slices.Contains(metadata, ip) {
		return refuse("where a cloud provider gives out credentials")
	}
	return nil
}
