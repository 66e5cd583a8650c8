package cmd

import (
	"fmt"
	"os"
	"strings"

	"github.com/loxctl/loxctl/internal/chain"
	"github.com/loxctl/loxctl/internal/template"
)

// checkPlan finds a file that is none of a picture.
func (o *outputOptions) checkPlan() error {
	if o.plan != "" && o.plan != "-" && !strings.HasSuffix(o.plan, ".svg") {
		return scatterError("--plan", o.plan+": a picture is drawn in FILE.svg")
	}
	return nil
}

// drawPlan shows how the stages hang together.
func (a *app) drawPlan(o *scatterOptions, set *stageSet) error {
	b := new(strings.Builder)
	draw := set.graph.WriteText
	if o.output.plan != "-" {
		draw = set.graph.WriteSVG
	}
	if err := draw(b, set.caption); err != nil {
		return err
	}
	if o.output.plan == "-" {
		return a.print(b.String())
	}
	if err := os.WriteFile(o.output.plan, []byte(b.String()), 0o666); err != nil {
		return scatterError("--plan", o.output.plan+": "+reason(err).Error())
	}
	return nil
}

// caption says how a stage runs and what.
func (set *stageSet) caption(node *chain.Stage) chain.Caption {
	s := &set.stages[node.Number-1]
	var how []string
	if n, err := s.opt.pool.jobs.slots(); err == nil {
		how = append(how, fmt.Sprintf("%d at once", n))
	}
	if n := s.opt.tries.retries; n > 0 {
		how = append(how, fmt.Sprintf("%d more tries", n))
	}
	if limit := s.opt.tries.timeout.String(); limit != "" {
		how = append(how, "timeout "+limit)
	}
	return chain.Caption{How: strings.Join(how, ", "), Command: written(s.words)}
}

// written is a command as one would write it, with its placeholders.
func written(words []string) string {
	if len(words) == 0 {
		return "each record"
	}
	if len(words) == 1 {
		return printable(words[0])
	}
	var b []string
	for _, w := range words {
		if w == "" || strings.ContainsAny(w, " \t\n'\"\\$`") {
			w = template.Quote(w)
		}
		b = append(b, printable(w))
	}
	return strings.Join(b, " ")
}
