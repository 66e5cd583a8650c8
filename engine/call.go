package engine

import (
	"io"
	"os"
	"time"
)

// Call is one call of a command.
type Call struct {
	Argv []string // the words; Argv[0] is looked up on PATH unless it holds a slash
	Env  []string // added to the environment of the stage; of a name given twice the last counts
	Dir  string   // "" is the stage's directory

	// Stdin nil is empty. Stdout and Stderr nil are captured in Output. An
	// *os.File is handed to the process as it is; other writers are written
	// to while the command runs, never from two goroutines at once.
	Stdin          io.Reader
	Stdout, Stderr io.Writer

	// Inherit are files whose descriptors the process has too, at the same
	// numbers. The caller closes them afterwards.
	Inherit []*os.File
}

// Output is what a call came to, also when it failed.
type Output struct {
	Stdout, Stderr []byte // what was captured
	Usage          Usage
}

// Usage is what the process of a job used, with the children it waited for.
type Usage struct {
	User, System time.Duration
	MaxRSS       int64 // peak resident memory of the largest process, in bytes; 0 where the system does not say
}
