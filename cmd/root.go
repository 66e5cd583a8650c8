package cmd

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A verb is what loxctl can do.
type verb struct {
	name   string
	group  string // its heading in the overview
	filled bool   // whether flags that were not given come from the configuration
	new    func(*app) *cobra.Command
}

// verbs lists them as the overview does. It is a function, and takes
// constructors, so that a run pays for the verb that it uses.
func verbs() []verb {
	return []verb{
		{"scatter", "Run", true, newScatter},
		{"lock", "Locks", false, newLock},
		{"sem", "Locks", false, newSem},
		{"switch", "Locks", false, newSwitch},
		{"announce", "Pipes", false, newAnnounce},
		{"funnel", "Pipes", false, newFunnel},
		{"ls", "Named things", false, newLs},
		{"gc", "Named things", false, newGC},
		{"help", "About loxctl", false, newHelp},
		{"config", "About loxctl", false, newConfig},
		{"completion", "About loxctl", false, newCompletion},
		{"version", "About loxctl", false, newVersion},
	}
}

// newRoot returns loxctl without its verbs.
func (a *app) newRoot() *cobra.Command {
	var version bool
	root := &cobra.Command{
		Use:               "loxctl",
		Args:              unknownVerb,
		SilenceErrors:     true, // report prints them
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { return a.fill(c) },
		RunE: func(c *cobra.Command, _ []string) error {
			if version {
				return a.runVersion(versionOptions{})
			}
			return a.showPage("loxctl")
		},
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(commandError)
	root.PersistentFlags().AddFlagSet(a.globalFlags())
	addGroup(root.Flags(), "Global", func(group *pflag.FlagSet) {
		group.BoolVar(&version, "version", false, "print the version")
	})
	root.Flags().SetInterspersed(false)
	return root
}

// globalFlags are those of every verb.
func (a *app) globalFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	addGroup(flags, "Global", func(group *pflag.FlagSet) {
		group.Var(&a.color, "color", "use colour: `WHEN` is auto, always or never")
		group.StringVar(&a.config, "config", "", "read this configuration `FILE` before the usual ones")
		group.BoolP("help", "h", false, "print this help")
	})
	return flags
}

// tree returns loxctl with all verbs and all that completion wants to know
// about them.
func (a *app) tree() *cobra.Command {
	root := a.newRoot()
	for _, v := range verbs() {
		c := v.new(a)
		c.Short = summary(v.name)
		addVerb(root, c)
	}
	for _, c := range append(root.Commands(), root) {
		completeChoices(c)
	}
	return root
}

// addVerb adds c to root. Cobra has a help verb of its own unless it is told
// which of ours is that.
func addVerb(root, c *cobra.Command) {
	if c.Name() == "help" {
		root.SetHelpCommand(c)
	}
	root.AddCommand(c)
}

// Root returns the command tree, for programs that make something of it.
func Root() *cobra.Command { return new(app).tree() }
