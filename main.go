// Command drydock turns site designs into running machines: it is the worker, the REST server, the simulated site and
// the command line in one binary.
package main

import (
	"context"
	_ "embed"
	"io"
	"os"
	"os/signal"
	"os/user"
	"syscall"

	"golang.org/x/term"

	"drydock/starter/cli"
	"drydock/starter/cli/wire"
)

// version is set by the build.
var version = "dev"

// example is what "drydock dev" deploys where no design is given.
//
//go:embed deploy/examples/harbor.yaml
var example []byte

func main() {
	interrupts := make(chan os.Signal, 2) // the second one matters, too
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	dir, err := os.Getwd()
	if err != nil {
		dir = "/" // the directory was removed under us; paths given absolutely still work
	}
	app := &cli.App{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Environ: os.Environ(), Dir: dir, User: userName(), Version: version,
		Terminal: terminal, Interrupts: interrupts, Example: example,
		Parts: wire.Parts(version),
	}
	os.Exit(app.Run(context.Background(), os.Args[1:]))
}

// userName is who asks, for the record of tasks.
func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return os.Getenv("USER")
}

// terminal is the size of the terminal behind a stream.
func terminal(w io.Writer) (width, height int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, 0, false
	}
	width, height, err := term.GetSize(int(f.Fd()))
	return width, height, err == nil
}
