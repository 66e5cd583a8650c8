package cmd

import (
	"context"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/loxctl/loxctl/internal/proc"
	"github.com/loxctl/loxctl/locks"
)

// A keeper is loxctl started again, apart from everything: it has the hold, and
// its owner in a form that cannot become somebody else. It ends when it is
// told to, or when the owner has ended.

// keeperName is what ps shows.
const keeperName = "loxctl-keeper"

// firstFile is the descriptor of the first file that Detach hands on.
const firstFile = 3

// startKeeper hands the hold to a keeper and returns its process number.
func startKeeper(hold *locks.Hold, owner *proc.Process) (pid int, err error) {
	file, err := owner.File()
	if err != nil {
		return 0, err
	}
	files := append([]*os.File{file}, locks.Files(hold)...)
	pid, err = proc.Detach(keeperName, []string{keeperVerb, strconv.Itoa(len(files))}, files, []string{"GOMAXPROCS=1"})
	if err != nil {
		return 0, err
	}
	if err = locks.Entrust(hold, pid); err != nil {
		return 0, err
	}
	return pid, nil
}

// runKeeper is the whole life of a keeper. It returns the exit status.
func runKeeper(args []string) int {
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	proc.SetName(keeperName)
	if len(args) != 1 {
		return exitOwn.code
	}
	files := handed(args[0])
	if len(files) < 2 {
		return exitOwn.code
	}
	hold, err := locks.Adopt(files[1:])
	if err != nil {
		return exitOwn.code
	}
	owner, err := proc.FromFile(files[0])
	if err == nil {
		defer owner.Close()
		owner.Wait(ctx) // whichever way it ends, the hold does too
	}
	if hold.Release() != nil {
		return exitOwn.code
	}
	return exitOK.code
}

// handed are the files that we were started with.
func handed(count string) []*os.File {
	n, _ := strconv.Atoi(count)
	var files []*os.File
	for i := range n {
		files = append(files, os.NewFile(uintptr(firstFile+i), ""))
	}
	return files
}
