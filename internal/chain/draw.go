package chain

import (
	"fmt"
	"io"
	"strings"
)

// Caption is what is written about a stage in a drawing.
type Caption struct {
	How     string // how it runs: 10 at once
	Command string
}

// WriteText draws the graph as a tree. A stage that takes the results of several
// stands under the last of them and says so.
func (g *Graph) WriteText(w io.Writer, about func(*Stage) Caption) error {
	b := new(strings.Builder)
	b.WriteString("records\n")
	g.branch(b, nil, "", about)
	_, err := io.WriteString(w, b.String())
	return err
}

// under are the stages that stand under from in a tree; nil are the records.
func (g *Graph) under(from *Stage) []*Stage {
	var all []*Stage
	for _, s := range g.Stages {
		var last *Stage
		for _, f := range s.From {
			if last == nil || f.Number > last.Number {
				last = f
			}
		}
		if last == from {
			all = append(all, s)
		}
	}
	return all
}

func (g *Graph) branch(b *strings.Builder, from *Stage, indent string, about func(*Stage) Caption) {
	all := g.under(from)
	for i, s := range all {
		sign, more := "├── ", "│   "
		if i == len(all)-1 {
			sign, more = "└── ", "    "
		}
		c := about(s)
		fmt.Fprintf(b, "%s%s%s (%s): %s\n", indent, sign, s.title(), s.how(c.How), c.Command)
		g.branch(b, s, indent+more, about)
	}
}

// title is the number and the name.
func (s *Stage) title() string { return strings.TrimSpace(fmt.Sprintf("%d %s", s.Number, s.Name)) }

// how adds to how a stage runs what it takes, if that is special.
func (s *Stage) how(how string) string {
	switch {
	case s.Each:
		return "each line, " + how
	case len(s.From) > 1:
		var names []string
		for _, f := range s.From {
			names = append(names, f.Label())
		}
		return "from " + strings.Join(names, " and ") + ", " + how
	}
	return how
}

// Sizes of a drawing, in pixels.
const (
	boxWidth, boxHeight = 220, 64
	gapX, gapY          = 60, 24
	margin              = 20
	textWidth           = 30 // characters of a command that a box shows
)

const svgHead = `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="system-ui, sans-serif" font-size="13">
<title>Stages of loxctl scatter</title>
<style>
rect { fill: #fff; stroke: #456; } text { fill: #123; } .how { fill: #678; font-size: 11px; } .command { font-family: ui-monospace, monospace; font-size: 11px; }
path { fill: none; stroke: #89a; stroke-width: 1.5; } .background { fill: #f6f8fa; stroke: none; }
@media (prefers-color-scheme: dark) {
rect { fill: #1c2530; stroke: #9ab; } text { fill: #dde6ee; } .how { fill: #9ab; } path { stroke: #678; } .background { fill: #0d1117; }
}
</style>
<rect class="background" width="100%%" height="100%%"/>
`

// WriteSVG draws the graph as a picture: what takes results stands to the right
// of what gives them.
func (g *Graph) WriteSVG(w io.Writer, about func(*Stage) Caption) error {
	at := g.layout()
	width, height := 0, 0
	for _, p := range at {
		width, height = max(width, p.x+boxWidth+margin), max(height, p.y+boxHeight+margin)
	}
	b := new(strings.Builder)
	fmt.Fprintf(b, svgHead, width, height)
	for _, s := range g.Stages {
		for _, f := range s.From {
			b.WriteString(curve(at[f.Number], at[s.Number]))
		}
		if s.TakesRecords() {
			b.WriteString(curve(at[0], at[s.Number]))
		}
	}
	box(b, at[0], "records", "", "")
	for _, s := range g.Stages {
		c := about(s)
		box(b, at[s.Number], s.title(), s.how(c.How), c.Command)
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// point is the upper left corner of a box.
type point struct{ x, y int }

// layout places the records, 0, and the stages by their numbers: in columns by
// how far they are from the records, each as high as there is room.
func (g *Graph) layout() []point {
	at := make([]point, len(g.Stages)+1)
	column := make([]int, len(g.Stages)+1)
	filled := make(map[int]int) // boxes in a column
	at[0] = point{margin, margin}
	for _, s := range g.Stages {
		column[s.Number] = 1
		row := 0
		for _, f := range s.From {
			column[s.Number] = max(column[s.Number], column[f.Number]+1)
			row = max(row, (at[f.Number].y-margin)/(boxHeight+gapY))
		}
		c := column[s.Number]
		if len(s.From) > 1 {
			row = 0
		}
		row = max(row, filled[c])
		filled[c] = row + 1
		at[s.Number] = point{margin + c*(boxWidth+gapX), margin + row*(boxHeight+gapY)}
	}
	return at
}

func curve(from, to point) string {
	x1, y1 := from.x+boxWidth, from.y+boxHeight/2
	x2, y2 := to.x, to.y+boxHeight/2
	mid := (x1 + x2) / 2
	return fmt.Sprintf("<path d=\"M%d %d C%d %d %d %d %d %d\"/>\n", x1, y1, mid, y1, mid, y2, x2, y2)
}

func box(b *strings.Builder, at point, title, how, command string) {
	shown := []rune(command)
	if len(shown) > textWidth {
		shown = append(shown[:textWidth-1], '…')
	}
	fmt.Fprintf(b, "<g><title>%s</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\"/>", escape(command), at.x, at.y, boxWidth, boxHeight)
	fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\" font-weight=\"bold\">%s</text>", at.x+10, at.y+20, escape(title))
	fmt.Fprintf(b, "<text class=\"how\" x=\"%d\" y=\"%d\">%s</text>", at.x+10, at.y+36, escape(how))
	fmt.Fprintf(b, "<text class=\"command\" x=\"%d\" y=\"%d\">%s</text></g>\n", at.x+10, at.y+53, escape(string(shown)))
}

// escape makes s text of an XML document, in which control characters cannot
// be.
func escape(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xfffe || r == 0xffff {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
}
