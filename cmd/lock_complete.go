package cmd

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/loxctl/loxctl/internal/hold"
)

// addCompletion lets the shell complete what stands behind the verb, names
// with who holds them.
func (o *lockOptions) addCompletion(a *app, c *cobra.Command) {
	c.ValidArgsFunction = func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		return o.complete(a, c.Flags(), args, word)
	}
	// The only error is a second registration.
	if c.Flags().Lookup("over") != nil {
		_ = c.RegisterFlagCompletionFunc("over", func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
			return o.names(a, word), cobra.ShellCompDirectiveNoFileComp
		})
	}
	c.Flags().SetAnnotation("home", cobra.BashCompSubdirsInDir, nil)
}

// complete returns the words that may stand behind args.
func (o *lockOptions) complete(a *app, flags *pflag.FlagSet, args []string, word string) ([]string, cobra.ShellCompDirective) {
	_ = o.parse(flags, args) // it cannot be right yet
	switch {
	case len(o.Words) > 0 || flags.ArgsLenAtDash() >= 0 && o.Name != "":
		return nil, cobra.ShellCompDirectiveDefault
	case strings.HasPrefix(word, "-"):
		return o.flagsLike(flags, word), cobra.ShellCompDirectiveNoFileComp
	case o.Name != "" && o.action == actionRun:
		return nil, cobra.ShellCompDirectiveDefault
	case o.Name != "":
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	choices := o.names(a, word)
	if o.action == actionRun {
		for _, action := range actionsOf(o.Verb) {
			if strings.HasPrefix(string(action), word) {
				choices = append(choices, string(action))
			}
		}
	}
	return choices, cobra.ShellCompDirectiveNoFileComp
}

// flagsLike are the flags that begin with word.
func (o *lockOptions) flagsLike(flags *pflag.FlagSet, word string) []string {
	var choices []string
	flags.VisitAll(func(flag *pflag.Flag) {
		if name := "--" + flag.Name; strings.HasPrefix(name, word) && !flag.Hidden {
			choices = append(choices, name+"\t"+flag.Usage)
		}
	})
	return choices
}

// mostNames is how many names the shell is given with their holders.
const mostNames = 200

// names are those that begin with word, each with who holds it.
func (o *lockOptions) names(a *app, word string) []string {
	dir, err := a.lookAt(&o.Place)
	if dir == nil || err != nil {
		return nil
	}
	all, err := dir.Names(o.Kind())
	if err != nil {
		return nil
	}
	var choices []string
	for _, name := range all {
		if !strings.HasPrefix(name, word) || len(choices) == mostNames {
			continue
		}
		of := &lockOptions{Options: hold.Options{Verb: o.Verb, Name: name}}
		choices = append(choices, name+"\t"+of.holdersOr(dir, "free"))
	}
	return choices
}
