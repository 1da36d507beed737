package sigstack

import (
	"context"
	"sync"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// uniqueLeaves is a log storage that stores a leaf only once per tree. Trillian's databases
// do that but its memory storage does not, and Rekor and the CT log rely on it: otherwise
// Rekor would never answer 409, and would fail for duplicate entries.
type uniqueLeaves struct {
	storage.LogStorage

	mu   sync.Mutex
	seen map[leafID]*trillian.LogLeaf
}

type leafID struct {
	tree     int64
	identity string
}

// QueueLeaves implements storage.LogStorage. A leaf whose LeafIdentityHash is already in
// the tree is returned as first queued, with the status AlreadyExists.
func (u *uniqueLeaves) QueueLeaves(ctx context.Context, tree *trillian.Tree, leaves []*trillian.LogLeaf, now time.Time) ([]*trillian.QueuedLogLeaf, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	var all []*trillian.QueuedLogLeaf
	for _, leaf := range leaves {
		id := leafID{tree.TreeId, string(leaf.LeafIdentityHash)}
		if first, ok := u.seen[id]; ok {
			exists := status.New(codes.AlreadyExists, "the tree has this leaf").Proto()
			all = append(all, &trillian.QueuedLogLeaf{Leaf: proto.CloneOf(first), Status: exists})
			continue
		}
		first := proto.CloneOf(leaf) // the sequencer modifies the queued leaf
		queued, err := u.LogStorage.QueueLeaves(ctx, tree, []*trillian.LogLeaf{leaf}, now)
		if err != nil {
			return nil, err
		}
		u.seen[id] = first
		all = append(all, &trillian.QueuedLogLeaf{Leaf: proto.CloneOf(first), Status: queued[0].Status})
	}
	return all, nil
}
