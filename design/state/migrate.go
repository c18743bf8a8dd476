package state

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versionTable is where the applied migrations are listed; named so that it collides with no other user of goose.
const versionTable = "drydock_schema"

var errNewer = errors.New("the tables are of a newer version of drydock")

const newerAdvice = "run the newest version that has used the database"

type dialect struct {
	goose  goose.Dialect
	locker func() (lock.SessionLocker, error) // nil: the caller keeps other processes out
}

var (
	sqliteDialect   = dialect{goose: goose.DialectSQLite3}
	postgresDialect = dialect{goose: goose.DialectPostgres, locker: func() (lock.SessionLocker, error) {
		// An advisory lock of the session: the server frees it when the holder dies. Tried every second for two minutes.
		return lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120))
	}}
)

// migrate brings the tables up to date. A database that is up to date already is only read, so that a rolling restart
// waits for no lock.
func migrate(ctx context.Context, db *sql.DB, d dialect) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	options := []goose.ProviderOption{goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true)}
	if d.locker != nil {
		locker, err := d.locker()
		if err != nil {
			return fmt.Errorf("make the migration lock: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(d.goose, db, files, options...)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	current, newest, err := provider.GetVersions(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read the version of the tables: %w", err)
	case current > newest:
		return fmt.Errorf("%w: they have version %d, this program knows up to %d", errNewer, current, newest)
	case current == newest:
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bring the tables from version %d to %d: %w", current, newest, err)
	}
	return nil
}
