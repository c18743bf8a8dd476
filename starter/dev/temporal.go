package dev

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"drydock/workflows"
)

// FindTemporal finds the Temporal CLI: the given path if there is one, else "temporal" on the path if it is 1.5 or newer,
// else the first of the places. The error says what was found instead.
func FindTemporal(ctx context.Context, given string, places ...string) (string, error) {
	if given != "" {
		if err := usable(ctx, given); err != nil {
			return "", fmt.Errorf("the Temporal CLI %w", err)
		}
		return given, nil
	}
	var found []string
	if path, err := exec.LookPath("temporal"); err == nil {
		places = append([]string{path}, places...)
	}
	for _, path := range places {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		err := usable(ctx, path)
		if err == nil {
			return path, nil
		}
		found = append(found, err.Error())
	}
	advice := "get it with \"make bin/temporal\", or name one of version 1.5 or newer with --temporal-cli"
	if len(found) > 0 {
		return "", fmt.Errorf("no usable Temporal CLI: %s: %s", strings.Join(found, "; "), advice)
	}
	return "", errors.New("the Temporal CLI is neither on the path nor in bin: " + advice)
}

// Version lines are such as "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)". A CLI built with "go install" does not
// know its own version, says 0.0.0-DEV, and is judged by its server: 1.29 is that of CLI 1.5.
var (
	cliVersion    = regexp.MustCompile(`temporal version v?(\d+)\.(\d+)\.(\d+)`)
	serverVersion = regexp.MustCompile(`Server v?(\d+)\.(\d+)`)
)

func usable(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return fmt.Errorf("%s does not run: %w", path, err)
	}
	line := strings.TrimSpace(string(out))
	m := cliVersion.FindStringSubmatch(line)
	if m == nil {
		return fmt.Errorf("%s does not tell its version", path)
	}
	if m[1]+m[2]+m[3] == "000" {
		if s := serverVersion.FindStringSubmatch(line); s != nil && atLeast(s[1], s[2], 1, 29) {
			return nil
		}
	} else if atLeast(m[1], m[2], 1, 5) {
		return nil
	}
	return fmt.Errorf("%s is older than 1.5: %s", path, line)
}

func atLeast(major, minor string, wantMajor, wantMinor int) bool {
	a, _ := strconv.Atoi(major)
	b, _ := strconv.Atoi(minor)
	return a > wantMajor || a == wantMajor && b >= wantMinor
}

// temporalArgs are the arguments of the development server.
func temporalArgs(d *data, p Ports) []string {
	args := []string{"server", "start-dev",
		"--ip", "127.0.0.1",
		"--port", strconv.Itoa(p.Temporal),
		"--ui-port", strconv.Itoa(p.UI),
		"--db-filename", d.file(temporalDB),
		"--log-level", "warn",
		// One commit per step: without these, a file costs an fsync each time.
		"--sqlite-pragma", "journal_mode=wal",
		"--sqlite-pragma", "synchronous=normal",
	}
	// The default of 20 polls a second makes every sequential step cost about 100 ms on the one shard of this server.
	for _, queue := range []string{"transfer", "timer", "visibility"} {
		args = append(args, "--dynamic-config-value", "history."+queue+"ProcessorMaxPollRPS=200")
	}
	for _, a := range []string{workflows.AttributeSite, workflows.AttributeNode, workflows.AttributeTaskType,
		workflows.AttributePhase, workflows.AttributeDesignDigest} {
		args = append(args, "--search-attribute", a+"=Keyword")
	}
	return append(args, "--search-attribute", workflows.AttributeFailedNodes+"=Int")
}

// startTemporal starts the development server. Its environment has none of Temporal's variables: they are about a server
// to connect to, which is never this one.
func startTemporal(cli string, d *data, p Ports) (*process, error) {
	log, err := d.log(temporalLog)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own
	if !strings.ContainsRune(cli, filepath.Separator) {
		if cli, err = exec.LookPath(cli); err != nil {
			return nil, fmt.Errorf("start the Temporal development server: %w", err)
		}
	}
	cmd := exec.Command(cli, temporalArgs(d, p)...)
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "TEMPORAL_") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	cmd.Stdout, cmd.Stderr = log, log
	started, err := startProcess(cmd)
	if err != nil {
		return nil, fmt.Errorf("start the Temporal development server: %w", err)
	}
	return started, nil
}
