package sigstack

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/client"
	"github.com/google/trillian/extension"
	"github.com/google/trillian/log"
	"github.com/google/trillian/monitoring"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/server"
	"github.com/google/trillian/server/admin"
	"github.com/google/trillian/server/interceptor"
	"github.com/google/trillian/storage/memory"
	"github.com/google/trillian/util/clock"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/durationpb"
)

// sequencing is the interval at which Trillian adds new leaves to its trees; signers have
// to wait for it.
const sequencing = 20 * time.Millisecond

// merkle is an in-memory Trillian log server with its sequencer. The CT log and Rekor each
// have a tree in it.
type merkle struct {
	port  int
	conn  *grpc.ClientConn
	log   trillian.TrillianLogClient
	admin trillian.TrillianAdminClient
}

// startTrillian serves gRPC on a free port of loopback until the stack closes.
func (s *Stack) startTrillian(ctx context.Context) (*merkle, error) {
	trees := memory.NewTreeStorage()
	registry := extension.Registry{
		AdminStorage:  memory.NewAdminStorage(trees),
		LogStorage:    &uniqueLeaves{LogStorage: memory.NewLogStorage(trees, monitoring.InertMetricFactory{}), seen: map[leafID]*trillian.LogLeaf{}},
		QuotaManager:  quota.Noop(),
		MetricFactory: monitoring.InertMetricFactory{},
	}
	g := grpc.NewServer(grpc.UnaryInterceptor(interceptor.ErrorWrapper))
	trillian.RegisterTrillianAdminServer(g, admin.New(registry, nil))
	trillian.RegisterTrillianLogServer(g, server.NewTrillianLogRPCServer(registry, clock.System))
	addr, err := s.serveGRPC(g)
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(addr.String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	s.onClose(conn.Close)
	s.sequence(ctx, registry)
	return &merkle{
		port:  addr.Port,
		conn:  conn,
		log:   trillian.NewTrillianLogClient(conn),
		admin: trillian.NewTrillianAdminClient(conn),
	}, nil
}

// sequence runs Trillian's signer until the stack closes.
func (s *Stack) sequence(ctx context.Context, registry extension.Registry) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	sequencer := log.NewOperationManager(log.OperationInfo{
		Registry:    registry,
		BatchSize:   50,
		NumWorkers:  1,
		RunInterval: sequencing,
		TimeSource:  clock.System,
	}, log.NewSequencerManager(registry, 0))
	done := make(chan struct{})
	go func() {
		defer close(done)
		sequencer.OperationLoop(ctx)
	}()
	s.onClose(func() error {
		cancel()
		<-done
		return nil
	})
}

// newTree creates an empty log and returns its ID.
func (m *merkle) newTree(ctx context.Context, name string) (int64, error) {
	tree, err := client.CreateAndInitTree(ctx, &trillian.CreateTreeRequest{Tree: &trillian.Tree{
		TreeState:       trillian.TreeState_ACTIVE,
		TreeType:        trillian.TreeType_LOG,
		DisplayName:     name,
		MaxRootDuration: durationpb.New(0),
	}}, m.admin, m.log)
	if err != nil {
		return 0, fmt.Errorf("making the tree of %s: %w", name, err)
	}
	return tree.TreeId, nil
}

// serveGRPC serves g on a free port of 127.0.0.1 until the stack closes.
func (s *Stack) serveGRPC(g *grpc.Server) (*net.TCPAddr, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() { _ = g.Serve(l) }()
	s.onClose(func() error { g.Stop(); return nil })
	return l.Addr().(*net.TCPAddr), nil
}
