package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteConnections bounds the connections of one Store. SQLite has one writer at a time and lets the others poll for
// their turn: more connections would only wait longer.
const sqliteConnections = 4

const (
	// busyTimeout is how long a statement waits for the writer before it. SQLite does not look at the context meanwhile.
	busyTimeout = 10 * time.Second
	// openTimeout is how long an opening waits for those of other processes, who may have to migrate a large database.
	openTimeout = 2 * time.Minute
)

// preparing keeps the openings within one process apart. It guards the creation of files: POSIX drops all locks that a
// process holds on a file when the process closes any descriptor of it, so no descriptor of ours may be closed while
// SQLite has the file open in this process.
var preparing sync.Mutex

func openSQLite(ctx context.Context, path string) (*Store, error) {
	address := "sqlite:" + path
	fail := func(err error) (*Store, error) {
		return nil, fmt.Errorf("open state database %s: %w: %s", address, err, sqliteAdvice(err))
	}
	if path == "" || path == ":memory:" {
		return nil, fmt.Errorf("open state database %s: the state has to outlive the process: name a file", address)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return fail(err)
	}

	preparing.Lock()
	defer preparing.Unlock()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fail(err)
	}
	lockPath := path + ".lock"
	for _, file := range []string{path, lockPath} {
		if err := privateFile(file); err != nil {
			return fail(err)
		}
	}
	// Other processes are kept apart by a lock on a second, empty database: the system frees it when its holder dies,
	// and unlike a lock on the database itself it does not keep the migration out.
	release, err := lockSQLite(ctx, lockPath)
	if err != nil {
		return fail(err)
	}
	defer release()

	db, err := sql.Open("sqlite", sqliteURI(path, "WAL", busyTimeout))
	if err != nil {
		return fail(err)
	}
	db.SetMaxOpenConns(sqliteConnections)
	if err := migrate(ctx, db, sqliteDialect); err != nil {
		_ = db.Close()
		return fail(err)
	}
	return &Store{db: db, address: address}, nil
}

// sqliteURI is the address of a file for the driver. Transactions take the write lock at once, for SQLite refuses to
// wait for it in the middle of one. Every commit reaches the disk: a note in the journal is promised to.
func sqliteURI(path, journalMode string, busy time.Duration) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds()), "foreign_keys(1)", "journal_mode(" + journalMode + ")", "synchronous(FULL)",
	}}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// privateFile makes sure that the file exists and is readable by its owner alone. SQLite gives its side files the mode
// of the file.
func privateFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case err == nil:
		return f.Close()
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	return os.Chmod(path, 0o600)
}

func lockSQLite(ctx context.Context, path string) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	db, err := sql.Open("sqlite", sqliteURI(path, "DELETE", 50*time.Millisecond))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	for {
		_, err := db.ExecContext(ctx, `BEGIN EXCLUSIVE`)
		if err == nil {
			// Closing ends the transaction, which has written nothing.
			return func() { _ = db.Close() }, nil
		}
		// Short waits in a loop, so that the context counts.
		if ctx.Err() != nil || !busy(err) {
			_ = db.Close()
			return nil, fmt.Errorf("wait for other processes that open it: %w", err)
		}
	}
}

func busy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

func sqliteAdvice(err error) string {
	if errors.Is(err, errNewer) {
		return newerAdvice
	}
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff { // the low byte is the primary code
		case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
			return "check that the path names a state database and no other file"
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return "check which other process holds the file, and that it is on a local disk"
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR:
			return "check that the disk works and has space left"
		}
	}
	return "check that the path is right and that this user may create and write the file and its directory"
}
