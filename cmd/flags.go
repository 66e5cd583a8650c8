package cmd

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/loxctl/loxctl/internal/manual"
)

// groupKey is the annotation that names the group of a flag.
const groupKey = "group"

// addGroup adds the flags that add defines, which help lists together under
// title, in the order of their definition.
func addGroup(to *pflag.FlagSet, title string, add func(*pflag.FlagSet)) {
	to.SortFlags = false
	before := 0
	to.VisitAll(func(*pflag.Flag) { before++ })
	add(to)
	to.VisitAll(func(flag *pflag.Flag) {
		if before--; before < 0 {
			flag.Annotations = map[string][]string{groupKey: {title}}
		}
	})
}

// flagLists describes flags, one list a group.
func flagLists(flags *pflag.FlagSet) []manual.List {
	var lists []manual.List
	at := make(map[string]int)
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Hidden {
			return
		}
		title := ""
		if group := flag.Annotations[groupKey]; len(group) > 0 {
			title = group[0]
		}
		i, ok := at[title]
		if !ok {
			i = len(lists)
			at[title] = i
			lists = append(lists, manual.List{Title: title})
		}
		lists[i].Items = append(lists[i].Items, flagItem(flag))
	})
	return lists
}

// flagItem describes a flag: its names, its value, its usage and what it is
// when it is not given.
func flagItem(flag *pflag.Flag) manual.Item {
	value, usage := pflag.UnquoteUsage(flag)
	term := flagName(flag)
	switch {
	case len(flag.Name) == 1:
	case flag.Shorthand != "":
		term = "-" + flag.Shorthand + ", " + term
	default:
		term = "    " + term
	}
	switch {
	case value == "":
	case flag.NoOptDefVal != "":
		term += "[=" + strings.ToUpper(value) + "]"
	default:
		term += " " + strings.ToUpper(value)
	}
	switch flag.DefValue {
	case "", "0", "0s", "false", "[]":
	default:
		usage += " (default " + flag.DefValue + ")"
	}
	return manual.Item{Term: term, Text: usage}
}

// flagName is how to write a flag. One whose name is a letter has no other.
func flagName(flag *pflag.Flag) string {
	if len(flag.Name) == 1 {
		return "-" + flag.Name
	}
	return "--" + flag.Name
}

// completeChoices lets the shell complete every flag whose value knows its
// choices.
func completeChoices(c *cobra.Command) {
	c.LocalFlags().VisitAll(func(flag *pflag.Flag) {
		if value, ok := flag.Value.(interface{ Choices() []string }); ok {
			// The only error is a second registration, which is the same one.
			_ = c.RegisterFlagCompletionFunc(flag.Name,
				cobra.FixedCompletions(value.Choices(), cobra.ShellCompDirectiveNoFileComp))
		}
	})
	c.Flags().VisitAll(func(flag *pflag.Flag) { flag.Usage = strings.ReplaceAll(flag.Usage, "`", "") })
}
