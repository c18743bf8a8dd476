package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Journal is the memory of one action across its attempts, as drivers.Journal asks for it.
type Journal struct {
	store                         *Store
	workflowID, runID, activityID string
}

// Journal returns the memory of the action that a run of a workflow carries out as one of its activities. All attempts
// of the activity have the same IDs, so they share it; nothing else does.
func (s *Store) Journal(workflowID, runID, activityID string) *Journal {
	return &Journal{store: s, workflowID: workflowID, runID: runID, activityID: activityID}
}

// Noted returns what this or an earlier attempt noted under the key; ok is false when there is no note. After an error
// it is unknown whether there is one.
func (j *Journal) Noted(ctx context.Context, key string) (text string, ok bool, err error) {
	var note []byte
	err = j.store.db.QueryRowContext(ctx, `SELECT note FROM journal
		WHERE workflow_id = $1 AND run_id = $2 AND activity_id = $3 AND topic = $4`,
		j.workflowID, j.runID, j.activityID, key).Scan(&note)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("read note %s of activity %s of %s: %w", key, j.activityID, j.workflowID, err)
	}
	return string(note), true, nil
}

// Note records a text under the key in place of an earlier one. It is on disk when Note returns without error.
func (j *Journal) Note(ctx context.Context, key, text string) error {
	err := named("workflow", j.workflowID, "run", j.runID, "activity", j.activityID, "key", key)
	if err == nil {
		_, err = j.store.db.ExecContext(ctx, `INSERT INTO journal (workflow_id, run_id, activity_id, topic, note, noted)
			VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (workflow_id, run_id, activity_id, topic) DO UPDATE SET note = excluded.note, noted = excluded.noted`,
			j.workflowID, j.runID, j.activityID, key, []byte(text), micros(time.Now()))
	}
	if err != nil {
		return fmt.Errorf("note %s of activity %s of %s: %w", key, j.activityID, j.workflowID, err)
	}
	return nil
}
