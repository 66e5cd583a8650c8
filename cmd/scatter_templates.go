package cmd

import (
	"slices"
	"strings"

	"github.com/loxctl/loxctl/engine/command"
	"github.com/loxctl/loxctl/internal/chain"
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

// firstNamed is the set of the first stage that a template can name. Before it
// come the job's own values, and those of the record.
const firstNamed = 2

func (o *scatterOptions) compile(a *app, set *stageSet, s *stageSpec, src *source.Source) (*templates, error) {
	c := &s.opt.command
	opt := template.Options{
		Replace: c.replace, Shell: c.shellPath(a), Quote: c.quote,
		Fixed: s.opt.link.stdin, Indexes: s.opt.pool.indexes(),
	}
	switch {
	case c.noShell:
		opt.Mode = template.NoShell
	case c.shell != "":
		opt.Mode = template.Shell
	}
	record := o.ofRecord(opt, src)
	switch {
	case s.node.TakesRecords():
		opt = record
	case len(s.node.From) > 1:
		opt.Width = len(s.node.From)
	default:
		opt.Fields = s.opt.link.unpack == chain.JSON
	}
	if len(set.stages) > 1 {
		set.nameSets(&opt, s, record)
	}
	t := &templates{area: command.ArgArea(a.environ)}
	var err error
	if t.command, err = template.Compile(s.words, opt); err != nil {
		return nil, err
	}
	if err := t.compileHolds(&s.opt.pool, opt); err != nil {
		return nil, err
	}
	if err := t.compileTexts(c, opt); err != nil {
		return nil, err
	}
	if t.needTotal() && s.node.Series.Pieces != nil {
		return nil, scatterError("{##}", "nobody knows how many jobs --each makes")
	}
	record.Replace = o.first.command.replace
	return t, o.output.compileTag(t, record)
}

// ofRecord is opt for what is put together of records.
func (o *scatterOptions) ofRecord(opt template.Options, src *source.Source) template.Options {
	opt.Names, opt.Width = src.Names(), src.Width()
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
	return opt
}

// nameSets lets the templates of s name the record and the results of stages
// before it, and refuses what does not reach it.
func (set *stageSet) nameSets(opt *template.Options, s *stageSpec, record template.Options) {
	opt.Absent = make(map[string]string)
	for _, other := range set.graph.Stages {
		if other.Name != "" {
			opt.Absent[other.Name] = "nothing of this stage comes here: --from says whose results a stage takes"
		}
	}
	if s.node.TakesRecords() {
		opt.Self = chain.Record
		return
	}
	opt.Sets = []template.Set{{Name: chain.Record, Columns: record.Names, Width: record.Width}}
	for _, b := range s.named() {
		opt.Sets = append(opt.Sets, template.Set{Name: b.Name, Fields: s.opt.link.unpack == chain.JSON})
		delete(opt.Absent, b.Name)
	}
}

// compileTag reads --tag or --tagstring: it is about the record, whatever the
// stage.
func (o *outputOptions) compileTag(t *templates, opt template.Options) (err error) {
	tag := o.tagString
	if o.tag {
		tag = opt.Replace
	}
	if tag != "" {
		t.tag, err = template.CompileText(tag, opt)
	}
	return err
}

func (t *templates) compileTexts(o *commandOptions, opt template.Options) (err error) {
	if dir := o.workdir; dir != "" && dir != "..." {
		if t.workdir, err = template.CompileText(dir, opt); err != nil {
			return err
		}
	}
	for _, variable := range o.env {
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

// needTotal reports whether one of them has the number of jobs.
func (t *templates) needTotal() bool {
	return t.command.NeedsTotal() || t.anyText((*template.Text).NeedsTotal) || t.tag != nil && t.tag.NeedsTotal()
}

// uses reports whether one of them, which are not the tag, has values of a set.
func (t *templates) uses(set int) bool {
	return t.command.Uses(set) || t.anyText(func(text *template.Text) bool { return text.Uses(set) })
}

// anyText reports whether one of the texts is what is asked for.
func (t *templates) anyText(is func(*template.Text) bool) bool {
	return t.workdir != nil && is(t.workdir) || slices.ContainsFunc(t.env, is) ||
		slices.ContainsFunc(t.holds, func(h holdTemplate) bool { return is(h.name) })
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
