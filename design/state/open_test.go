package state_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design/state"
)

func assertAs[T error](err error, target *T) bool { return errors.As(err, target) }

func TestADatabaseFileAndItsDirectoryAreForTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "x", "y")
	path := filepath.Join(dir, "state.db")
	s, err := state.Open(t.Context(), "sqlite:"+path)
	require.NoError(t, err)
	put(t, s, "harbor", "one")
	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	require.Greater(t, len(files), 2, "database, log and lock")
	for _, file := range files {
		info, err := os.Stat(file)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), file)
	}
	info, err := os.Stat(dir)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	require.NoError(t, s.Close())

	require.NoError(t, os.Chmod(path, 0o644))
	s, err = state.Open(t.Context(), "sqlite://"+path)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	info, err = os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "a file that others could read")
}

func TestManyOpeningsOfANewDatabaseAtOnceAllSucceed(t *testing.T) {
	t.Parallel()
	for name, dsn := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "state.db") },
		"postgres": postgresDSN,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := dsn(t)
			var wg sync.WaitGroup
			failures := make(chan error, 6)
			for range 6 {
				wg.Go(func() {
					s, err := state.Open(t.Context(), address)
					if err == nil {
						err = errors.Join(s.Ping(t.Context()), s.Close())
					}
					failures <- err
				})
			}
			wg.Wait()
			close(failures)
			for err := range failures {
				assert.NoError(t, err)
			}
		})
	}
}

// childEnv makes the test binary a process that opens a database and locks a site in it.
const childEnv = "DRYDOCK_STATE_TEST_OPENS"

func TestOpenInAnotherProcess(t *testing.T) {
	dsn := os.Getenv(childEnv)
	if dsn == "" {
		t.Skip("only run by the test of several processes")
	}
	s, err := state.Open(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	digest := put(t, s, "harbor", "one")
	if err := s.Lock(t.Context(), "harbor", digest, fmt.Sprint("process ", os.Getpid())); err != nil {
		locked := (*state.LockedError)(nil)
		require.ErrorAs(t, err, &locked)
		return
	}
	require.NoError(t, s.Journal("w", "r", "winners").Note(t.Context(), fmt.Sprint(os.Getpid()), ""))
	fmt.Println("locked by us")
}

func TestSeveralProcessesShareANewFileAndOneGetsTheLock(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "state.db")
	type answer struct {
		out string
		err error
	}
	answers := make(chan answer, 4)
	for range cap(answers) {
		go func() {
			child := exec.CommandContext(t.Context(), self, "-test.run=^TestOpenInAnotherProcess$", "-test.v")
			child.Env = append(os.Environ(), childEnv+"="+dsn)
			out, err := child.CombinedOutput()
			answers <- answer{string(out), err}
		}()
	}
	winners := 0
	for range cap(answers) {
		a := <-answers
		require.NoError(t, a.err, a.out)
		require.Contains(t, a.out, "--- PASS: TestOpenInAnotherProcess")
		winners += strings.Count(a.out, "locked by us")
	}
	assert.Equal(t, 1, winners)
}

func TestAnOpeningWaitsForTheOneBeforeIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	holder, err := sql.Open("sqlite", path+".lock") // as a process in the midst of its migration holds it
	require.NoError(t, err)
	holder.SetMaxOpenConns(1)
	_, err = holder.ExecContext(t.Context(), `BEGIN EXCLUSIVE`)
	require.NoError(t, err)

	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = state.Open(short, "sqlite:"+path)
	require.ErrorContains(t, err, "wait for other processes")
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Zero(t, info.Size(), "the database is untouched")

	require.NoError(t, holder.Close()) // or the process dies
	s, err := state.Open(t.Context(), "sqlite:"+path)
	require.NoError(t, err)
	require.NoError(t, s.Ping(t.Context()))
	require.NoError(t, s.Close())
}

func TestATableVersionThatWeDoNotKnowIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := state.Open(t.Context(), "sqlite:"+path)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `INSERT INTO drydock_schema (version_id, is_applied) VALUES (9000, TRUE)`)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = state.Open(t.Context(), "sqlite:"+path)
	require.ErrorContains(t, err, "newer version of drydock: they have version 9000")
}

func TestADesignThatWasChangedInTheDatabaseIsNotGivenOut(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := state.Open(t.Context(), "sqlite:"+path)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	digest := put(t, s, "harbor", "one")
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `UPDATE designs SET canonical = $1`, []byte("two"))
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = s.Design(t.Context(), digest)
	require.ErrorContains(t, err, "was changed")
}

func TestAnAddressThatDoesNotWorkSaysWhatToCheckAndKeepsItsPassword(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "readme.txt")
	require.NoError(t, os.WriteFile(text, []byte(strings.Repeat("this is no database. ", 100)), 0o600))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := listener.Addr().String()
	require.NoError(t, listener.Close())

	for name, c := range map[string]struct {
		dsn  string
		says []string
	}{
		"a scheme that we do not know":     {"mysql://root:" + canary + "@db/x", []string{"sqlite:<path>", "postgres://"}},
		"no scheme":                        {canary, []string{"sqlite:<path>"}},
		"no path":                          {"sqlite:", []string{"name a file"}},
		"memory, which would be forgotten": {"sqlite::memory:", []string{"outlive the process"}},
		"a file that is no database":       {"sqlite:" + text, []string{text, "names a state database"}},
		"a directory":                      {"sqlite:" + dir, []string{dir, "check that the path"}},
		"a path below a file":              {"sqlite:" + text + "/state.db", []string{text, "check that the path"}},
		"a server that is not there":       {"postgres://u:" + canary + "@" + closed + "/d?sslmode=disable", []string{"postgres://u@" + closed + "/d", "check that the server runs"}},
		"a port that is no number":         {"postgres://u:" + canary + "@db:x/d", []string{"can't be read"}},
		"a password with a bare percent":   {"postgres://u:" + canary + "%zz@db/d", []string{"percent-encoded"}},
		"an option that does not exist":    {"postgres://u:" + canary + "@db/d?sslmode=" + canary, []string{"can't be read"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := state.Open(t.Context(), c.dsn)
			require.Error(t, err)
			assert.Nil(t, s)
			for _, want := range append(c.says, "open state database") {
				assert.ErrorContains(t, err, want)
			}
			assert.NotContains(t, err.Error(), canary)
		})
	}
}

func TestARefusedPasswordSaysSoAndIsNotRepeated(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(postgresDSN(t))
	require.NoError(t, err)
	const wrong = "wrong-canary-8"
	u.User = url.UserPassword(u.User.Username(), wrong)
	if os.Getenv(postgresEnv) != "" {
		t.Skip("a server of somebody else may trust everybody")
	}
	_, err = state.Open(context.WithoutCancel(t.Context()), u.String())
	require.ErrorContains(t, err, "check user and password")
	require.ErrorContains(t, err, u.Host)
	assert.NotContains(t, err.Error(), wrong)
	assert.NotContains(t, err.Error(), canary)

	u, err = url.Parse(postgresDSN(t))
	require.NoError(t, err)
	u.Path = "/nowhere"
	_, err = state.Open(t.Context(), u.String())
	require.ErrorContains(t, err, "create the database")
}
