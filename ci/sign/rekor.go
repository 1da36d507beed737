package sign

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"

	httptransport "github.com/go-openapi/runtime/client"
	"github.com/go-openapi/strfmt"
	"github.com/sigstore/rekor/pkg/generated/client/entries"
)

// rekor is a client of a Rekor v1 log that treats an existing entry as its own: an earlier
// request may have succeeded although its response was lost.
type rekor struct {
	ctx     context.Context
	entries entries.ClientService
}

func newRekor(ctx context.Context, base string, client *http.Client) (*rekor, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("checking the address of Rekor %q: expected one like https://rekor.example.org", base)
	}
	rt := httptransport.NewWithClient(u.Host, path.Join("/", u.Path), []string{u.Scheme}, client)
	return &rekor{ctx: ctx, entries: entries.New(rt, strfmt.Default)}, nil
}

// CreateLogEntry creates an entry, or returns the existing one (409).
func (r *rekor) CreateLogEntry(params *entries.CreateLogEntryParams, opts ...entries.ClientOption) (*entries.CreateLogEntryCreated, error) {
	made, err := r.entries.CreateLogEntryContext(r.ctx, params, opts...)
	var conflict *entries.CreateLogEntryConflict
	if !errors.As(err, &conflict) {
		return made, err
	}
	uuid := path.Base(conflict.Location.String())
	found, err := r.entries.GetLogEntryByUUIDContext(r.ctx, entries.NewGetLogEntryByUUIDParams().WithEntryUUID(uuid))
	if err != nil {
		return nil, fmt.Errorf("reading the entry %q, which is already in the log: %w", uuid, err)
	}
	for id := range found.Payload { // a single entry, under its full ID
		return &entries.CreateLogEntryCreated{ETag: id, Payload: found.Payload}, nil
	}
	return nil, fmt.Errorf("reading the entry %q, which is already in the log: the response does not contain it", uuid)
}
