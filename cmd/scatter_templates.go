package cmd

import (
	"slices"
	"strings"

	"github.com/loxctl/loxctl/engine/command"
	"github.com/loxctl/loxctl/internal/sink"
	"github.com/loxctl/loxctl/internal/source"
	"github.com/loxctl/loxctl/internal/template"
)

// templates are all texts of a run that have placeholders.
type templates struct {
	command *template.Template
	tag     *template.Text
	workdir *template.Text   // nil: none, or a new one for each job
	env     []*template.Text // NAME=VALUE
	holds   []holdTemplate   // what a job holds
	area    int              // of the kernel, for a command line without the environment
}

func (o *scatterOptions) compile(a *app, words []string, src *source.Source) (*templates, error) {
	opt := template.Options{
		Replace: o.command.replace, Shell: o.command.shellPath(a), Quote: o.command.quote,
		Names: src.Names(), Width: src.Width(), Fixed: o.input.stdin,
		Indexes: o.pool.indexes(),
	}
	switch {
	case o.command.noShell:
		opt.Mode = template.NoShell
	case o.command.shell != "":
		opt.Mode = template.Shell
	}
	switch {
	case o.batch.packs() || o.batch.batchSize > 1:
		opt.Width = 0
		if o.batch.maxArgs > 0 || o.batch.n > 0 {
			opt.Width = o.batch.batchSize * src.Width()
		}
	case o.batch.hasN && o.batch.n == 0:
		opt.Fixed = true
	}
	if o.batch.repeat {
		opt.List = template.Repeat
	}
	t := &templates{area: command.ArgArea(a.environ)}
	var err error
	if t.command, err = template.Compile(words, opt); err != nil {
		return nil, err
	}
	if err := t.compileHolds(&o.pool, opt); err != nil {
		return nil, err
	}
	return t, t.compileTexts(o, opt)
}

func (t *templates) compileTexts(o *scatterOptions, opt template.Options) (err error) {
	tag := o.output.tagString
	if o.output.tag {
		tag = opt.Replace
	}
	if tag != "" {
		if t.tag, err = template.CompileText(tag, opt); err != nil {
			return err
		}
	}
	if dir := o.command.workdir; dir != "" && dir != "..." {
		if t.workdir, err = template.CompileText(dir, opt); err != nil {
			return err
		}
	}
	for _, variable := range o.command.env {
		if !strings.Contains(variable, "=") {
			continue
		}
		text, err := template.CompileText(variable, opt)
		if err != nil {
			return err
		}
		t.env = append(t.env, text)
	}
	return nil
}

// tagger returns what makes the tag of a job; nil if there are none.
func (t *templates) tagger(values func(*sink.Job) *template.Values) sink.Tag {
	if t.tag == nil {
		return nil
	}
	return func(j *sink.Job) []byte { return append(t.tag.Append(nil, values(j)), '\t') }
}

// needTotal reports whether one of them has the number of jobs.
func (t *templates) needTotal() bool {
	need := func(text *template.Text) bool { return text != nil && text.NeedsTotal() }
	return t.command.NeedsTotal() || need(t.tag) || need(t.workdir) || slices.ContainsFunc(t.env, need) ||
		slices.ContainsFunc(t.holds, func(h holdTemplate) bool { return need(h.name) })
}

// shellPath is the shell that shell lines are for.
func (o *commandOptions) shellPath(a *app) string {
	if o.shell != "" && o.shell != "default" {
		return o.shell
	}
	if path := a.getenv("LOXCTL_SHELL"); path != "" {
		return path
	}
	return "/bin/sh"
}

// environment checks the variables that --env only names.
func (o *commandOptions) environment(environ []string) ([]string, error) {
	for _, variable := range o.env {
		name, _, hasValue := strings.Cut(variable, "=")
		switch {
		case name == "":
			return nil, scatterError("--env", "\""+variable+"\" has no name before the =")
		case hasValue:
			continue
		}
		if !isSet(environ, name) {
			return nil, scatterError("--env", name+" is not set: write "+name+"=VALUE")
		}
	}
	return environ, nil
}

func isSet(environ []string, name string) bool {
	for _, entry := range environ {
		if strings.HasPrefix(entry, name+"=") {
			return true
		}
	}
	return false
}
