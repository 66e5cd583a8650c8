//go:build linux

package pipes_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/loxctl/loxctl/pipes"
)

func ExampleTopic() {
	ctx := context.Background()
	home, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(home)
	dir, err := pipes.Open(home)
	if err != nil {
		log.Fatal(err)
	}
	defer dir.Close()
	news, err := dir.CreateAnnouncement("news", pipes.Settings{Backlog: 2})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := news.Put(ctx, pipes.PutOptions{}, []byte("one"), []byte("two"), []byte("three")); err != nil {
		log.Fatal(err)
	}
	late, err := news.Subscribe(ctx, "late", pipes.CursorOptions{})
	if err != nil {
		log.Fatal(err)
	}
	news.Close()
	for {
		r, err := late.Next(ctx)
		if errors.Is(err, pipes.ErrEnd) {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d %s\n", r.Seq, r.Data)
		late.Commit(r.Seq) // it does not come again
	}
	// Output:
	// 2 two
	// 3 three
}
