package locks

import (
	"context"
	"errors"
)

// A LightSwitch lets any number into a room together and keeps others out of
// it: the first one in takes the room's lock, the last one out releases it.
//
// While the light is on everybody walks in at once, past those who wait for the
// room itself; they wait until the light is off.
//
// While the room is somebody else's, the place in its line belongs to the
// switch, not to the one who came first: it lasts as long as anybody waits for
// the light. An error of the room is given to all who wait.
type LightSwitch struct {
	room   Locker
	line   memLine
	inside int
	lit    *Hold    // the room, nil while the light is off
	asking *roomAsk // the wait for the room, not nil while anybody is in line
}

var _ Locker = (*LightSwitch)(nil)

// A roomAsk is one wait of a switch for its room, in a goroutine of its own.
type roomAsk struct {
	cancel context.CancelFunc
	over   chan struct{} // closed when the goroutine is done with the room
}

// NewLightSwitch returns a switch over room, with the light off. Any Locker
// will do, a named one or one side of a lock too.
func NewLightSwitch(room Locker) *LightSwitch { return &LightSwitch{room: room} }

// Inside is the number of those who are in the room by this switch.
func (s *LightSwitch) Inside() int {
	s.line.mu.Lock()
	defer s.line.mu.Unlock()
	return s.inside
}

// Acquire walks in if the light is on, else it waits for the room, see
// [Locker].
func (s *LightSwitch) Acquire(ctx context.Context) (*Hold, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	s.line.mu.Lock()
	h, err := s.try()
	if !errors.Is(err, ErrHeld) {
		s.line.mu.Unlock()
		return h, err
	}
	w := s.line.join(s, &s.line.main)
	if s.asking == nil {
		s.ask()
	}
	s.line.mu.Unlock()
	if w.wait(ctx) {
		return w.hold, w.err
	}
	s.leave(w)
	return nil, context.Cause(ctx)
}

// TryAcquire walks in if the light is on or can be switched on at once, see
// [Locker].
func (s *LightSwitch) TryAcquire() (*Hold, error) {
	s.line.mu.Lock()
	defer s.line.mu.Unlock()
	return s.try()
}

// try needs the mutex, which is held over the room's TryAcquire, as over its
// Release: so nobody is refused because somebody else just enters or leaves.
func (s *LightSwitch) try() (*Hold, error) {
	if s.lit == nil && s.asking == nil {
		room, err := s.room.TryAcquire()
		if err != nil {
			return nil, err
		}
		s.lit = room
	}
	return s.line.try(s)
}

// ask starts to wait for the room. It needs the mutex.
func (s *LightSwitch) ask() {
	ctx, cancel := context.WithCancel(context.Background())
	a := &roomAsk{cancel: cancel, over: make(chan struct{})}
	s.asking = a
	go func() {
		defer close(a.over)
		defer cancel()
		room, err := s.room.Acquire(ctx)
		s.answer(a, room, err)
	}()
}

// answer lets in everybody who waits, or tells them why not.
func (s *LightSwitch) answer(a *roomAsk, room *Hold, err error) {
	s.line.mu.Lock()
	defer s.line.mu.Unlock()
	switch {
	case s.asking != a: // everybody has gone
		if err == nil {
			room.Release()
		}
	case err != nil:
		s.asking = nil
		s.line.fail(err)
	default:
		s.asking = nil
		s.lit = room
		s.line.admit()
	}
}

// leave is for a waiter whose context has ended. The last one to leave takes
// the place in the room's line with it.
func (s *LightSwitch) leave(w *memWaiter) {
	s.line.mu.Lock()
	s.line.leave(w)
	a := s.asking
	deserted := a != nil && s.line.main.Len() == 0
	if deserted {
		s.asking = nil
	}
	s.line.mu.Unlock()
	if deserted {
		a.cancel()
		<-a.over
	}
	w.giveBack()
}

func (s *LightSwitch) enter() (index int, ok bool) {
	if s.lit == nil {
		return 0, false
	}
	s.inside++
	return 0, true
}

// release of the last one out returns what the release of the room returned.
func (s *LightSwitch) release(*Hold) error {
	s.line.mu.Lock()
	defer s.line.mu.Unlock()
	s.inside--
	if s.inside > 0 {
		return nil
	}
	room := s.lit
	s.lit = nil
	return room.Release()
}
