package sigstack

import (
	"crypto/x509"
	"io"
	"os"
	"path/filepath"

	fulciolog "github.com/sigstore/fulcio/pkg/log"
	rekorlog "github.com/sigstore/rekor/pkg/log"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/klog/v2"
)

// keepLogs makes the servers log to the file "log" in the stack's directory, and not to the
// test's output.
func (s *Stack) keepLogs() error {
	f, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	encoder := zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig())
	logger := zap.New(zapcore.NewCore(encoder, zapcore.Lock(f), zapcore.InfoLevel)).Sugar()
	fulciolog.Logger, rekorlog.Logger = logger, logger
	klog.LogToStderr(false)
	// A message goes to the writers of its severity and of all lower ones. Trillian's memory
	// storage logs pointless warnings fifty times a second.
	klog.SetOutput(f)
	klog.SetOutputBySeverity("INFO", io.Discard)
	klog.SetOutputBySeverity("WARNING", io.Discard)
	// Not closed, because goroutines of klog and Rekor may still write after Close.
	return nil
}

// writeFulcioRoot writes the CA's certificate to the stack's directory.
func (s *Stack) writeFulcioRoot(root *x509.Certificate) error {
	pem, err := cryptoutils.MarshalCertificateToPEM(root)
	if err != nil {
		return err
	}
	s.FulcioRoot = filepath.Join(s.dir, "fulcio.pem")
	return os.WriteFile(s.FulcioRoot, pem, 0o644)
}
