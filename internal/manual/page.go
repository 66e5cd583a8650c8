// Package manual is the form of a help text: one source that --help prints
// and that a man page is made of.
//
// A source is plain text as a reader sees it. Its first line is
// "NAME - SUMMARY", a heading is a line in capitals that starts at the margin,
// and everything below a heading is indented by two blanks. A block of lines
// that is indented further, or that holds a command behind "$ ", stands as it
// is; other blocks are paragraphs. A line that is only "@word" is a place for
// lists that the program knows better than a text: flags, verbs, exit codes.
package manual

import (
	"strings"
)

// A Page is one help text.
type Page struct {
	Name     string // "loxctl scatter", or of a topic its word alone
	Summary  string // what it is, in one line
	Sections []Section
}

// A Section is a heading and what stands below it.
type Section struct {
	Title  string
	Blocks []Block
}

// A Block is either some lines of text, without the margin of two blanks, or
// the lists that took the place of an "@word".
type Block struct {
	Lines []string
	Lists []List
}

// A List is a group of things that are explained one by one.
type List struct {
	Title string // "" if the list needs none
	Items []Item
}

// An Item is a term and what it means.
type Item struct {
	Term, Text string
}

const margin = "  "

// Parse reads the source of a page. For every "@word" it asks fill for the
// lists to put there.
func Parse(source string, fill func(word string) []List) Page {
	head, body, _ := strings.Cut(source, "\n")
	var page Page
	page.Name, page.Summary, _ = strings.Cut(head, " - ")

	var block []string
	end := func() {
		if len(block) == 0 || len(page.Sections) == 0 {
			return
		}
		section := &page.Sections[len(page.Sections)-1]
		section.Blocks = append(section.Blocks, newBlock(block, fill))
		block = nil
	}
	for line := range strings.Lines(body) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "":
			end()
		case line[0] != ' ':
			end()
			page.Sections = append(page.Sections, Section{Title: line})
		default:
			block = append(block, strings.TrimPrefix(line, margin))
		}
	}
	end()
	return page
}

func newBlock(lines []string, fill func(word string) []List) Block {
	if word, ok := strings.CutPrefix(lines[0], "@"); ok && len(lines) == 1 {
		return Block{Lists: fill(word)}
	}
	return Block{Lines: lines}
}

// Section returns the section with that title; without one it is empty.
func (p Page) Section(title string) Section {
	for _, s := range p.Sections {
		if s.Title == title {
			return s
		}
	}
	return Section{Title: title}
}

// Literal tells whether the lines of a block must stay as they are, because
// they are a table, an example or a command.
func (b Block) Literal() bool {
	for _, line := range b.Lines {
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "$ ") {
			return true
		}
	}
	return false
}

// An Example is a command of a page and what it prints.
type Example struct {
	Command, Output string
}

// Examples returns the commands of the section EXAMPLES. A command is a line
// behind "$ ", continued while lines end in a backslash; what follows, up to
// the next command or a blank line, is its output.
func (p Page) Examples() []Example {
	var examples []Example
	for _, block := range p.Section("EXAMPLES").Blocks {
		shown := false // whether this block has had a command
		for _, line := range block.Lines {
			command, isCommand := strings.CutPrefix(line, "$ ")
			if isCommand {
				examples = append(examples, Example{Command: command})
				shown = true
				continue
			}
			if !shown {
				continue
			}
			last := &examples[len(examples)-1]
			if last.Output == "" && strings.HasSuffix(last.Command, `\`) {
				last.Command += "\n" + line
				continue
			}
			last.Output += line + "\n"
		}
	}
	return examples
}
