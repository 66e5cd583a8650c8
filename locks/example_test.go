package locks_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loxctl/loxctl/locks"
)

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	lock := locks.NewQLock()
	h, err := lock.Acquire(ctx)
	if err != nil {
		fmt.Println("not in time:", err)
		return
	}
	defer h.Release()
	fmt.Println("inside, grant", h.Token())
	// Output: inside, grant 1
}

func ExampleQLock() {
	lock := locks.NewQLock()
	h, _ := lock.Acquire(context.Background())
	_, err := lock.TryAcquire()
	fmt.Println(err)
	fmt.Println(h.Release(), h.Release())
	// Output:
	// held by somebody else
	// <nil> released already
}

func ExampleRWLock() {
	lock := locks.NewRWLock(locks.RWOptions{})
	one, _ := lock.Reader().TryAcquire()
	two, _ := lock.Reader().TryAcquire()
	_, err := lock.Writer().TryAcquire()
	fmt.Println(lock.Readers(), "readers, a writer is refused:", errors.Is(err, locks.ErrHeld))
	one.Release()
	two.Release()
	w, err := lock.Writer().TryAcquire()
	fmt.Println("then it writes:", w != nil, err)
	// Output:
	// 2 readers, a writer is refused: true
	// then it writes: true <nil>
}

// People use the bathroom together; the janitor cleans it when it is empty.
func ExampleLightSwitch() {
	bathroom := locks.NewQLock()
	light := locks.NewLightSwitch(bathroom)
	ann, _ := light.Acquire(context.Background())
	bob, _ := light.Acquire(context.Background())
	_, err := bathroom.TryAcquire()
	fmt.Println("janitor:", err)
	ann.Release()
	bob.Release()
	janitor, _ := bathroom.TryAcquire()
	fmt.Println("janitor inside:", janitor != nil)
	// Output:
	// janitor: held by somebody else
	// janitor inside: true
}

func ExampleIndexSemaphore() {
	gpus := locks.NewIndexSemaphore(2, locks.SemOptions{})
	for range 2 {
		h, _ := gpus.Acquire(context.Background())
		fmt.Println("train on", h.Index())
	}
	_, err := gpus.TryAcquire()
	fmt.Println(gpus.Free(), "free:", err)
	// Output:
	// train on 0
	// train on 1
	// 0 free: held by somebody else
}
