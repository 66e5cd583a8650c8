package cmd

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/loxctl/loxctl/pipes"
)

// addCompletion lets the shell complete what stands behind the verb, names
// with what there is of them.
func (o *pipeOptions) addCompletion(a *app, c *cobra.Command) {
	c.ValidArgsFunction = func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		return o.complete(a, c.Flags(), args, word)
	}
	for flag, groups := range map[string]bool{"as": false, "out": false, "group": true} {
		if c.Flags().Lookup(flag) == nil {
			continue
		}
		// The only error is a second registration.
		_ = c.RegisterFlagCompletionFunc(flag, func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			_ = o.parse(c.Flags(), args) // it cannot be right yet
			return o.subscribers(a, groups, word), cobra.ShellCompDirectiveNoFileComp
		})
	}
	c.Flags().SetAnnotation("home", cobra.BashCompSubdirsInDir, nil)
}

// complete returns the words that may stand behind args.
func (o *pipeOptions) complete(a *app, flags *pflag.FlagSet, args []string, word string) ([]string, cobra.ShellCompDirective) {
	_ = o.parse(flags, args) // it cannot be right yet
	if len(args) == 0 {
		return beginning(o.actionNames(), word), cobra.ShellCompDirectiveNoFileComp
	}
	forms, n := strings.Fields(o.action.words), len(args)-1
	if n < len(forms) {
		return o.completeForm(a, strings.Trim(forms[n], "[]"), word)
	}
	if o.action.command { // whose -- cannot be told from one that cobra adds
		return nil, cobra.ShellCompDirectiveDefault
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// completeForm returns what can stand where the action has form.
func (o *pipeOptions) completeForm(a *app, form, word string) ([]string, cobra.ShellCompDirective) {
	var choices []string
	switch form {
	case "NAME":
		if o.action.name != "create" || o.create.update {
			choices = o.pipeNames(a, word)
		}
	case "DIR":
		return nil, cobra.ShellCompDirectiveFilterDirs
	case "POSITION":
		choices = beginning([]string{"start", "now"}, word)
	case "INPUT":
		if o.action.name == "put" {
			choices = beginning(o.look(a).Inputs, word)
		}
	case "JID":
		choices = o.pendingJobs(a, word)
	}
	return choices, cobra.ShellCompDirectiveNoFileComp
}

// beginning are the words that begin with word.
func beginning(words []string, word string) (some []string) {
	for _, w := range words {
		if strings.HasPrefix(w, word) && len(some) < mostNames {
			some = append(some, w)
		}
	}
	return some
}

// pipeNames are those that begin with word, each with what there is of it.
func (o *pipeOptions) pipeNames(a *app, word string) (choices []string) {
	_ = a.lookAtPipes(&o.place, func(dir *pipes.Dir) error {
		return pipesOf(dir, func(kind pipes.Kind) bool { return kind == o.kind() })(func(info *pipes.Info) {
			if strings.HasPrefix(info.Name, word) && len(choices) < mostNames {
				choices = append(choices, info.Name+"\t"+pipeDetail(info))
			}
		})
	})
	return choices
}

// look tells about the one that is named, nothing if there is none.
func (o *pipeOptions) look(a *app) (info pipes.Info) {
	_ = a.lookAtPipes(&o.place, func(dir *pipes.Dir) (err error) {
		if dir != nil {
			info, err = pipeInfo(dir, o.kind(), o.nameSoFar())
		}
		return err
	})
	return info
}

// nameSoFar is the name on a command line that is not complete yet.
func (o *pipeOptions) nameSoFar() string {
	if o.name == "" && len(o.words) > 0 {
		return o.words[0]
	}
	return o.name
}

// subscribers are the names of subscribers, or of groups, that begin with word.
func (o *pipeOptions) subscribers(a *app, groups bool, word string) (choices []string) {
	info := o.look(a)
	for i := range info.Subscribers {
		s := &info.Subscribers[i]
		if s.Group == groups && s.Name != "" && strings.HasPrefix(s.Name, word) {
			choices = append(choices, s.Name+"\t"+subscriberDetail(s))
		}
	}
	return choices
}

// pendingJobs are the jobs that are not complete and begin with word.
func (o *pipeOptions) pendingJobs(a *app, word string) (choices []string) {
	_ = a.lookAtPipes(&o.place, func(dir *pipes.Dir) error {
		if dir == nil {
			return nil
		}
		join, err := dir.Funnel(o.nameSoFar())
		if err != nil {
			return err
		}
		jobs, err := join.Pending()
		for _, job := range jobs {
			if job.Job != "" && strings.HasPrefix(job.Job, word) && len(choices) < mostNames {
				choices = append(choices, job.Job)
			}
		}
		return err
	})
	return choices
}
