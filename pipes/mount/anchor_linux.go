package mount

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"
)

// restartPause is between a pump that was killed and the next one.
const restartPause = 20 * time.Millisecond

// A report is what a pump tells its anchor.
type report struct {
	Ended   *int   `json:",omitempty"` // place of a FIFO whose stream has come to its end
	Failure string `json:",omitempty"` // why the mount ends
}

// runAnchor is the life of an anchor that nobody waits for.
func runAnchor(ctx context.Context, text string) error {
	m, err := adopt(text, messagesFile+1)
	if err != nil {
		return err
	}
	if err = m.marker.introduce(anchorAt); err == nil {
		err = m.serve(ctx)
	}
	if err != nil {
		m.tell(err)
	}
	return err
}

// serve keeps the FIFOs open and a pump at work until the mount has come to
// its end: because ctx is done, or by itself.
func (m *mount) serve(ctx context.Context) error {
	for {
		status, failure, err := m.pump(ctx)
		if err != nil {
			return err
		}
		_, linked, err := m.marker.Stat()
		switch {
		case err != nil:
			return err
		case failure != "":
			return errors.New(failure)
		case !linked:
			return nil
		case status.Exited():
			return fmt.Errorf("%s: the pump ended with status %d", m.Name, status.ExitStatus())
		}
		pause(ctx, restartPause)
	}
}

// pump starts a pump and returns when it has ended.
func (m *mount) pump(ctx context.Context) (status syscall.WaitStatus, failure string, err error) {
	hear, speak, err := os.Pipe()
	if err != nil {
		return 0, "", err
	}
	defer hear.Close()
	m.Stop = ctx.Err() != nil
	pid, err := m.start(pumpRole, speak)
	speak.Close()
	if err != nil {
		return 0, "", err
	}
	silent := m.hurry(ctx, pid)
	failure, err = m.listen(hear)
	silent()
	// Until here the number was the pump's.
	if _, waited := retry(func() (int, error) { return syscall.Wait4(pid, &status, 0, nil) }); err == nil {
		err = os.NewSyscallError("wait4", waited)
	}
	return status, failure, err
}

// hurry tells the pump when ctx is done, unless it knows from the start: the
// signal would kill one that has not got so far as to expect it, and the next
// one, and so on. After silent the pump's number is not used any more.
func (m *mount) hurry(ctx context.Context, pid int) (silent func()) {
	if m.Stop {
		return func() {}
	}
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		syscall.Kill(pid, syscall.SIGTERM)
		close(told)
	})
	return func() {
		if !stop() {
			<-told
		}
	}
}

// listen hears a pump's reports until it has ended.
func (m *mount) listen(hear io.Reader) (failure string, err error) {
	for from := json.NewDecoder(hear); ; {
		var r report
		switch err := from.Decode(&r); {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return failure, nil
		case err != nil:
			return failure, err
		}
		if r.Failure != "" {
			failure = r.Failure
		}
		if r.Ended != nil {
			m.forget(*r.Ended)
		}
	}
}

// forget closes a FIFO, so that its readers see the end.
func (m *mount) forget(place int) {
	i := slices.IndexFunc(m.Fifos, func(f fifoPlan) bool { return f.Place == place })
	if i >= 0 {
		m.fifos[i].Close()
		m.stages[i].Close()
		m.fifos, m.stages = slices.Delete(m.fifos, i, i+1), slices.Delete(m.stages, i, i+1)
		m.Fifos = slices.Delete(m.Fifos, i, i+1)
	}
}
