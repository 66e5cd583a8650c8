package cmd

import (
	"fmt"
	"strings"

	"github.com/loxctl/loxctl/internal/sink"
	"github.com/loxctl/loxctl/internal/source"
	"github.com/loxctl/loxctl/internal/template"
)

// task is one record on its way: the job, and what it is made of.
type task struct {
	sink.Job
	stage  *stage
	record source.Record
	over   bool     // counted and logged
	told   bool     // the error of the run says why it failed
	shell  bool     // Command is a line for the shell, not words
	dir    string   // of a failed command; "" is ours
	env    []string // that it had besides ours
	held   *jobHolds
	*link  // to the other stages; nil: there are none
}

// longest is how many bytes of a command the summary shows.
const longest = 4096

// repeat is a line that does again what the task did, for any POSIX shell.
func (t *task) repeat() string {
	if len(t.Command) > longest {
		return fmt.Sprintf("%.200s… (%d bytes in all)", t.Command, len(t.Command))
	}
	if t.dir == "" && len(t.env) == 0 && !t.shell {
		return t.Command
	}
	b := new(strings.Builder)
	b.WriteString("(") // so that it does nothing to the shell it is pasted into
	if t.dir != "" {
		b.WriteString("cd " + template.Quote(t.dir) + " || exit; ")
	}
	for _, variable := range t.env {
		name, value, _ := strings.Cut(variable, "=")
		b.WriteString("export " + name + "=" + template.Quote(value) + "; ")
	}
	b.WriteString(t.Command)
	if strings.Contains(t.Command, "#") { // which may be a comment
		b.WriteString("\n")
	}
	return b.String() + ")"
}
