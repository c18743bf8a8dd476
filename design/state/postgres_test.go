package state_test

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A PostgreSQL to test against: the one of DRYDOCK_TEST_POSTGRES, or else an own one, started when the first test wants
// it and stopped by TestMain.

const (
	postgresEnv = "DRYDOCK_TEST_POSTGRES"
	requireEnv  = "DRYDOCK_REQUIRE_COUNTERPARTS"
	canary      = "canary-wort-7" // the password of the own server
)

var server struct {
	once sync.Once
	dsn  string
	why  string // why there is none
	stop func()
}

func TestMain(m *testing.M) {
	code := m.Run()
	if server.stop != nil {
		server.stop()
	}
	os.Exit(code)
}

// postgresDSN gives the test a schema of its own. Without a server the test is skipped, or fails where one is required.
func postgresDSN(t *testing.T) string {
	t.Helper()
	server.once.Do(startPostgres)
	if server.dsn == "" {
		if os.Getenv(requireEnv) == "1" {
			require.FailNow(t, "no PostgreSQL: "+server.why)
		}
		t.Skip("no PostgreSQL: " + server.why)
	}
	u, err := url.Parse(server.dsn)
	require.NoError(t, err)
	db, err := sql.Open("pgx", server.dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	schema := fmt.Sprintf("drydock_%d_%d", os.Getpid(), time.Now().UnixNano())
	_, err = db.ExecContext(t.Context(), "CREATE SCHEMA "+schema)
	require.NoError(t, err)
	t.Cleanup(func() {
		db, err := sql.Open("pgx", server.dsn)
		require.NoError(t, err)
		_, err = db.ExecContext(context.WithoutCancel(t.Context()), "DROP SCHEMA "+schema+" CASCADE")
		require.NoError(t, err)
		require.NoError(t, db.Close())
	})
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

func startPostgres() {
	if dsn := os.Getenv(postgresEnv); dsn != "" {
		server.dsn = dsn
		return
	}
	bin, ok := postgresBinaries()
	if !ok {
		server.why = "neither " + postgresEnv + " nor a server binary found"
		return
	}
	dsn, stop, err := runPostgres(bin)
	if err != nil {
		server.why = err.Error()
		return
	}
	server.dsn, server.stop = dsn, stop
}

func postgresBinaries() (string, bool) {
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.Reverse(dirs) // the newest first
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "postgres")); err == nil {
			return dir, true
		}
	}
	return "", false
}

func runPostgres(bin string) (dsn string, stop func(), err error) {
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		return "", nil, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	attr, err := unprivileged(dir)
	if err != nil {
		return "", nil, err
	}
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte(canary), 0o644); err != nil {
		return "", nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "drydock", "-A", "scram-sha-256",
		"--pwfile", password, "-E", "UTF8", "--no-locale", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		return "", nil, err
	}
	run := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-p", strconv.Itoa(port),
		"-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "shared_buffers=16MB")
	run.SysProcAttr, run.Dir = attr, dir
	if err := run.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = run.Process.Signal(syscall.SIGINT) // fast shutdown
		_ = run.Wait()
		_ = os.RemoveAll(dir)
	}
	dsn = fmt.Sprintf("postgres://drydock:%s@127.0.0.1:%d/postgres?sslmode=disable", canary, port)
	if err := answers(dsn); err != nil {
		stop()
		return "", nil, err
	}
	return dsn, stop, nil
}

// unprivileged hands the directory to a user that PostgreSQL accepts, for it does not run as root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			return nil, err
		}
		return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return nil, fmt.Errorf("neither user postgres nor nobody exists")
}

func answers(dsn string) error {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", err)
		case <-tick.C:
		}
	}
}
