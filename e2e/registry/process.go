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

// errPortTaken means that another process took the server's port first.
var errPortTaken = errors.New("its port is taken")

// run starts the process with only the environment env.
func (s *Server) run(path string, env []string) error {
	log, err := os.Create(s.log)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(path, "start")
	cmd.Env, cmd.Stdout, cmd.Stderr = env, log, log
	// Otherwise a test that is killed would leave the server running.
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

// ready waits until the server accepts the login of "admin", which no other server on its
// port would.
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

// died returns why the process ended without being told to.
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

// Close stops the server and its proxy, and waits until both have ended. The files stay. It
// returns an error if the server ended by itself.
func (s *Server) Close() error {
	if err := errors.Join(s.Proxy.Close(), s.stop()); err != nil {
		return fmt.Errorf("closing a registry: %w", err)
	}
	return nil
}

// stop stops the process and waits until it has ended. It returns an error if the process
// ended by itself.
func (s *Server) stop() error {
	s.admin.CloseIdleConnections()
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended already
	select {
	case <-s.ended:
		if s.exit != nil {
			return s.died()
		}
	case <-time.After(10 * time.Second):
		// kellnr may hang in a busy loop on exit, when its prefetching waits on a closed channel.
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
	return nil
}

// newClient returns a client that keeps a session and ignores the environment's proxies.
func newClient() *http.Client {
	jar, _ := cookiejar.New(nil) // never returns an error
	return &http.Client{Jar: jar, Transport: &http.Transport{}, Timeout: time.Minute}
}
