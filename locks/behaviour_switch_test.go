package locks_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/loxctl/loxctl/locks"
)

var switchBehaviours = []behaviour{
	{"D32 the room is taken while somebody is inside", func(t *trial) {
		sw, room := t.lightSwitch(t.T)
		h := t.acquire(sw)
		t.refused(room)
		t.release(h)
		t.release(t.enter(room))
	}},
	{"D33 from the first acquire to the last release", func(t *trial) {
		sw, room := t.lightSwitch(t.T)
		first, second := t.acquire(sw), t.acquire(sw)
		t.refused(room)
		t.release(second)
		t.refused(room)
		second = t.acquire(sw)
		t.release(first)
		t.refused(room)
		t.release(second)
		t.release(t.enter(room))
	}},
	{"D34 the room of somebody else cannot be had in time", func(t *trial) {
		sw, room := t.lightSwitch(t.T)
		outsider := t.acquire(room)
		t.refused(sw)
		t.expires(sw, 5*brief)
		t.release(outsider)
		t.release(t.enter(room)) // nothing is left of those who gave up
		t.release(t.enter(sw))
	}},
	{"D35 waits for ever, and releases although the body panics", func(t *trial) {
		sw, room := t.lightSwitch(t.T)
		outsider := t.acquire(room)
		p := t.start(sw, 1)
		if t.bubble {
			time.Sleep(1000 * time.Hour)
		}
		p.waits()
		t.release(outsider)
		func() {
			defer func() { t.same("panic", recover(), "slipped") }()
			defer p.gets().Release()
			panic("slipped")
		}()
		t.release(t.enter(room))
	}},
	{"D36 the janitor waits until the bathroom is empty", bathroomWithSwitch},
	{"D37 whoever has the hold may release it", func(t *trial) {
		sw, room := t.lightSwitch(t.T)
		first, second := t.acquire(sw), t.acquire(sw)
		done := make(chan error)
		go func() { done <- first.Release() }()
		t.same("release elsewhere", <-done, nil)
		t.refused(room)
		go func() { done <- second.Release() }()
		t.same("last release elsewhere", <-done, nil)
		t.release(t.enter(room))
	}},
}

// bathroomWithSwitch has five people who overlap, and a janitor who comes after
// the first one: there always is somebody inside, so that he is the last.
func bathroomWithSwitch(t *trial) {
	sw, room := t.lightSwitch(t.T)
	var j journal
	comes := func(i int) func() {
		h := t.enter(sw)
		j.add(fmt.Sprintf("%d+", i))
		return func() {
			j.add(fmt.Sprintf("%d-", i))
			t.release(h)
		}
	}
	goes := comes(0)
	janitor := t.visit(room, 1, j.comesAndGoes("j"))
	for i := 1; i < 5; i++ {
		next := comes(i)
		janitor.waits()
		goes()
		goes = next
	}
	janitor.waits()
	goes()
	janitor.ends()
	t.same("order", j.String(), "0+ 1+ 0- 2+ 1- 3+ 2- 4+ 3- 4- j+ j-")
}

// The same with the times of lox.
func TestBathroomOnTheClock(t *testing.T) { // D36
	f := memoryFamily()
	f.try(t, behaviour{test: func(t *trial) {
		sw, room := t.lightSwitch(t.T)
		var j journal
		var janitor *pending
		for i := range 5 {
			go t.inside(sw, func(*locks.Hold) {
				j.add(fmt.Sprintf("%d+", i))
				time.Sleep(200 * time.Millisecond)
				j.add(fmt.Sprintf("%d-", i))
			})
			time.Sleep(120 * time.Millisecond)
			if i == 0 {
				janitor = t.visit(room, 1, j.comesAndGoes("j"))
			}
		}
		time.Sleep(time.Second)
		janitor.ends()
		t.same("order", j.String(), "0+ 1+ 0- 2+ 1- 3+ 2- 4+ 3- 4- j+ j-")
	}})
}
