package state

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"drydock/design/build"
)

// Evidence is a piece of raw evidence about a node with the task that collected it. The JSON names are those of the
// builddata resources of the REST API.
type Evidence struct {
	Node string `json:"node_name"`
	Task string `json:"task_id"`
	build.Element
}

// Bounds of one answer about evidence: the newest elements that fit, and always at least the newest one.
const (
	maxElements = 1000
	maxBytes    = 16 << 20
)

// AddEvidence keeps the elements about a node, all or none. An element that is kept already is not kept twice, one
// without a time of collection gets the present one, to the microsecond.
func (s *Store) AddEvidence(ctx context.Context, site, node, task string, elements []build.Element) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("store evidence about node %s of site %s: %w", node, site, err)
		}
	}()
	if err := named("site", site, "node", node, "task", task); err != nil {
		return err
	}
	if len(elements) == 0 {
		return nil
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	now := time.Now()
	for _, e := range elements {
		if e.Collected.IsZero() {
			e.Collected = now
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO evidence
			(id, site, node, task, generator, data_format, data, size, collected, added) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (id) DO NOTHING`, evidenceID(site, node, task, e), site, node, task, e.Generator, e.Format,
			[]byte(e.Data), len(e.Data), micros(e.Collected), micros(now))
		if err != nil {
			return fmt.Errorf("from %s: %w", e.Generator, err)
		}
	}
	return tx.Commit()
}

// Evidence returns what was collected about a node, newest first: of one generator, or of all where none is named; with
// latest, only the newest of each. At most 1000 elements with 16 MiB of data are returned: the newest.
func (s *Store) Evidence(ctx context.Context, site, node, generator string, latest bool) ([]Evidence, error) {
	perGenerator := maxElements
	if latest {
		perGenerator = 1
	}
	found, err := s.evidence(ctx, `e.site = $4 AND e.node = $5 AND ($6 = '' OR e.generator = $6)`, perGenerator, site, node, generator)
	if err != nil {
		return nil, fmt.Errorf("read evidence about node %s of site %s: %w", node, site, err)
	}
	return found, nil
}

// TaskEvidence returns what a task collected, about all its nodes, newest first and bounded like Evidence.
func (s *Store) TaskEvidence(ctx context.Context, task string) ([]Evidence, error) {
	found, err := s.evidence(ctx, `e.task = $4`, maxElements, task)
	if err != nil {
		return nil, fmt.Errorf("read evidence of task %s: %w", task, err)
	}
	return found, nil
}

// EvidenceSites returns the sites that keep evidence about a node of this name, sorted.
func (s *Store) EvidenceSites(ctx context.Context, node string) ([]string, error) {
	sites, err := s.names(ctx, `SELECT DISTINCT site FROM evidence WHERE node = $1 ORDER BY site`, node)
	if err != nil {
		return nil, fmt.Errorf("read sites with evidence about node %s: %w", node, err)
	}
	return sites, nil
}

// evidence reads the elements that the condition (a constant; its parameters begin with $4) selects. The elements are
// chosen by number and size first, so that the database reads no data that is not returned.
func (s *Store) evidence(ctx context.Context, condition string, perGenerator int, args ...any) (found []Evidence, err error) {
	query := `WITH ranked AS (
			SELECT e.id, e.collected, e.added, e.size, ROW_NUMBER() OVER (
				PARTITION BY e.site, e.node, e.generator ORDER BY e.collected DESC, e.added DESC, e.id) AS age
			FROM evidence e WHERE ` + condition + `
		), measured AS (
			SELECT id, ROW_NUMBER() OVER (ORDER BY collected DESC, added DESC, id) AS place,
				SUM(size) OVER (ORDER BY collected DESC, added DESC, id ROWS UNBOUNDED PRECEDING) AS total
			FROM ranked WHERE age <= $1
		)
		SELECT e.node, e.task, e.generator, e.data_format, e.data, e.collected
		FROM measured m JOIN evidence e ON e.id = m.id
		WHERE m.place <= $2 AND (m.total <= $3 OR m.place = 1) ORDER BY m.place`
	rows, err := s.db.QueryContext(ctx, query, append([]any{perGenerator, maxElements, int64(maxBytes)}, args...)...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var e Evidence
		var data []byte
		var collected int64
		if err := rows.Scan(&e.Node, &e.Task, &e.Generator, &e.Format, &data, &collected); err != nil {
			return nil, err
		}
		e.Data, e.Collected = string(data), fromMicros(collected)
		found = append(found, e)
	}
	return found, rows.Err()
}

// evidenceID is a digest of all that tells one element from another. Lengths stand in front, so that no two elements
// run together to the same bytes.
func evidenceID(site, node, task string, e build.Element) string {
	h := sha256.New()
	var length [8]byte
	for _, part := range []string{site, node, task, e.Generator, e.Format, e.Data} {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	binary.BigEndian.PutUint64(length[:], uint64(micros(e.Collected)))
	h.Write(length[:])
	return hex.EncodeToString(h.Sum(nil))
}
