package locks

import (
	"context"
	"errors"
	"runtime"
	"testing"
)

var errDoor = errors.New("the door is jammed")

// A jammedRoom cannot be released.
type jammedRoom struct{}

func (r jammedRoom) Acquire(context.Context) (*Hold, error) { return r.TryAcquire() }
func (r jammedRoom) TryAcquire() (*Hold, error)             { return &Hold{of: r}, nil }
func (jammedRoom) release(*Hold) error                      { return errDoor }

// The last one out hears what came of the release of the room.
func TestRoomFailsToRelease(t *testing.T) {
	sw := NewLightSwitch(jammedRoom{})
	for range 2 {
		first, _ := sw.Acquire(t.Context())
		last, _ := sw.TryAcquire()
		for _, step := range []struct {
			hold *Hold
			want error
		}{{first, nil}, {last, errDoor}, {last, ErrReleased}} {
			if err := step.hold.Release(); err != step.want {
				t.Errorf("Release: %v, want %v", err, step.want)
			}
		}
		if n := sw.Inside(); n != 0 {
			t.Errorf("%d inside", n)
		}
	}
}

// A busyRoom has its release run before it is free.
type busyRoom struct {
	taken bool
	leave func()
}

func (r *busyRoom) Acquire(context.Context) (*Hold, error) { return r.TryAcquire() }

func (r *busyRoom) TryAcquire() (*Hold, error) {
	if r.taken {
		return nil, ErrHeld
	}
	r.taken = true
	return &Hold{of: r}, nil
}

func (r *busyRoom) release(*Hold) error {
	r.leave()
	r.taken = false
	return nil
}

// The next entrant asks for the room when the last one out has released it, so
// it is not refused by it. X9.
func TestEntrantWhileTheLastOneLeaves(t *testing.T) {
	tried := make(chan error)
	room := &busyRoom{}
	sw := NewLightSwitch(room)
	room.leave = func() {
		go func() {
			_, err := sw.TryAcquire()
			tried <- err
		}()
		for range 1000 {
			runtime.Gosched() // that the entrant surely has begun
		}
	}
	h, err := sw.TryAcquire()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Release(); err != nil {
		t.Error(err)
	}
	if err := <-tried; err != nil {
		t.Errorf("the next entrant: %v", err)
	}
}
