package dev

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Files in the data directory.
const (
	temporalDB  = "temporal.db"
	stateDB     = "state.db"
	temporalLog = "temporal.log"
	drydockLog  = "drydock.log"
	lockFile    = "dev.lock"
)

// data is the directory that a stack owns while it runs.
type data struct {
	dir  string
	lock *os.File
}

// openData takes the directory for this process alone, and removes what an earlier run left unless that is to be kept.
// Only files of our own names are removed: the directory may be one that holds other things.
func openData(dir string, keep bool) (*data, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open the data directory: %w", err)
	}
	// Designs with their credentials are kept in there.
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the data directory: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	// The kernel gives this lock back however the process ends.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("the data directory %s is in use by another \"drydock dev\": stop that, or choose another with --data", dir)
		}
		return nil, fmt.Errorf("lock the data directory %s: %w", dir, err)
	}
	d := &data{dir: dir, lock: lock}
	if !keep {
		if err := d.clean(); err != nil {
			d.close()
			return nil, err
		}
	}
	return d, nil
}

func (d *data) clean() error {
	for _, db := range []string{temporalDB, stateDB} {
		for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
			if err := os.Remove(d.file(db + suffix)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("remove the data of an earlier run: %w", err)
			}
		}
	}
	return nil
}

func (d *data) file(name string) string { return filepath.Join(d.dir, name) }

// log opens a log file anew.
func (d *data) log(name string) (*os.File, error) {
	f, err := os.OpenFile(d.file(name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a log: %w", err)
	}
	return f, nil
}

func (d *data) close() { _ = d.lock.Close() }
