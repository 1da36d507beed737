package registry

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// errPortTaken is the error of a server whose port another process took first.
var errPortTaken = errors.New("its port is taken")

// run starts the process with env, and with nothing else of this process's.
func (s *Server) run(path string, env []string) error {
	log, err := os.Create(s.log)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(path, "start")
	cmd.Env, cmd.Stdout, cmd.Stderr = env, log, log
	// A test that is killed closes nothing.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	s.cmd, s.ended, s.exit = cmd, ended, nil
	go func() {
		s.exit = cmd.Wait()
		close(ended)
	}()
	return nil
}

// ready returns once the server has let "admin" in: no other server that listens
// on its port would.
func (s *Server) ready() error {
	s.admin = newClient()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for {
		err := s.login(s.admin, "admin", s.password)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-s.ended:
			return s.died()
		case <-deadline:
			return fmt.Errorf("waiting a minute for the server: %w; its log ends:\n%s", err, s.logged())
		}
	}
}

// died says why a process has ended that nobody has told to.
func (s *Server) died() error {
	log := s.logged()
	if strings.Contains(log, "Failed to bind") {
		return errPortTaken
	}
	return fmt.Errorf("the server has ended by itself: %v; its log ends:\n%s", s.exit, log)
}

// logged returns the end of the server's log.
func (s *Server) logged() string {
	log, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return last(log, 20)
}

// Close ends the server and its proxy, and returns once both are gone. The files
// stay. A server that had ended by itself is an error.
func (s *Server) Close() error {
	if err := errors.Join(s.Proxy.Close(), s.stop()); err != nil {
		return fmt.Errorf("closing a registry: %w", err)
	}
	return nil
}

// stop ends the process, and returns once it is gone. One that had ended by itself
// is an error.
func (s *Server) stop() error {
	s.admin.CloseIdleConnections()
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // an error says that it has ended
	select {
	case <-s.ended:
		if s.exit != nil {
			return s.died()
		}
	case <-time.After(10 * time.Second):
		// kellnr may spin on its way out, its prefetching waiting for a closed channel.
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
	return nil
}

// newClient returns a client that keeps a session and asks no proxy of the
// environment's.
func newClient() *http.Client {
	jar, _ := cookiejar.New(nil) // has no error to return
	return &http.Client{Jar: jar, Transport: &http.Transport{}, Timeout: time.Minute}
}
