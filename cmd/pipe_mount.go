package cmd

import (
	"context"
	"os/signal"
	"syscall"

	"github.com/loxctl/loxctl/pipes/mount"
)

// pipeMount serves FIFOs until it is told to end.
func (a *app) pipeMount(o *pipeOptions) error {
	path, err := o.place.Path(a.environ)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	at := o.words[0]
	opt := mount.Options{
		Home: path, AllowFS: o.place.AllowFS, Name: o.name, Dir: at,
		Out: o.other.out, Background: o.other.bg, Messages: a.stderr,
		Ready: func() error { return a.print("ready " + at + "\n") },
	}
	if o.verb == "funnel" {
		return mount.Funnel(ctx, opt)
	}
	return mount.Announce(ctx, opt)
}

// pipeUnmount ends a mount, and waits until it has ended.
func (a *app) pipeUnmount(o *pipeOptions) error {
	return mount.Unmount(context.Background(), o.words[0])
}
