package pipes

// A memNode is a link of the chain of values that all subscriptions of an
// announcement read, each at its own pace. It knows only what comes after it:
// once the last reader and the backlog have moved on, it is garbage. The last
// link is empty, so that whoever has read everything holds no value.
type memNode[T any] struct {
	value T
	from  *Subscription[T] // does not get the value; nil if everybody does
	next  *memNode[T]
}

// A memBacklog is the end of the chain, with as much before it as new
// subscribers shall get.
type memBacklog[T any] struct {
	limit int // as Options.Backlog
	first *memNode[T]
	len   int
	end   *memNode[T] // the empty link
}

func newMemBacklog[T any](limit int) memBacklog[T] {
	end := &memNode[T]{}
	return memBacklog[T]{limit: limit, first: end, end: end}
}

// push appends v to the chain.
func (b *memBacklog[T]) push(v T, from *Subscription[T]) {
	n := b.end
	n.value, n.from, n.next = v, from, &memNode[T]{}
	b.end = n.next
	b.len++
	if b.limit >= 0 && b.len > b.limit {
		b.first = b.first.next
		b.len--
	}
}

// forget lets go of everything, now and from now on.
func (b *memBacklog[T]) forget() { b.limit, b.first, b.len = BacklogNone, b.end, 0 }
