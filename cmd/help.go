package cmd

import (
	"embed"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/loxctl/loxctl/internal/manual"
	"github.com/loxctl/loxctl/internal/term"
)

// helpTexts hold a page for loxctl, for every verb and for every topic.
//
//go:embed help/*.txt
var helpTexts embed.FS

// topics are the pages that are not about a verb.
func topics() []string {
	return []string{"placeholders", "stages", "locks", "pipes", "exit-codes", "signals", "environment"}
}

// newHelp is the verb "help": it prints a page.
func newHelp(a *app) *cobra.Command {
	return &cobra.Command{
		Use:  "help [VERB|TOPIC]",
		Args: words(0, 1, ""),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.showPage("loxctl")
			}
			return a.runHelp(args[0])
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return pageNames(), cobra.ShellCompDirectiveNoFileComp
		},
	}
}

func (a *app) runHelp(name string) error {
	names := pageNames()
	if !slices.Contains(names, name) {
		return &usageError{verb: "help", what: name, why: "no such verb or topic",
			hint: didYouMean("loxctl help ", name, names)}
	}
	return a.showPage(name)
}

// pageNames are the verbs and the topics.
func pageNames() []string {
	var names []string
	for _, v := range verbs() {
		names = append(names, v.name)
	}
	return append(names, topics()...)
}

// showPage prints a page, not wider than can be read with ease.
func (a *app) showPage(name string) error {
	width := min(term.Width(a.stdout), 100)
	return a.print(page(name).Text(width, a.style(a.stdout).Bold))
}

// page reads the page of loxctl, of a verb or of a topic.
func page(name string) manual.Page {
	return manual.Parse(helpText(name), func(word string) []manual.List { return lists(name, word) })
}

// summary is the one line about a page.
func summary(name string) string {
	head, _, _ := strings.Cut(helpText(name), "\n")
	return manual.Parse(head, nil).Summary
}

func helpText(name string) string {
	text, err := helpTexts.ReadFile("help/" + name + ".txt")
	if err != nil {
		panic(err) // a verb or topic without a text
	}
	return string(text)
}

// lists returns what stands in place of "@word" on the page of that name.
func lists(name, word string) []manual.List {
	switch word {
	case "flags":
		return flagsOf(name)
	case "verbs":
		return verbLists()
	case "topics":
		return []manual.List{{Items: pageItems(topics())}}
	case "exits":
		return []manual.List{exitList()}
	}
	panic("help/" + name + ".txt: unknown @" + word)
}

// flagsOf describes the flags of loxctl or a verb, and those that all have.
// Defining a flag sets it, so these get an app of their own.
func flagsOf(name string) []manual.List {
	a := new(app)
	flags := a.newRoot().LocalNonPersistentFlags()
	for _, v := range verbs() {
		if v.name == name {
			flags = v.new(a).Flags()
		}
	}
	flags.AddFlagSet(a.globalFlags())
	return flagLists(flags)
}

// verbLists describes the verbs, one list a group.
func verbLists() []manual.List {
	var lists []manual.List
	for _, v := range verbs() {
		if len(lists) == 0 || lists[len(lists)-1].Title != v.group {
			lists = append(lists, manual.List{Title: v.group})
		}
		last := &lists[len(lists)-1]
		last.Items = append(last.Items, pageItems([]string{v.name})...)
	}
	return lists
}

// pageItems describes pages by their summaries.
func pageItems(names []string) []manual.Item {
	var items []manual.Item
	for _, name := range names {
		items = append(items, manual.Item{Term: name, Text: summary(name)})
	}
	return items
}

func exitList() manual.List {
	var list manual.List
	for _, e := range exits {
		list.Items = append(list.Items, manual.Item{Term: e.label(), Text: e.meaning})
	}
	return list
}

// ManPages returns the man pages of loxctl, its verbs and its topics by the
// names of their files.
func ManPages() map[string]string {
	pages := map[string]string{"loxctl.1": page("loxctl").Man(1)}
	for _, v := range verbs() {
		pages["loxctl-"+v.name+".1"] = page(v.name).Man(1)
	}
	for _, topic := range topics() {
		pages["loxctl-"+topic+".7"] = page(topic).Man(7)
	}
	return pages
}
