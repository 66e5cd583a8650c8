package cmd

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/loxctl/loxctl/internal/chain"
	"github.com/loxctl/loxctl/internal/sink"
	"github.com/loxctl/loxctl/internal/source"
)

// stageSet is the stages of a run as the command line describes them.
type stageSet struct {
	graph  *chain.Graph
	stages []stageSpec
}

// stageSpec is one of them.
type stageSpec struct {
	node      *chain.Stage
	opt       *stageOptions
	words     []string // the command
	templates *templates
	takes     []*chain.Stage // whose results the jobs need
	output    sink.Output
}

// newStageSet reads the flags and commands of all stages.
func (a *app) newStageSet(o *scatterOptions, commands [][]string) (*stageSet, error) {
	set := new(stageSet)
	var specs []chain.Spec
	for i, words := range commands {
		opt := &o.first
		if i > 0 {
			opt = new(stageOptions)
			var err error
			if words, err = a.parseStage(opt, i+1, words); err != nil {
				return nil, err
			}
		}
		if len(words) > 0 && strings.TrimSpace(words[0]) == "" {
			return nil, ofStage(i+1, &usageError{verb: "scatter", what: strconv.Quote(words[0]), why: "is no command",
				hint: "without any word, each record is a command line of its own"})
		}
		set.stages = append(set.stages, stageSpec{opt: opt, words: words})
		specs = append(specs, chain.Spec{Name: opt.link.name, From: opt.link.from, Each: opt.link.each})
	}
	return set, set.link(specs, o)
}

// link finds out how they hang together.
func (set *stageSet) link(specs []chain.Spec, o *scatterOptions) error {
	graph, err := chain.New(specs)
	if at := new(chain.Error); errors.As(err, &at) {
		return ofStage(at.Stage, &usageError{
			verb: "scatter", what: strings.TrimSpace("--" + at.Flag + " " + at.What), why: at.Why, hint: at.Hint,
		})
	}
	set.graph = graph
	for i := range set.stages {
		set.stages[i].node = graph.Stages[i]
		if err := set.stages[i].checkLink(); err != nil {
			return ofStage(i+1, err)
		}
	}
	if len(graph.Series) > 1 && o.failing.halt.percent > 0 {
		return scatterError("--halt", "a percentage needs the number of all jobs, which --each makes unknown")
	}
	return set.checkGather(o.output.gather)
}

// checkLink finds flags about results in a stage that takes none.
func (s *stageSpec) checkLink() error {
	l := &s.opt.link
	if !s.node.TakesRecords() {
		return nil
	}
	switch {
	case l.whole:
		return scatterError("--no-unpack", "the stage takes records, there is no result to unpack")
	case l.unpack != chain.Tabs:
		return scatterError("--unpack", "the stage takes records, there is no result to unpack")
	}
	return nil
}

func (set *stageSet) checkGather(names []string) error {
	for _, name := range names {
		if set.find(name) == nil {
			return scatterError("--gather", name+": no stage has this name")
		}
	}
	return nil
}

// find returns the stage of that name or number.
func (set *stageSet) find(name string) *chain.Stage {
	i := slices.IndexFunc(set.graph.Stages, func(s *chain.Stage) bool { return s.Label() == name })
	if i < 0 {
		return nil
	}
	return set.graph.Stages[i]
}

// recordsOnStdin reports whether some jobs get a record on stdin.
func (set *stageSet) recordsOnStdin() bool {
	return slices.ContainsFunc(set.stages, func(s stageSpec) bool { return s.node.TakesRecords() && s.opt.link.stdin })
}

// compile reads the templates of all stages, and with them what they take.
func (set *stageSet) compile(a *app, o *scatterOptions, src *source.Source) error {
	for i := range set.stages {
		s := &set.stages[i]
		t, err := o.compile(a, set, s, src)
		if err != nil {
			return ofStage(i+1, templateError(err))
		}
		s.templates = t
		s.takes = s.taken()
	}
	for i := range set.stages {
		set.stages[i].output = set.outputOf(&set.stages[i], &o.output)
	}
	return nil
}

// named are the stages whose results the templates of a stage can name, in the
// order of the sets behind that of the record.
func (s *stageSpec) named() []*chain.Stage {
	return slices.DeleteFunc(s.node.Before(), func(b *chain.Stage) bool { return b.Name == "" })
}

// taken are the stages whose results the jobs of s need.
func (s *stageSpec) taken() []*chain.Stage {
	var taken []*chain.Stage
	if s.opt.link.stdin || s.templates.uses(0) {
		taken = append(taken, s.node.From...)
	}
	if s.node.Each {
		taken = nil // it has the pieces
	}
	for i, b := range s.named() {
		if s.templates.uses(firstNamed+i) && !slices.Contains(taken, b) {
			taken = append(taken, b)
		}
	}
	return taken
}

// outputOf decides what becomes of the stdout of a stage: shown, kept for other
// stages that need it, or neither.
func (set *stageSet) outputOf(s *stageSpec, o *outputOptions) sink.Output {
	shown := len(s.node.To) == 0 || o.json
	if len(o.gather) > 0 {
		shown = slices.ContainsFunc(o.gather, func(name string) bool { return set.find(name) == s.node })
	}
	needed := slices.ContainsFunc(set.stages, func(other stageSpec) bool {
		return slices.Contains(other.takes, s.node) || other.node.Each && other.node.From[0] == s.node
	})
	switch {
	case o.dryRun:
		return sink.Shown
	case shown && needed:
		return sink.PassedAndShown
	case shown:
		return sink.Shown
	case needed:
		return sink.Passed
	}
	return sink.Dropped
}

// labelled reports whether output is shown of several stages, so that its lines
// must say of which.
func (set *stageSet) labelled(o *outputOptions) bool {
	shown := 0
	for _, s := range set.stages {
		if s.output == sink.Shown || s.output == sink.PassedAndShown {
			shown++
		}
	}
	return shown > 1 && !o.json && !o.dryRun
}
