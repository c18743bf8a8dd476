package state

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	postgresConnections = 10
	// connectTimeout is for an address that swallows packets; the dsn's connect_timeout comes first.
	connectTimeout = 10 * time.Second
)

func openPostgres(ctx context.Context, dsn string) (*Store, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		// The parser's error repeats parts of the address, which it could not read and so can't clear of secrets.
		return nil, errors.New("open state database postgres://...: the address can't be read: " +
			"check that it has the form postgres://user:password@host:port/database?sslmode=... and that special characters " +
			"of the password are percent-encoded")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	address := postgresAddress(config)
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresConnections / 2)
	db.SetConnMaxIdleTime(5 * time.Minute)
	if err := migrate(ctx, db, postgresDialect); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open state database %s: %w: %s", address, withoutSecret(err, config.Password), postgresAdvice(err))
	}
	return &Store{db: db, address: address}, nil
}

// postgresAddress is the address without password and options.
func postgresAddress(c *pgx.ConnConfig) string {
	host := c.Host
	if !strings.HasPrefix(host, "/") { // not a directory with a socket
		host = net.JoinHostPort(host, strconv.Itoa(int(c.Port)))
	}
	return "postgres://" + c.User + "@" + host + "/" + c.Database
}

// withoutSecret returns the error, or when its text holds the password, one of the same text without it. The driver is
// not known to print passwords; this is so that a later version of it can't.
func withoutSecret(err error, secret string) error {
	if secret == "" || !strings.Contains(err.Error(), secret) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), secret, "[redacted]"))
}

func postgresAdvice(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		switch {
		case strings.HasPrefix(e.Code, "28"): // invalid authorization
			return "check user and password, and what pg_hba.conf allows"
		case e.Code == "3D000":
			return "create the database, or check its name"
		case e.Code == "42501": // insufficient privilege
			return "let the user create tables in the database's schema"
		case e.Code == "53300":
			return "the server has too many connections: raise max_connections or close some"
		}
	}
	if errors.Is(err, errNewer) {
		return newerAdvice
	}
	return "check that the server runs, that host and port are right and reachable from here, and that sslmode fits the server"
}
