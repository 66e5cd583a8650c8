package manual

import (
	"fmt"
	"strings"
)

// Man returns the page in the macros of man(7), for section chapter of the
// manual. It carries no date: the same source gives the same bytes.
func (p Page) Man(chapter int) string {
	name := strings.ReplaceAll(p.Name, " ", "-")
	if !strings.HasPrefix(name, "loxctl") {
		name = "loxctl-" + name
	}
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s %d \"\" loxctl \"loxctl manual\"\n", roff(strings.ToUpper(name)), chapter)
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(name), roff(p.Summary))
	for _, section := range p.Sections {
		fmt.Fprintf(&b, ".SH \"%s\"\n", roff(section.Title))
		for i, block := range section.Blocks {
			block.man(&b, i == 0, section.Title == "SYNOPSIS")
		}
	}
	return b.String()
}

// man writes a block; literal keeps its lines whatever they look like.
func (b Block) man(to *strings.Builder, first, literal bool) {
	for _, list := range b.Lists {
		list.man(to)
	}
	switch {
	case len(b.Lines) == 0:
	case literal || b.Literal():
		if !first {
			to.WriteString(".PP\n")
		}
		to.WriteString(".EX\n" + text(b.Lines) + ".EE\n")
	default:
		if !first {
			to.WriteString(".PP\n")
		}
		to.WriteString(text(b.Lines))
	}
}

func (l List) man(to *strings.Builder) {
	if l.Title != "" {
		fmt.Fprintf(to, ".SS \"%s\"\n", roff(l.Title))
	}
	for _, item := range l.Items {
		fmt.Fprintf(to, ".TP\n\\fB%s\\fR\n%s", roff(strings.TrimSpace(item.Term)), text([]string{item.Text}))
	}
}

// text returns lines of text, none of which can be taken for a request.
func text(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		line = roff(line)
		if strings.HasPrefix(line, ".") {
			line = `\&` + line
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// roff escapes what the formatter would read as something else than itself.
// Hyphens and quotes become the characters that can be pasted into a shell,
// and what is not ASCII gets its name, because formatters differ in the
// encoding they expect.
func roff(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch name := escapes[r]; {
		case name != "":
			b.WriteString(name)
		case r > '~':
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

var escapes = map[rune]string{
	'\\': `\(rs`,
	'-':  `\-`,
	'\'': `\(aq`,
	'`':  `\(ga`,
	'^':  `\(ha`,
	'~':  `\(ti`,
	'"':  `\(dq`,
}
