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

// keepLogs has the servers write to the file "log" of the stack's directory and
// nothing to the test's output.
func (s *Stack) keepLogs() error {
	f, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	encoder := zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig())
	logger := zap.New(zapcore.NewCore(encoder, zapcore.Lock(f), zapcore.InfoLevel)).Sugar()
	fulciolog.Logger, rekorlog.Logger = logger, logger
	klog.LogToStderr(false)
	// A message goes to the writers of its severity and of all below; Trillian's
	// memory storage warns of nothing, fifty times a second.
	klog.SetOutput(f)
	klog.SetOutputBySeverity("INFO", io.Discard)
	klog.SetOutputBySeverity("WARNING", io.Discard)
	// Not closed: goroutines of klog and Rekor may write after Close.
	return nil
}

// writeFulcioRoot puts the CA's certificate into the stack's directory.
func (s *Stack) writeFulcioRoot(root *x509.Certificate) error {
	pem, err := cryptoutils.MarshalCertificateToPEM(root)
	if err != nil {
		return err
	}
	s.FulcioRoot = filepath.Join(s.dir, "fulcio.pem")
	return os.WriteFile(s.FulcioRoot, pem, 0o644)
}
