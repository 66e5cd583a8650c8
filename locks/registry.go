package locks

import (
	"sync"

	"github.com/loxctl/loxctl/internal/state"
)

// A spot is one byte of one file.
type spot struct {
	file state.ID
	at   int64
}

// registry lets any number of goroutines of this process wait for bytes, with
// one blocked thread for each byte that another process has, and none for the
// bytes of this process.
type registry struct {
	mu     sync.Mutex
	own    map[spot]chan struct{} // locked by participants of this process; nil while nobody waits
	probes map[spot]chan struct{} // being waited for in the kernel
	gates  map[string]*gate       // by path in the state home
	idle   []*gate                // for the next files
}

// A gate keeps all but one participant of this process from waiting for the
// guard byte of a file, each in a thread.
type gate struct {
	turn  chan struct{}
	users int
}

// maxIdle is how many gates are kept for later.
const maxIdle = 16

func newRegistry() registry {
	return registry{
		own: make(map[spot]chan struct{}), probes: make(map[spot]chan struct{}),
		gates: make(map[string]*gate),
	}
}

// locked notes that a participant of this process has locked the byte.
func (r *registry) locked(s spot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.own[s] = nil
}

// unlocked wakes those who wait for bytes that have been unlocked.
func (r *registry) unlocked(spots ...spot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range spots {
		if freed := r.own[s]; freed != nil {
			close(freed)
		}
		delete(r.own, s)
	}
}

// order makes what was done under a hold visible to the next holder of this
// process, who comes through locked: what the kernel hands over says nothing to
// the memory model of Go.
func (r *registry) order() {
	r.mu.Lock()
	defer r.mu.Unlock()
}

// isOwn reports whether a participant of this process has the byte.
func (r *registry) isOwn(s spot) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.own[s]
	return ok
}

// freed returns a channel that is closed when the byte of f is not
// write-locked by anybody else. A probe that nobody listens to any more stays
// until then; it is a read lock, which is in nobody's way.
func (r *registry) freed(f *state.File, s spot) (<-chan struct{}, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if freed, ok := r.own[s]; ok {
		if freed == nil {
			freed = make(chan struct{})
			r.own[s] = freed
		}
		return freed, nil
	}
	if freed := r.probes[s]; freed != nil {
		return freed, nil
	}
	again, err := f.Again()
	if err != nil {
		return nil, err
	}
	freed := make(chan struct{})
	r.probes[s] = freed
	go r.probe(again, s, freed)
	return freed, nil
}

// probe sleeps in the kernel until the byte can be read-locked. An error wakes
// the waiters too: they look for themselves and meet it again.
func (r *registry) probe(f *state.File, s spot, freed chan struct{}) {
	f.Lock(s.at, state.ReadLock)
	f.Close()
	r.mu.Lock()
	delete(r.probes, s)
	r.mu.Unlock()
	close(freed)
}

// gate returns the gate of a file, to be left with forget.
func (r *registry) gate(file string) *gate {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.gates[file]
	if g == nil && len(r.idle) > 0 {
		g, r.idle = r.idle[len(r.idle)-1], r.idle[:len(r.idle)-1]
	} else if g == nil {
		g = &gate{turn: make(chan struct{}, 1)}
	}
	r.gates[file] = g
	g.users++
	return g
}

func (r *registry) forget(file string, g *gate) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if g.users--; g.users == 0 {
		delete(r.gates, file)
		if len(r.idle) < maxIdle {
			r.idle = append(r.idle, g)
		}
	}
}
