package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"go.temporal.io/sdk/client"

	"drydock/design/ingest"
	"drydock/design/state"
	"drydock/server"
	"drydock/starter/config"
)

const (
	// drain is how long requests that are being answered may take when the server stops.
	drain = 10 * time.Second
	// checkTime is how long one health check may take.
	checkTime = 5 * time.Second
)

// Serve runs the REST API until the context ends.
func (c connection) Serve(ctx context.Context, cfg config.Config, logger *slog.Logger) error {
	store, err := state.Open(ctx, cfg.State.DSN.Reveal())
	if err != nil {
		return err
	}
	defer store.Close()
	listener, err := net.Listen("tcp", cfg.Server.Listen)
	if err != nil {
		return fmt.Errorf("serve the REST API: %w: choose another address with server.listen (DRYDOCK_SERVER__LISTEN)", err)
	}
	api := server.New(server.Config{
		Tasks: c.client, State: store, Log: logger, Version: c.version,
		Load: server.FilesBelow(cfg.Server.Designs, server.Loader(ingest.Reader{
			HTTP: &http.Client{Timeout: time.Minute}, Designs: store, Missing: state.ErrNotFound, Limit: int64(cfg.Design.Limits.SourceBytes),
		}, cfg.Design.Limits.Design())),
		Health: func(ctx context.Context) []server.Check { return c.health(ctx, store) },
	})
	api.Listener = listener
	ended := make(chan error, 1)
	go func() { ended <- api.Start("") }()
	logger.Info("REST API started", "listen", listener.Addr().String())
	select {
	case err := <-ended:
		return fmt.Errorf("serve the REST API at %s: %w", cfg.Server.Listen, err)
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := api.Shutdown(bounded); err != nil {
		_ = api.Close()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (c connection) health(ctx context.Context, store *state.Store) []server.Check {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	_, err := c.client.Temporal().CheckHealth(ctx, &client.CheckHealthRequest{})
	return []server.Check{{Name: "temporal", Err: err}, {Name: "state", Err: store.Ping(ctx)}}
}
