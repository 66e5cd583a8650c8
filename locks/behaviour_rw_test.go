package locks_test

import (
	"sync"
	"sync/atomic"

	"github.com/loxctl/loxctl/locks"
)

var rwBehaviours = []behaviour{
	{"E38 readers are inside together", func(t *trial) {
		reader, _ := t.rw(t.T)
		var all, inside sync.WaitGroup
		inside.Add(5)
		for range 5 {
			all.Go(func() {
				t.inside(reader, func(*locks.Hold) { inside.Done(); inside.Wait() })
			})
		}
		all.Wait()
	}},
	{"E39 what a writer has written is seen when it has left", func(t *trial) {
		reader, writer := t.rw(t.T)
		var value, seen atomic.Int64
		w := t.acquire(writer)
		r := t.visit(reader, 1, func() { seen.Store(value.Load()) })
		value.Store(5)
		t.release(w)
		r.ends()
		t.same("value seen", seen.Load(), int64(5))
	}},
	{"E40 five readers, five writers, five readers", readersWritersReaders},
	{"E41 who is kept out by whom", func(t *trial) {
		reader, writer := t.rw(t.T)
		one := t.acquire(reader)
		t.refused(writer)
		two := t.enter(reader)
		t.release(one, two)
		w := t.enter(writer)
		t.refused(writer)
		t.refused(reader)
		t.release(w)
	}},
	{"E42 a writer that gives up leaves no trace", func(t *trial) {
		reader, writer := t.rw(t.T)
		r := t.acquire(reader)
		w := t.start(writer, 1)
		behind, last := t.start(reader, 2), t.start(reader, 3)
		w.givesUp()
		t.release(r, behind.gets(), last.gets(), t.enter(reader))
		t.release(t.enter(writer))
	}},
	{"E42 readers move up only to the next writer", func(t *trial) {
		reader, writer := t.rw(t.T)
		r := t.acquire(reader)
		gone := t.start(writer, 1)
		before := t.start(reader, 2)
		w := t.start(writer, 3)
		after := t.start(reader, 4)
		gone.givesUp()
		h := before.gets()
		w.waits()
		after.waits()
		t.release(r)
		w.waits()
		t.release(h)
		h = w.gets()
		after.waits()
		t.release(h)
		t.release(after.gets())
	}},
	{"E43 a waiting writer holds off new readers until it had its turn", func(t *trial) {
		reader, writer := t.rw(t.T)
		r := t.acquire(reader)
		w := t.start(writer, 1)
		t.refused(reader)
		late := t.start(reader, 2)
		t.release(r)
		h := w.gets()
		late.waits()
		t.refused(reader)
		t.release(h)
		t.release(late.gets(), t.enter(reader))
	}},
	{"E44 the janitor goes before those who came after him", func(t *trial) {
		reader, writer := t.rw(t.T)
		var j journal
		h := t.acquire(reader)
		j.add("0+")
		janitor := t.visit(writer, 1, j.comesAndGoes("j"))
		person := t.visit(reader, 2, j.comesAndGoes("1"))
		j.add("0-")
		t.release(h)
		janitor.ends()
		person.ends()
		t.same("order", j.String(), "0+ 0- j+ j- 1+ 1-")
	}},
	{"E47 a writer cannot release what it does not have", func(t *trial) {
		reader, writer := t.rw(t.T)
		w := t.acquire(writer)
		t.release(w)
		r := t.acquire(reader)
		t.same("second release", w.Release(), locks.ErrReleased)
		t.refused(writer)
		t.release(r)
		t.release(t.enter(writer))
	}},
}

func readersWritersReaders(t *trial) {
	reader, writer := t.rw(t.T)
	var value, wrong atomic.Int64
	var first []*locks.Hold
	var all []*pending
	for range 5 {
		first = append(first, t.enter(reader))
	}
	for i := range 5 {
		all = append(all, t.visit(writer, 1+i, func() { value.Add(1) }))
	}
	for i := range 5 {
		all = append(all, t.visit(reader, 6+i, func() {
			if value.Load() != 5 {
				wrong.Add(1)
			}
		}))
	}
	t.same("value for the first", value.Load(), int64(0))
	t.release(first...)
	for _, p := range all {
		p.ends()
	}
	t.same("readers who saw another value", wrong.Load(), int64(0))
}
