package sigstack

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/sigstore/fulcio/pkg/generated/protobuf"
	"github.com/sigstore/fulcio/pkg/generated/protobuf/legacy"
	"github.com/sigstore/fulcio/pkg/server"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// gateway returns Fulcio's HTTP API: /api/v2 and, for cosign v2, /api/v1, on top of the
// gRPC server at addr.
func (s *Stack) gateway(ctx context.Context, addr string) (http.Handler, error) {
	mux := runtime.NewServeMux(
		runtime.WithMetadata(func(_ context.Context, r *http.Request) metadata.MD {
			return metadata.Pairs(server.MetadataOIDCTokenKey, bearer(r.Header.Get("Authorization")))
		}),
		runtime.WithForwardResponseOption(setHeaders),
	)
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	s.onClose(conn.Close)
	if err := protobuf.RegisterCAHandler(ctx, mux, conn); err != nil {
		return nil, err
	}
	return mux, legacy.RegisterCAHandler(ctx, mux, conn)
}

// setHeaders sets a response's status and SCT header from Fulcio's gRPC metadata.
func setHeaders(ctx context.Context, w http.ResponseWriter, _ proto.Message) error {
	md, ok := runtime.ServerMetadataFromContext(ctx)
	if !ok {
		return nil
	}
	for name := range w.Header() {
		if strings.HasPrefix(name, runtime.MetadataHeaderPrefix) {
			w.Header().Del(name)
		}
	}
	if sct := md.HeaderMD.Get(server.SCTMetadataKey); len(sct) > 0 {
		w.Header().Set("SCT", sct[0])
	}
	if status := md.HeaderMD.Get(server.HTTPResponseCodeMetadataKey); len(status) > 0 {
		code, err := strconv.Atoi(status[0])
		if err != nil {
			return err
		}
		w.WriteHeader(code)
	}
	return nil
}
