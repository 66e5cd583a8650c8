package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// disk is the file of a Store, made when it is needed first.
type disk struct {
	file  *os.File
	name  string  // where it could not be removed at once
	limit int64   // most bytes in it
	size  int64   // bytes in it, holes included
	holes []int64 // places that are free again
}

// hasRoom reports whether reserve would find a place.
func (d *disk) hasRoom(opt *Options) bool {
	if d.file == nil {
		return opt.Disk == 0 || opt.Disk >= chunkSize
	}
	return len(d.holes) > 0 || d.size+chunkSize <= d.limit
}

// reserve finds a place in the file. The zero chunk means that there is none
// now; the bound does not hold if it is urgent.
func (d *disk) reserve(opt *Options, urgent bool) (chunk, error) {
	if d.file == nil {
		if !urgent && !d.hasRoom(opt) {
			return chunk{}, nil
		}
		if err := d.open(opt); err != nil {
			return chunk{}, fmt.Errorf("spool: %w", err)
		}
	}
	if n := len(d.holes); n > 0 {
		c := chunk{file: d.file, at: d.holes[n-1]}
		d.holes = d.holes[:n-1]
		return c, nil
	}
	if d.size+chunkSize > d.limit && !urgent {
		return chunk{}, nil
	}
	c := chunk{file: d.file, at: d.size}
	d.size += chunkSize
	return c, nil
}

// open makes the file. A disk that is full already is an error: waiting for
// others to free it is not what anybody asked for.
func (d *disk) open(opt *Options) error {
	f, err := os.CreateTemp(opt.Dir, "loxctl-spool-*")
	if err != nil {
		return err
	}
	if os.Remove(f.Name()) != nil { // not every system removes an open file
		d.name = f.Name()
	}
	d.file, d.limit = f, opt.Disk
	if d.limit > 0 {
		return nil
	}
	if d.limit = free(f) / 2; d.limit < chunkSize {
		err := &fs.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
		return errors.Join(err, d.close())
	}
	return nil
}

// close frees the file.
func (d *disk) close() error {
	if d.file == nil {
		return nil
	}
	err := d.file.Close()
	if d.name != "" {
		err = errors.Join(err, os.Remove(d.name))
	}
	*d = disk{}
	return err
}
