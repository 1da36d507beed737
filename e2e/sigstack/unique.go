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

// uniqueLeaves is a log storage that takes a leaf once for each tree. Trillian's
// databases do so and its memory storage does not, but Rekor and the CT log count
// on it: without, Rekor never answers 409, and fails on entries that are there
// twice.
type uniqueLeaves struct {
	storage.LogStorage

	mu   sync.Mutex
	seen map[leafID]*trillian.LogLeaf
}

type leafID struct {
	tree     int64
	identity string
}

// QueueLeaves is storage.LogStorage's: a leaf whose LeafIdentityHash the tree has
// comes back as it was first queued, with the status AlreadyExists.
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
		first := proto.CloneOf(leaf) // the sequencer changes the queued one
		queued, err := u.LogStorage.QueueLeaves(ctx, tree, []*trillian.LogLeaf{leaf}, now)
		if err != nil {
			return nil, err
		}
		u.seen[id] = first
		all = append(all, &trillian.QueuedLogLeaf{Leaf: proto.CloneOf(first), Status: queued[0].Status})
	}
	return all, nil
}
