package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Lock is who holds the design of a site, and since when. While it is held, no other design becomes current.
type Lock struct {
	Site, Digest, Task string
	Since              time.Time // UTC
}

// LockedError is the refusal to change what a task holds.
type LockedError struct{ Lock Lock }

func (e *LockedError) Error() string {
	return fmt.Sprintf("site %s is locked with design %s by task %s since %s",
		e.Lock.Site, e.Lock.Digest, e.Lock.Task, e.Lock.Since.UTC().Format(time.RFC3339))
}

// contested is how often a refusal is looked at again when its reason is gone before it could be read.
const contested = 5

// SetCurrent makes a stored design the current one of its site, by order of a task. It is a *LockedError when a task,
// this one or another, holds the site with another design, and ErrNotFound when the design is not stored.
func (s *Store) SetCurrent(ctx context.Context, site, digest, task string) error {
	err := s.change(ctx, site, digest, task, `
		INSERT INTO sites (site, design, set_by, set_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (site) DO UPDATE SET design = excluded.design, set_by = excluded.set_by, set_at = excluded.set_at
		WHERE sites.lock_task = '' OR sites.design = excluded.design`)
	if err != nil {
		return fmt.Errorf("make design %s current for task %s: %w", digest, task, err)
	}
	return nil
}

// Lock lets the task hold the site with a stored design, which becomes current in the same step. Again, by the same task
// with the same design, is fine and keeps the time. It is a *LockedError when another task holds the site, or when this
// one holds it with another design, and ErrNotFound when the design is not stored.
func (s *Store) Lock(ctx context.Context, site, digest, task string) error {
	err := s.change(ctx, site, digest, task, `
		INSERT INTO sites (site, design, set_by, set_at, lock_task, lock_since) VALUES ($1, $2, $3, $4, $3, $4)
		ON CONFLICT (site) DO UPDATE SET design = excluded.design, set_by = excluded.set_by, set_at = excluded.set_at,
			lock_task = excluded.lock_task,
			lock_since = CASE WHEN sites.lock_task = '' THEN excluded.lock_since ELSE sites.lock_since END
		WHERE sites.lock_task = '' OR (sites.lock_task = excluded.lock_task AND sites.design = excluded.design)`)
	if err != nil {
		return fmt.Errorf("lock site %s with design %s for task %s: %w", site, digest, task, err)
	}
	return nil
}

// change runs a statement that changes the row of a site unless a lock forbids it. It is one statement, so that both
// databases decide and write in one step at their default isolation.
func (s *Store) change(ctx context.Context, site, digest, task, statement string) error {
	if err := named("site", site, "digest", digest, "task", task); err != nil {
		return err
	}
	if err := s.designOf(ctx, digest, site); err != nil {
		return err
	}
	for range contested {
		result, err := s.db.ExecContext(ctx, statement, site, digest, task, micros(time.Now()))
		if err != nil {
			return err
		}
		changed, err := result.RowsAffected()
		if err != nil {
			return err
		}
		if changed > 0 {
			return nil
		}
		holder, held, err := s.Holder(ctx, site)
		if err != nil {
			return err
		}
		if held {
			return &LockedError{Lock: holder}
		}
		// The lock was freed since: the statement has a chance now.
	}
	return errors.New("other tasks take and free the lock all the time")
}

// Current returns the digest of the current design of a site; the error is ErrNotFound when none was ever set.
func (s *Store) Current(ctx context.Context, site string) (string, error) {
	var digest string
	err := s.db.QueryRowContext(ctx, `SELECT design FROM sites WHERE site = $1`, site).Scan(&digest)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", fmt.Errorf("read current design of site %s: %w", site, ErrNotFound)
	case err != nil:
		return "", fmt.Errorf("read current design of site %s: %w", site, err)
	}
	return digest, nil
}

// Unlock frees the site when the task holds it, and does nothing when it does not. The design stays current.
func (s *Store) Unlock(ctx context.Context, site, task string) error {
	_, err := s.db.ExecContext(ctx, `UPDATE sites SET lock_task = '', lock_since = 0 WHERE site = $1 AND lock_task = $2`, site, task)
	if err != nil {
		return fmt.Errorf("unlock site %s for task %s: %w", site, task, err)
	}
	return nil
}

// Holder returns who holds a site; false when nobody does, or the site is not known.
func (s *Store) Holder(ctx context.Context, site string) (Lock, bool, error) {
	lock := Lock{Site: site}
	var since int64
	err := s.db.QueryRowContext(ctx, `SELECT design, lock_task, lock_since FROM sites WHERE site = $1 AND lock_task <> ''`, site).
		Scan(&lock.Digest, &lock.Task, &since)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Lock{}, false, nil
	case err != nil:
		return Lock{}, false, fmt.Errorf("read the lock of site %s: %w", site, err)
	}
	lock.Since = fromMicros(since)
	return lock, true, nil
}
