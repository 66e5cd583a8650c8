package cmd

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/loxctl/loxctl/completions"
)

// shells are those that loxctl can be completed in, and the files of their
// scripts.
var shells = []struct{ name, file string }{
	{"bash", "loxctl.bash"},
	{"zsh", "_loxctl"},
	{"fish", "loxctl.fish"},
	{"powershell", "loxctl.ps1"},
}

func newCompletion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:       "completion SHELL",
		Args:      words(1, 1, "the shell is missing: "+strings.Join(shellNames(), ", ")),
		ValidArgs: shellNames(),
		RunE:      func(_ *cobra.Command, args []string) error { return a.runCompletion(args[0]) },
	}
}

// runCompletion prints the script for a shell.
func (a *app) runCompletion(shell string) error {
	i := slices.Index(shellNames(), shell)
	if i < 0 {
		return &usageError{verb: "completion", what: shell,
			why: "must be one of " + strings.Join(shellNames(), ", ")}
	}
	script, err := completions.Scripts.ReadFile(shells[i].file)
	if err != nil {
		return err
	}
	return a.print(string(script))
}

func shellNames() []string {
	var names []string
	for _, shell := range shells {
		names = append(names, shell.name)
	}
	return names
}
