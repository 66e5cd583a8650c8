//go:build linux

package pipes

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

const (
	chaosName   = "chaos"
	chaosGroup  = "g"
	chaosActors = 10
	chaosInputs = 3
)

// chaosNumber is the number that a variable of the environment has.
func chaosNumber(t *testing.T, variable string, otherwise uint64) uint64 {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	noError(t, err)
	return n
}

// A chaosPlan says who takes part in a chaos test.
type chaosPlan struct {
	Roles    []string // of each actor; inputs are the first ones
	Settings Settings
	IDs      bool
	Batch    int
	Every    int
	Index    bool // the index of a funnel is damaged, too
}

// cast are that many actors of a role.
func cast(n int, role string, more ...string) (roles []string) {
	for range n {
		roles = append(roles, role)
	}
	return append(roles, more...)
}

// In each of these tests processes put and read while others of them are
// killed, at any instruction. An oracle that knows only what each of them has
// noted says whether they got what they should.
func TestChaos(t *testing.T) {
	some := Settings{MaxSize: 12}
	tests := map[string]chaosPlan{
		"plain":       {Roles: cast(4, "publisher", cast(3, "subscriber")...)},
		"ids":         {Roles: cast(4, "publisher", cast(2, "subscriber")...), IDs: true},
		"batches":     {Roles: cast(3, "publisher", cast(3, "subscriber")...), Batch: 5, Every: 7},
		"room":        {Roles: cast(3, "publisher", cast(3, "subscriber")...), IDs: true, Settings: some},
		"group":       {Roles: cast(3, "publisher", cast(5, "consumer")...), IDs: true},
		"group room":  {Roles: cast(3, "publisher", cast(4, "consumer")...), Settings: some},
		"everybody":   {Roles: cast(3, "publisher", cast(3, "consumer", cast(2, "subscriber")...)...), Batch: 2, Every: 3},
		"funnel":      {Roles: cast(chaosInputs, "input", cast(4, "getter")...), IDs: true},
		"funnel late": {Roles: cast(chaosInputs, "input", cast(3, "getter")...)},
		"index":       {Roles: cast(chaosInputs, "input", cast(3, "getter")...), IDs: true, Index: true},
	}
	for name, plan := range tests {
		t.Run(name, func(t *testing.T) { chaos(t, plan) })
	}
}

// A stage is where the actors of a chaos test are.
type stage struct {
	t      *testing.T
	plan   chaosPlan
	seed   uint64
	rng    *rand.Rand
	dir    *Dir
	log    *log
	board  *board
	actors []process
	errors *os.File
}

// A process is an actor, until it is killed and another one comes after it.
type process struct {
	cmd  *exec.Cmd
	plan actorPlan
}

func chaos(t *testing.T, plan chaosPlan) {
	s := newStage(t, plan)
	start := time.Now()
	for i := range plan.Roles {
		s.start(i, 1)
	}
	kills := chaosNumber(t, "LOXCTL_CHAOS_KILLS", 20)
	for killed := uint64(0); killed < kills && !t.Failed(); {
		time.Sleep(500*time.Microsecond + time.Duration(s.rng.Int64N(int64(4*time.Millisecond))))
		if victim, ok := s.choose(); ok {
			s.kill(victim)
			if plan.Index && s.rng.IntN(4) == 0 {
				s.damageIndex()
			}
			s.start(victim, s.actors[victim].plan.Generation+1)
			killed++
		}
	}
	s.finish()
	found := s.judge()
	t.Logf("%d kills; %s; seed %d; %v", kills, found, s.seed, time.Since(start).Round(time.Millisecond))
	if t.Failed() {
		t.Log(s.situation())
	}
}

func newStage(t *testing.T, plan chaosPlan) *stage {
	s := &stage{t: t, plan: plan, dir: openTemp(t), actors: make([]process, len(plan.Roles))}
	s.seed = chaosNumber(t, "LOXCTL_CHAOS_SEED", rand.Uint64())
	s.rng = rand.New(rand.NewPCG(s.seed, 0))
	dir := t.TempDir()
	s.board = newBoard(t, dir)
	errors, err := os.OpenFile(filepath.Join(dir, "errors"), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	noError(t, err)
	t.Cleanup(func() { errors.Close() })
	s.errors = errors
	plan.Settings.Segment = smallSegment // so that it is hit how another one begins
	if plan.Roles[0] == "input" {
		var inputs []string
		for i := range chaosInputs {
			inputs = append(inputs, inputName(i))
		}
		j, err := s.dir.CreateFunnel(chaosName, inputs, plan.Settings)
		noError(t, err)
		s.log = j.log
		return s
	}
	topic := newTopic(t, s.dir, chaosName, plan.Settings)
	for i, role := range plan.Roles {
		switch role {
		case "subscriber":
			noError(t, topic.Register(fmt.Sprint("s", i), CursorOptions{}))
		case "consumer":
			noError(t, topic.Register(chaosGroup, CursorOptions{Group: true}))
		}
	}
	s.log = topic.log
	return s
}

func (s *stage) start(i int, generation uint64) {
	p, err := actorPlan{
		Home: s.dir.home.Path, Dir: filepath.Dir(s.errors.Name()), Role: s.plan.Roles[i],
		Actor: i, Generation: generation, Seed: s.seed,
		IDs: s.plan.IDs, Batch: s.plan.Batch, Every: s.plan.Every,
	}.play(s.errors)
	noError(s.t, err)
	s.actors[i] = p
}

// choose returns an actor to kill, if there is one at work.
func (s *stage) choose() (int, bool) {
	var candidates []int
	for i, p := range s.actors {
		if s.board.actors[i].ready.Load() == p.plan.Generation {
			candidates = append(candidates, i)
		}
	}
	if len(candidates) == 0 {
		return 0, false
	}
	return candidates[s.rng.IntN(len(candidates))], true
}

func (s *stage) kill(i int) {
	s.actors[i].cmd.Process.Kill()
	s.reap(i)
}

// reap waits for the end of an actor. Only a kill may have ended it early.
func (s *stage) reap(i int) {
	p := s.actors[i]
	err := p.cmd.Wait()
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if err != nil && !(ok && status.Signaled() && status.Signal() == syscall.SIGKILL) {
		s.t.Errorf("%s %d: %v", p.plan.Role, i, err)
	}
}

// damageIndex removes the index of a funnel, or writes anything to it, while
// nobody is at it.
func (s *stage) damageIndex() {
	path := s.log.file("pend")
	if s.rng.IntN(2) == 0 {
		os.Remove(path)
		return
	}
	noError(s.t, s.log.exclusively(func() error {
		b, err := os.ReadFile(path)
		if err != nil || len(b) == 0 {
			return nil // it is not there
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		at := s.rng.Int64N(int64(len(b)))
		_, err = f.WriteAt([]byte{b[at] ^ 1<<s.rng.IntN(8)}, at)
		return err
	}))
}

// finish lets everything come to its end. Nobody may hang.
func (s *stage) finish() {
	s.board.stop.Store(1)
	var last []int
	first := make(chan struct{})
	go func() {
		defer close(first)
		for i, role := range s.plan.Roles {
			if role == "publisher" || role == "input" {
				s.reap(i)
			}
		}
	}()
	for i, role := range s.plan.Roles {
		if role != "publisher" && role != "input" {
			last = append(last, i)
		}
	}
	s.await(first, "those who put")
	noError(s.t, s.log.finish(logClosed))
	second := make(chan struct{})
	go func() {
		defer close(second)
		for _, i := range last {
			s.reap(i)
		}
	}()
	s.await(second, "those who read")
}

// await waits for the end of some of the actors, or ends all.
func (s *stage) await(done <-chan struct{}, who string) {
	select {
	case <-done:
	case <-time.After(15 * time.Second):
		s.t.Errorf("%s hang", who)
		s.t.Log(s.situation())
		for _, p := range s.actors {
			p.cmd.Process.Kill()
		}
		<-done
	}
}

// situation is what the log has to say, and what the actors have said.
func (s *stage) situation() string {
	info, err := s.log.info()
	text, _ := json.Marshal(info)
	said, _ := os.ReadFile(s.errors.Name())
	return fmt.Sprintf("seed %d\n%s %v\n%s", s.seed, text, err, said[:min(len(said), 4000)])
}
