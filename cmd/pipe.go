package cmd

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/loxctl/loxctl/internal/hold"
	"github.com/loxctl/loxctl/pipes"
)

func newAnnounce(a *app) *cobra.Command { return newPipe(a, "announce") }
func newFunnel(a *app) *cobra.Command   { return newPipe(a, "funnel") }

// pipeOptions are the words and flags of announce and funnel.
type pipeOptions struct {
	verb    string
	action  pipeAction
	name    string
	words   []string // behind the name
	literal bool     // the last of them stood behind --: a - is then no stdin
	command []string // behind --, of an action that runs one
	given   func(flag string) bool

	create pipeSettings
	put    putOptions
	read   readOptions
	other  pipeFlags
	wait   hold.Wait
	place  hold.Place
}

// pipeFlags are those of a single action.
type pipeFlags struct {
	out      []string
	bg       bool
	pending  bool
	expired  bool
	inputs   []string
	noNumber bool // --no-jid
}

func newPipe(a *app, verb string) *cobra.Command {
	o := &pipeOptions{verb: verb, wait: hold.New("").Wait}
	c := &cobra.Command{
		Use: verb + " ACTION NAME [WORD]... [FLAG]... [-- COMMAND]",
		RunE: func(c *cobra.Command, words []string) error {
			if err := o.parse(c.Flags(), words); err != nil {
				return err
			}
			err := o.action.run(a, o)
			if usage := new(usageError); errors.As(err, &usage) {
				return err
			}
			return verbFailed(verb, err)
		},
	}
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return o.flagError(c.Flags(), err) })
	o.addFlags(c.Flags())
	o.addCompletion(a, c)
	return c
}

// A pipeAction is what the word behind the verb asks for.
type pipeAction struct {
	name    string
	words   string // what stands behind it; [X] need not, X... may stand there several times
	flags   string // that it has, besides those of all, with a blank around each
	command bool   // what stands behind -- is a command
	run     func(*app, *pipeOptions) error
}

func (o *pipeOptions) actions() []pipeAction {
	if o.verb == "funnel" {
		return funnelActions()
	}
	return announceActions()
}

// What several actions have.
const (
	waitFlags   = " wait try conflict-exit-code "
	formatFlags = " null json with-seq no-gap "
	gripFlags   = " ack fd owner "
)

func announceActions() []pipeAction {
	return []pipeAction{
		{"create", "NAME", " backlog maxsize when-full retain segment max-record sync update ", false, (*app).announceCreate},
		{"put", "NAME MSG...", " null whole id when-full sync print-seq " + waitFlags, false, (*app).announcePut},
		{"subscribe", "NAME", " as from maxsize ", false, (*app).announceSubscribe},
		{"unsubscribe", "NAME", " as ", false, (*app).announceUnsubscribe},
		{"seek", "NAME POSITION", " as ", false, (*app).announceSeek},
		{"get", "NAME", " as group from n " + gripFlags + formatFlags + waitFlags, true, (*app).announceGet},
		{"tail", "NAME", " as from " + formatFlags, true, (*app).announceTail},
		{"ack", "NAME SEQ", " as group ", false, (*app).announceAck},
		{"nack", "NAME SEQ", " as group ", false, (*app).announceNack},
		{"finalize", "NAME", "", false, (*app).announceFinalize},
		{"close", "NAME", "", false, (*app).announceClose},
		{"rm", "NAME", "", false, (*app).pipeRemove},
		{"path", "NAME", "", false, (*app).pipePath},
		{"mount", "NAME DIR", " out bg ", false, (*app).pipeMount},
		{"unmount", "DIR", "", false, (*app).pipeUnmount},
		{"ls", "[NAME]", " json ", false, (*app).pipeList},
	}
}

func funnelActions() []pipeAction {
	return []pipeAction{
		{"create", "NAME", " inputs duplicate expire retain sync update ", false, (*app).funnelCreate},
		{"add-input", "NAME INPUT", "", false, (*app).funnelAddInput},
		{"put", "NAME INPUT JID [VALUE]", " id sync ", false, (*app).funnelPut},
		{"get", "NAME", " no-jid n " + gripFlags + formatFlags + waitFlags, true, (*app).funnelGet},
		{"ack", "NAME SEQ", "", false, (*app).funnelAck},
		{"nack", "NAME SEQ", "", false, (*app).funnelNack},
		{"drop", "NAME JID", "", false, (*app).funnelDrop},
		{"close", "NAME", "", false, (*app).funnelClose},
		{"rm", "NAME", "", false, (*app).pipeRemove},
		{"path", "NAME", "", false, (*app).pipePath},
		{"mount", "NAME DIR", " bg ", false, (*app).pipeMount},
		{"unmount", "DIR", "", false, (*app).pipeUnmount},
		{"ls", "[NAME]", " pending expired json ", false, (*app).pipeList},
	}
}

func (o *pipeOptions) actionNames() []string {
	var names []string
	for _, action := range o.actions() {
		names = append(names, action.name)
	}
	return names
}

// parse takes the words apart: what to do, with what, and what stood behind --.
func (o *pipeOptions) parse(flags *pflag.FlagSet, words []string) error {
	var behind []string
	dash := flags.ArgsLenAtDash()
	if dash >= 0 {
		words, behind = words[:dash:dash], words[dash:]
	}
	if len(words) == 0 {
		return &usageError{verb: o.verb, why: "what to do is missing: " + strings.Join(o.actionNames(), ", ")}
	}
	i := slices.Index(o.actionNames(), words[0])
	if i < 0 {
		return &usageError{verb: o.verb, what: words[0], why: "no such action",
			hint: didYouMean("loxctl "+o.verb+" ", words[0], o.actionNames())}
	}
	o.action, o.words, o.given = o.actions()[i], words[1:], flags.Changed
	switch {
	case !o.action.command:
		o.words, o.literal = append(o.words, behind...), len(behind) > 0
	case dash >= 0 && len(behind) == 0:
		return o.usage("--", "a command is missing behind it")
	case dash >= 0 && strings.TrimSpace(behind[0]) == "":
		return o.usage(strconv.Quote(behind[0]), "is no command")
	default:
		o.command = behind
	}
	if err := o.checkWords(); err != nil {
		return err
	}
	return o.checkFlags(flags)
}

// checkWords compares the words with those that the action has, and takes the
// name from them.
func (o *pipeOptions) checkWords() error {
	forms := strings.Fields(o.action.words)
	for i, form := range forms {
		if i >= len(o.words) && !strings.HasPrefix(form, "[") {
			return o.usage(o.action.name, strings.TrimSuffix(form, "...")+" is missing")
		}
	}
	if n := len(forms); len(o.words) > n && !strings.HasSuffix(forms[n-1], "...") {
		err := &usageError{verb: o.verb, what: o.words[n], why: "one word too many"}
		if o.action.command {
			err.hint = "a command stands behind --"
		}
		return err
	}
	if len(o.words) > 0 && strings.Trim(forms[0], "[]") == "NAME" {
		o.name, o.words = o.words[0], o.words[1:]
	}
	return nil
}

func (o *pipeOptions) usage(what, why string) error {
	return &usageError{verb: o.verb, what: what, why: why}
}

// remark tells people on stderr what is no failure.
func (a *app) remark(o *pipeOptions, text string) {
	io.WriteString(a.stderr, "loxctl: "+o.verb+": "+o.name+": "+text+"\n")
}

// kind is the name space that the verb is about.
func (o *pipeOptions) kind() pipes.Kind {
	if o.verb == "funnel" {
		return pipes.KindFunnel
	}
	return pipes.KindAnnounce
}

// withPipes opens the directory of named things for as long as do takes.
func (a *app) withPipes(place *hold.Place, do func(*pipes.Dir) error) error {
	path, err := place.Path(a.environ)
	if err != nil {
		return err
	}
	dir, err := pipes.HomeOptions{AllowFS: place.AllowFS}.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(do(dir), dir.Close())
}

func (a *app) withTopic(o *pipeOptions, do func(*pipes.Topic) error) error {
	return a.withPipes(&o.place, func(dir *pipes.Dir) error {
		topic, err := dir.Announcement(o.name)
		if err != nil {
			return err
		}
		return do(topic)
	})
}

func (a *app) withJoin(o *pipeOptions, do func(*pipes.Join) error) error {
	return a.withPipes(&o.place, func(dir *pipes.Dir) error {
		join, err := dir.Funnel(o.name)
		if err != nil {
			return err
		}
		return do(join)
	})
}
