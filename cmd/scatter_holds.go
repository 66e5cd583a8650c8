package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/loxctl/loxctl/engine"
	"github.com/loxctl/loxctl/internal/hold"
	"github.com/loxctl/loxctl/internal/state"
	"github.com/loxctl/loxctl/internal/template"
	"github.com/loxctl/loxctl/locks"
)

// A holdTemplate is a lock or semaphore that each job holds.
type holdTemplate struct {
	flag  string // lock or sem
	name  *template.Text
	slots int // of a semaphore; 0: whatever it has
	index int // where in the indexes of the job; -1: it has none
}

// placeholderName is what can be between braces.
var placeholderName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// cutSem takes NAME=N apart.
func cutSem(text string) (name, slots string) {
	if at := strings.LastIndexByte(text, '='); at >= 0 {
		return text[:at], text[at+1:]
	}
	return text, ""
}

// indexes are the semaphores whose index has a placeholder.
func (o *poolOptions) indexes() []string {
	var names []string
	for _, text := range o.sems {
		if name, _ := cutSem(text); placeholderName.MatchString(name) {
			names = append(names, name)
		}
	}
	return names
}

// compileHolds reads --lock and --sem. The indexes are not among what their
// names can have: a job must know what to hold first.
func (t *templates) compileHolds(o *poolOptions, opt template.Options) error {
	indexes := opt.Indexes
	opt.Indexes = nil
	for _, name := range indexes {
		if slices.Contains(opt.Names, name) {
			return scatterError("--sem", fmt.Sprintf("%s: {%s} is a column of the input", name, name))
		}
	}
	for _, name := range o.locks {
		if err := t.addHold(holdTemplate{flag: "lock", index: -1}, name, opt); err != nil {
			return err
		}
	}
	for _, text := range o.sems {
		name, slots := cutSem(text)
		h := holdTemplate{flag: "sem", index: slices.Index(indexes, name)}
		if strings.Contains(text, "=") {
			var err error
			if h.slots, err = strconv.Atoi(slots); err != nil || h.slots < 1 || h.slots > locks.MaxSlots {
				return scatterError("--sem", fmt.Sprintf("%s: %q is no number of slots from 1 to %d", name, slots, locks.MaxSlots))
			}
		}
		if err := t.addHold(h, name, opt); err != nil {
			return err
		}
	}
	return nil
}

func (t *templates) addHold(h holdTemplate, name string, opt template.Options) (err error) {
	if name == "" {
		return scatterError("--"+h.flag, "the name is missing")
	}
	if h.name, err = template.CompileText(name, opt); err != nil {
		return err
	}
	t.holds = append(t.holds, h)
	return nil
}

// holdPlaces is where the jobs of a run get what they hold.
type holdPlaces struct {
	dir   *locks.Dir
	turns *turns // nil: they come as the jobs before them end
}

// openHolds opens the directory of named things, if jobs hold any.
func (st *stage) openHolds() error {
	r := st.run
	st.noIndexes = make([]int, len(st.opt.pool.indexes()))
	if len(st.templates.holds) == 0 || r.opt.output.dryRun {
		return nil
	}
	path, err := state.Home("", r.app.getenv)
	if err != nil {
		return scatterFailure(err)
	}
	dir, err := locks.Open(path)
	if err != nil {
		return scatterFailure(err)
	}
	st.holds = &holdPlaces{dir: dir}
	if st.node.IsSource() {
		st.holds.turns = new(turns)
	}
	return nil
}

// turns let jobs draw their tickets in the order of their numbers. Those that
// run in different slots would come to a lock in any order. Without turns, nil,
// nobody waits.
type turns struct {
	mu     sync.Mutex
	last   int                   // all up to this one have had their turn
	passed map[int]bool          // later ones that have
	waits  map[int]chan struct{} // by the job that waits
}

// await waits for the turn of a job.
func (t *turns) await(ctx context.Context, seq int) error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	if t.last >= seq-1 {
		t.mu.Unlock()
		return nil
	}
	if t.waits == nil {
		t.waits = make(map[int]chan struct{})
	}
	mine := make(chan struct{})
	t.waits[seq] = mine
	t.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// pass says that a job has had its turn, or will not need it.
func (t *turns) pass(seq int) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if seq <= t.last {
		return
	}
	if t.passed == nil {
		t.passed = make(map[int]bool)
	}
	t.passed[seq] = true
	for t.passed[t.last+1] {
		t.last++
		delete(t.passed, t.last)
	}
	if next := t.waits[t.last+1]; next != nil {
		delete(t.waits, t.last+1)
		close(next)
	}
}

// holdRunner runs a job while it holds what --lock and --sem say. The job has
// not begun while it waits for that, so no time limit runs.
type holdRunner struct {
	stage *stage
	next  taskRunner
}

// Close closes what is inside.
func (h *holdRunner) Close() error { return h.next.(io.Closer).Close() }

func (h *holdRunner) Run(ctx context.Context, job engine.Job[*task]) (struct{}, error) {
	r, t := h.stage.run, job.Args
	held, err := h.stage.hold(ctx, t)
	if err == nil {
		t.held = held
		_, err = h.next.Run(ctx, job)
		t.held = nil
	} else if blocked := new(locks.DeadlockError); errors.As(err, &blocked) { // the job failed, not the run
		r.mu.Lock()
		t.Attempt, t.Start = job.Attempt, time.Now()
		r.mu.Unlock()
	}
	if releaseErr := held.release(); releaseErr != nil {
		r.fail(releaseErr)
		r.drain(releaseErr)
	}
	return struct{}{}, err
}

// jobHolds is what a job holds.
type jobHolds struct {
	holds []*locks.Hold
	files []*os.File // for the job, so that they outlive us if the job does
	list  string     // LOXCTL_HELD
	env   []string
}

func (j *jobHolds) release() error {
	var errs []error
	for _, h := range slices.Backward(j.holds) {
		errs = append(errs, h.Release())
	}
	for _, f := range j.files {
		f.Close()
	}
	return errors.Join(errs...)
}

// A need is one lock or slot that a job must have.
type need struct {
	opt   hold.Options
	index int
}

// hold gets what a job must hold, in one order for all jobs whatever the names
// are made of, so that two cannot wait for each other. The result is never nil.
func (st *stage) hold(ctx context.Context, t *task) (*jobHolds, error) {
	r := st.run
	held := &jobHolds{list: r.app.getenv(hold.HeldVariable)}
	needs, err := st.needs(t)
	if err != nil {
		return held, st.failToHold(t, err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(r.starting, func() { cancel(context.Cause(r.starting)) })()
	if err := st.holds.turns.await(ctx, t.Seq); err != nil {
		return held, err
	}
	defer st.holds.turns.pass(t.Seq)
	tree := rand.Uint64() | 1
	about := hold.Variables{}
	for i, n := range needs {
		if err := st.holdOne(ctx, t, held, &n, tree, &about); err != nil {
			return held, st.holdFailed(t, err)
		}
		if i == 0 {
			st.holds.turns.pass(t.Seq)
		}
	}
	held.env = append(about, "LOXCTL_TREE="+strconv.FormatUint(tree, 16))
	return held, nil
}

// needs are the names that the job's values make, each once, in order.
func (st *stage) needs(t *task) ([]need, error) {
	values, err := st.values(t)
	if err != nil {
		return nil, err
	}
	t.Indexes = make([]int, len(st.noIndexes))
	var needs []need
	for _, h := range st.templates.holds {
		n := need{index: h.index}
		n.opt.Verb, n.opt.Name = h.flag, string(h.name.Append(nil, values))
		n.opt.Mode.Slots = h.slots
		needs = append(needs, n)
	}
	slices.SortStableFunc(needs, func(a, b need) int {
		return cmp.Or(cmp.Compare(a.opt.Verb, b.opt.Verb), cmp.Compare(a.opt.Name, b.opt.Name))
	})
	return slices.CompactFunc(needs, func(a, b need) bool {
		return a.opt.Verb == b.opt.Verb && a.opt.Name == b.opt.Name
	}), nil
}

// holdOne gets one of them, and what the job shall know and inherit of it.
func (st *stage) holdOne(ctx context.Context, t *task, held *jobHolds, n *need, tree uint64, about *hold.Variables) error {
	r, o, dir := st.run, &n.opt, st.holds.dir
	outer, err := r.app.heldAround(o, dir)
	if err == nil && outer != nil {
		err = heldAlready(o, outer, "a job cannot get what loxctl runs under")
	}
	if err != nil {
		return err
	}
	who := o.Who(r.app.environ, st.commandOf(t))
	who.Tree = tree
	request := o.Request(who)
	request.Queued = func() { st.holds.turns.pass(t.Seq) }
	began := time.Now()
	h, err := dir.Locker(request).Acquire(ctx)
	if err != nil {
		return err
	}
	held.holds = append(held.holds, h)
	if n.index >= 0 {
		t.Indexes[n.index] = h.Index()
	}
	f := locks.File(h)
	if f == nil {
		return fmt.Errorf("%s: the descriptor cannot be duplicated", o.Name)
	}
	held.files = append(held.files, f)
	held.list = strings.TrimSpace(held.list + " " + o.Entry(h.Token()).String())
	*about = hold.Variables{
		"LOXCTL_WAIT_MS=" + strconv.FormatInt(time.Since(began).Milliseconds(), 10),
		hold.HeldVariable + "=" + held.list,
		"LOXCTL_LOCK_FD=" + strconv.Itoa(int(f.Fd())),
	}
	return about.Describe(o, dir, o.LockMode().String(), h.Token(), h.Index())
}

// failToHold says that the values of a job make no names.
func (st *stage) failToHold(t *task, err error) error {
	if !st.node.TakesRecords() {
		st.run.mu.Lock()
		t.Attempt, t.Start = max(t.Attempt, 1), time.Now() // the job failed, not the run
		st.run.mu.Unlock()
	}
	return st.badInput(t, err)
}

// holdFailed decides whom an error is about: the end of the run and a deadlock
// are the job's; what cannot work ends the run, after what runs.
func (st *stage) holdFailed(t *task, err error) error {
	r := st.run
	var blocked *locks.DeadlockError
	var name *locks.NameError
	switch {
	case r.starting.Err() != nil, errors.As(err, &blocked):
		return err
	case errors.As(err, &name):
		return st.failToHold(t, err)
	}
	t.told = true
	r.fail(err)
	r.drain(err)
	return err
}
