package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrNotFound is the cause of errors about something that was never stored.
var ErrNotFound = errors.New("not found")

// Store is an open state database. It is safe for concurrent use, and other processes may have the same database open.
type Store struct {
	db      *sql.DB
	address string // for people; without a password
}

// Open opens the database that dsn names and brings its tables up to date; several processes may do so at once.
//
// "sqlite:<path>" is a file: it and missing directories above it are created so that only their owner can read them.
// The file has to be on a local disk: SQLite's write-ahead log does not work over NFS.
// "postgres://user:password@host:port/database?sslmode=..." is a PostgreSQL database, which has to exist.
//
// An error names the address and what to check, and never the password. It is an error when the tables were made by
// a newer version.
func Open(ctx context.Context, dsn string) (*Store, error) {
	scheme, rest, found := strings.Cut(dsn, ":")
	switch {
	case found && scheme == "sqlite":
		return openSQLite(ctx, strings.TrimPrefix(rest, "//"))
	case found && (scheme == "postgres" || scheme == "postgresql"):
		return openPostgres(ctx, dsn)
	}
	// The text is not repeated: whatever it is, it may hold a password.
	return nil, errors.New("open state database: the address has neither the form sqlite:<path> nor postgres://user@host:port/database")
}

// Close closes the database. Calls under way fail.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close state database %s: %w", s.address, err)
	}
	return nil
}

// Ping reports whether the database answers and has our tables; the error names its address.
func (s *Store) Ping(ctx context.Context) error {
	var sites int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM sites`).Scan(&sites); err != nil {
		return fmt.Errorf("reach state database %s: %w", s.address, err)
	}
	return nil
}

// named refuses empty names: they come from a caller's mistake, and an empty task would read as an open lock.
func named(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			return fmt.Errorf("the %s is empty", pairs[i])
		}
	}
	return nil
}

func micros(t time.Time) int64      { return t.UnixMicro() }
func fromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }
