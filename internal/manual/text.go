package manual

import (
	"cmp"
	"strings"
	"unicode/utf8"
)

// Text returns the page as a terminal shows it, lists wrapped at width.
// Headings go through heading, which may make them stand out.
func (p Page) Text(width int, heading func(string) string) string {
	var b strings.Builder
	b.WriteString(p.Name + " - " + p.Summary + "\n")
	for _, section := range p.Sections {
		b.WriteString("\n" + heading(section.Title) + "\n")
		for i, block := range section.Blocks {
			if i > 0 {
				b.WriteByte('\n')
			}
			block.text(&b, width)
		}
	}
	return b.String()
}

func (b Block) text(to *strings.Builder, width int) {
	for _, line := range b.Lines {
		to.WriteString(margin + line + "\n")
	}
	column := column(b.Lists)
	for i, list := range b.Lists {
		indent := margin
		if list.Title != "" {
			if i > 0 {
				to.WriteByte('\n')
			}
			to.WriteString(margin + list.Title + "\n")
			indent += margin
		}
		for _, item := range list.Items {
			item.text(to, indent, column, width)
		}
	}
}

// widest is how far terms may push what is said about them to the right;
// behind a longer one the text starts on a line of its own.
const widest = 26

// column is the width of the terms of all lists together, so that they line up.
func column(lists []List) int {
	width := 0
	for _, list := range lists {
		for _, item := range list.Items {
			if n := utf8.RuneCountInString(item.Term); n <= widest {
				width = max(width, n)
			}
		}
	}
	return cmp.Or(width, widest)
}

func (it Item) text(to *strings.Builder, indent string, column, width int) {
	hang := indent + strings.Repeat(" ", column) + margin
	to.WriteString(indent + it.Term)
	used := utf8.RuneCountInString(it.Term)
	if used > column {
		to.WriteString("\n" + hang)
	} else {
		to.WriteString(strings.Repeat(" ", column-used) + margin)
	}
	to.WriteString(strings.Join(wrap(it.Text, width-len(hang)), "\n"+hang) + "\n")
}

// wrap breaks text into lines of at most width characters. A word that is
// longer gets a line of its own.
func wrap(text string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		if used > 0 && used+1+n > width {
			lines = append(lines, line)
			line, used = "", 0
		}
		if used > 0 {
			line += " "
			used++
		}
		line += word
		used += n
	}
	return append(lines, line)
}
