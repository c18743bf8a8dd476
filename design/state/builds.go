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

// BuildSites returns the sites that know a node of this name, sorted.
func (s *Store) BuildSites(ctx context.Context, node string) ([]string, error) {
	sites, err := s.names(ctx, `SELECT site FROM builds WHERE node = $1 ORDER BY site`, node)
	if err != nil {
		return nil, fmt.Errorf("read sites that know node %s: %w", node, err)
	}
	return sites, nil
}

// names reads a column of names.
func (s *Store) names(ctx context.Context, query string, args ...any) (names []string, err error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}
