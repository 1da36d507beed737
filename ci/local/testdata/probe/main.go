// Command probe does what a test asks for inside a sandbox. Its arguments are
// operations, parted by ";". It says what happened on standard output; an
// operation that was refused prints "REFUSED".
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	args := os.Args[1:]
	for len(args) > 0 {
		end := slices.Index(args, ";")
		if end < 0 {
			end = len(args)
		}
		do(args[0], args[1:end])
		args = args[min(end+1, len(args)):]
	}
}

func do(op string, args []string) {
	switch op {
	case "print":
		fmt.Println(strings.Join(args, " "))
	case "stderr":
		fmt.Fprintln(os.Stderr, strings.Join(args, " "))
	case "now":
		fmt.Println(time.Now().UnixNano())
	case "exit":
		n, _ := strconv.Atoi(args[0])
		os.Exit(n)
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGABRT)
		time.Sleep(time.Second)
	case "sleep":
		d, _ := time.ParseDuration(args[0])
		time.Sleep(d)
	case "env":
		for _, e := range os.Environ() {
			fmt.Println(e)
		}
	case "write":
		_ = os.MkdirAll(filepath.Dir(args[0]), 0o755)
		said(args[0], os.WriteFile(args[0], []byte(strings.Join(args[1:], " ")), 0o644))
	case "sparse": // a file with so many bytes and no content
		n, _ := strconv.ParseInt(args[1], 10, 64)
		f, err := os.Create(args[0])
		if err == nil {
			err = errors.Join(f.Truncate(n), f.Close())
		}
		said(args[0], err)
	case "files": // so many empty ones below a directory
		n, _ := strconv.Atoi(args[1])
		for i := range n {
			dir := filepath.Join(args[0], strconv.Itoa(i/1000))
			if i%1000 == 0 {
				_ = os.MkdirAll(dir, 0o755)
			}
			if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), nil, 0o644); err != nil {
				said(args[0], err)
				return
			}
		}
		said(args[0], nil)
	case "stamp": // another content every time
		said(args[0], os.WriteFile(args[0], []byte(fmt.Sprint(time.Now().UnixNano())), 0o755))
	case "link":
		said(args[1], os.Symlink(args[0], args[1]))
	case "hardlink":
		said(args[1], os.Link(args[0], args[1]))
	case "fifo":
		said(args[0], syscall.Mkfifo(args[0], 0o644))
	case "mkdir":
		said(args[0], os.MkdirAll(args[0], 0o755))
	case "setuid":
		said(args[0], syscall.Chmod(args[0], 0o6755))
	case "chmod":
		n, _ := strconv.ParseUint(args[0], 8, 32)
		said(args[1], os.Chmod(args[1], fs.FileMode(n)))
	case "remove":
		said(args[0], os.RemoveAll(args[0]))
	case "cat":
		raw, err := os.ReadFile(args[0])
		fmt.Printf("%s", raw)
		if err != nil {
			fmt.Println("REFUSED", err)
		}
	case "list":
		list(args[0])
	case "interfaces":
		all, err := net.Interfaces()
		for _, i := range all {
			fmt.Println(i.Name, i.Flags&net.FlagUp != 0)
		}
		said("interfaces", err)
	case "dial":
		c, err := net.DialTimeout("tcp", args[0], 3*time.Second)
		if err == nil {
			_ = c.Close()
		}
		said(args[0], err)
	case "abstract":
		c, err := net.Dial("unix", "@"+args[0])
		if err == nil {
			_ = c.Close()
		}
		said("@"+args[0], err)
	case "get":
		proxy := func(*http.Request) (*url.URL, error) { return url.Parse(os.Getenv("http_proxy")) } // Go's own rule leaves out this machine
		c := http.Client{Transport: &http.Transport{Proxy: proxy}}
		r, err := c.Get(args[0])
		if err == nil {
			text, _ := io.ReadAll(r.Body)
			fmt.Println(r.StatusCode, string(text))
		}
		said(args[0], err)
	case "loopback": // talks to itself
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err == nil {
			do("dial", []string{l.Addr().String()})
		}
		said("listen", err)
	case "pids":
		found, _ := filepath.Glob("/proc/[0-9]*")
		fmt.Println(len(found))
	case "ids":
		host, _ := os.Hostname()
		wd, _ := os.Getwd()
		fmt.Println(host, wd, os.Getppid())
	case "capabilities":
		raw, _ := os.ReadFile("/proc/self/status")
		for line := range strings.Lines(string(raw)) {
			if strings.HasPrefix(line, "CapEff") || strings.HasPrefix(line, "NoNewPrivs") {
				fmt.Print(line)
			}
		}
	case "daemon": // leaves a process of its own session behind
		cmd := exec.Command("/bin/probe", "sleep", "1h", ";", "print", args[0])
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		said("daemon", cmd.Start())
	case "run": // a program, and what it prints
		out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		fmt.Printf("%s", out)
		said(args[0], err)
	case "mount": // a file system of that kind
		said("mount "+args[0], syscall.Mount(args[0], "/tmp", args[0], 0, ""))
	default:
		if strings.HasPrefix(op, "/") { // as the interpreter of an executable
			fmt.Println("emulates", op, args)
			return
		}
		fmt.Println("unknown", op)
		os.Exit(99)
	}
}

func said(what string, err error) {
	if err != nil {
		fmt.Println("REFUSED", what, err)
		return
	}
	fmt.Println("ok", what)
}

func list(dir string) {
	_ = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			fmt.Println("REFUSED", name, err)
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, name)
		if e.Type()&fs.ModeSymlink != 0 {
			to, _ := os.Readlink(name)
			fmt.Println(rel, "->", to)
			return nil
		}
		fmt.Println(rel, info.Mode(), info.ModTime().UTC().Format(time.DateOnly))
		return nil
	})
}
