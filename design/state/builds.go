package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"drydock/design/build"
)

// Build returns what is known of a node: the last that was put, or for a node never heard of, nothing but its name.
func (s *Store) Build(ctx context.Context, site, node string) (build.Node, error) {
	fail := func(err error) (build.Node, error) {
		return build.Node{}, fmt.Errorf("read build model of node %s of site %s: %w", node, site, err)
	}
	if err := named("site", site, "node", node); err != nil {
		return fail(err)
	}
	var model []byte
	err := s.db.QueryRowContext(ctx, `SELECT model FROM builds WHERE site = $1 AND node = $2`, site, node).Scan(&model)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return build.Node{Name: node}, nil
	case err != nil:
		return fail(err)
	}
	var n build.Node
	if err := json.Unmarshal(model, &n); err != nil {
		return fail(err)
	}
	return n, nil
}

// PutBuild replaces what is known of the node that the model names.
func (s *Store) PutBuild(ctx context.Context, site string, n build.Node) error {
	fail := func(err error) error {
		return fmt.Errorf("store build model of node %s of site %s: %w", n.Name, site, err)
	}
	if err := named("site", site, "node", n.Name); err != nil {
		return fail(err)
	}
	model, err := json.Marshal(n)
	if err != nil {
		return fail(err)
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO builds (site, node, model, changed) VALUES ($1, $2, $3, $4)
		ON CONFLICT (site, node) DO UPDATE SET model = excluded.model, changed = excluded.changed`,
		site, n.Name, string(model), micros(time.Now()))
	if err != nil {
		return fail(err)
	}
	return nil
}
