package sigstack

import (
	"context"
	"crypto"
	"fmt"
	"io"
	"net/http"

	"github.com/go-openapi/loads"
	"github.com/sigstore/rekor/pkg/api"
	"github.com/sigstore/rekor/pkg/generated/restapi"
	"github.com/sigstore/rekor/pkg/generated/restapi/operations"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/spf13/viper"

	// The kinds of entries that cosign creates.
	_ "github.com/sigstore/rekor/pkg/types/dsse/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/hashedrekord/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.2"
	_ "github.com/sigstore/rekor/pkg/types/rekord/v0.0.1"
)

// startRekor serves a Rekor v1 transparency log with a tree in m. It returns Rekor's URL
// and public key.
//
// Rekor is configured by viper's global settings and keeps its state in package variables,
// so a process can have only one.
func (s *Stack) startRekor(ctx context.Context, m *merkle) (string, crypto.PublicKey, error) {
	tree, err := m.newTree(ctx, "Rekor")
	if err != nil {
		return "", nil, err
	}
	for name, value := range map[string]any{
		"trillian_log_server.address": "127.0.0.1",
		"trillian_log_server.port":    m.port,
		"rekor_server.hostname":       "rekor.stack.test", // the origin in its checkpoints
		"rekor_server.signer":         "memory",
		"enable_retrieve_api":         false, // the search index needs a Redis
		"enabled_api_endpoints": []string{
			"getLogInfo", "getPublicKey", "getLogProof", "createLogEntry",
			"getLogEntryByIndex", "getLogEntryByUUID", "searchLogQuery",
		},
	} {
		viper.Set(name, value)
	}
	document, err := loads.Embedded(restapi.SwaggerJSON, restapi.FlatSwaggerJSON)
	if err != nil {
		return "", nil, err
	}
	rekor := restapi.NewServer(operations.NewRekorServerAPI(document))
	if err := configureRekor(tree, rekor); err != nil {
		return "", nil, err
	}
	s.onClose(func() error { api.StopAPI(); return nil })
	url, err := s.serve(rekor.GetHandler())
	if err != nil {
		return "", nil, err
	}
	key, err := rekorKey(ctx, url)
	return url, key, err
}

// configureRekor sets the handlers of server. Rekor panics if it cannot start.
func configureRekor(tree int64, server *restapi.Server) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("starting Rekor: %v", r)
		}
	}()
	api.ConfigureAPI(tree)
	server.ConfigureAPI()
	return nil
}

// rekorKey requests Rekor's public key.
func rekorKey(ctx context.Context, url string) (crypto.PublicKey, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/v1/log/publicKey", nil)
	if err != nil {
		return nil, err
	}
	answer, err := loopback.RoundTrip(r)
	if err != nil {
		return nil, fmt.Errorf("asking Rekor for its key: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	pem, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("asking Rekor for its key: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking Rekor for its key: %s: %s", answer.Status, pem)
	}
	return cryptoutils.UnmarshalPEMToPublicKey(pem)
}
