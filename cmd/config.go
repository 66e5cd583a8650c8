package cmd

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/loxctl/loxctl/internal/config"
)

type configOptions struct {
	origin bool
}

func newConfig(a *app) *cobra.Command {
	var o configOptions
	c := &cobra.Command{
		Use:       "config show",
		Args:      words(1, 1, "what to do is missing: show"),
		ValidArgs: []string{"show"},
		RunE: func(_ *cobra.Command, args []string) error {
			if args[0] != "show" {
				return &usageError{verb: "config", what: args[0], why: "must be show"}
			}
			return a.runConfigShow(o)
		},
	}
	o.addFlags(c.Flags())
	return c
}

func (o *configOptions) addFlags(flags *pflag.FlagSet) {
	addGroup(flags, "Output", func(group *pflag.FlagSet) {
		group.BoolVar(&o.origin, "origin", false, "say where each value comes from")
	})
}

// fill gives the flags of c that were not given what the configuration says.
// Verbs about loxctl itself do without it: they must work when it is broken.
func (a *app) fill(c *cobra.Command) error {
	for _, v := range verbs() {
		if v.name != c.Name() || !v.filled {
			continue
		}
		settings, err := a.settings()
		if err != nil {
			return configError(err)
		}
		return configError(settings.Fill(v.name, c.Flags()))
	}
	return nil
}

func (a *app) settings() (config.Settings, error) {
	from := config.Places{File: a.config, Environ: a.environ, System: a.system}
	return config.Load(from, configKeys)
}

// configKeys are the flags that a configuration may set. Defining a flag sets
// it, so these get an app of their own.
func configKeys() config.Keys {
	a := new(app)
	keys := config.Keys{"": a.globalFlags()}
	for _, v := range verbs() {
		if v.filled {
			keys[v.name] = v.new(a).Flags()
		}
	}
	return keys
}

// configError adds advice to an error of the configuration.
func configError(err error) error {
	var key *config.KeyError
	if !errors.As(err, &key) {
		return err
	}
	hint := didYouMean("", key.Name, key.Allowed)
	if hint == "" {
		hint = "keys are the long names of flags, see loxctl help config"
	}
	return &usageError{why: err.Error(), hint: hint}
}

// runConfigShow prints the values that every verb would start with if no flag
// was given.
func (a *app) runConfigShow(o configOptions) error {
	settings, err := a.settings()
	if err != nil {
		return configError(err)
	}
	var text strings.Builder
	columns := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, v := range verbs() {
		if !v.filled {
			continue
		}
		scratch := new(app)
		flags := v.new(scratch).Flags()
		flags.AddFlagSet(scratch.globalFlags())
		if err := settings.Fill(v.name, flags); err != nil {
			return err
		}
		flags.VisitAll(func(flag *pflag.Flag) {
			if config.Settable(flag) {
				fmt.Fprintln(columns, o.line(settings, v.name, flag))
			}
		})
	}
	columns.Flush()
	return a.print(text.String())
}

// line describes a flag of verb that has been filled.
func (o configOptions) line(settings config.Settings, verb string, flag *pflag.Flag) string {
	value := flag.Value.String()
	if value == "" || strings.ContainsAny(value, ` "`) {
		value = strconv.Quote(value)
	}
	line := verb + "." + flag.Name + " = " + printable(value)
	if !o.origin {
		return line
	}
	origin := "default"
	if from, ok := settings.Lookup(verb, flag); ok {
		origin = from.Origin
	}
	return line + "\t" + origin
}
