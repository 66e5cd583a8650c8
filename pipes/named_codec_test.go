package pipes

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"
)

func FuzzRecordRoundTrip(f *testing.F) {
	f.Add([]byte("payload"), uint64(1), int64(5), uint64(0), uint32(48), uint16(1), uint16(3))
	f.Add([]byte{}, uint64(math.MaxUint64), int64(-1), uint64(7), uint32(0), uint16(0), uint16(0))
	f.Fuzz(func(t *testing.T, payload []byte, seq uint64, at int64, id uint64, back uint32, flags, hlen uint16) {
		want := recordHead{length: uint32(len(payload)), seq: max(seq, 1), time: at, id: id, back: back, flags: flags,
			hlen: uint16(min(int(hlen), len(payload)))}
		half := len(payload) / 2
		b := appendRecord([]byte("before"), want, payload[:half], payload[half:])[len("before"):]
		if uint64(len(b)) != want.size() || len(b)%recordAlign != 0 {
			t.Fatalf("%d bytes of a record of size %d", len(b), want.size())
		}
		h, got, err := parseRecord(append(b, "behind"...))
		if err != nil || h != want || !bytes.Equal(got, payload) {
			t.Fatalf("%+v %q %v, want %+v %q", h, got, err, want, payload)
		}
		b[int(seq%uint64(recordHeader+len(payload)))] ^= 1 << (id % 8)
		if _, _, err := parseRecord(b); !isDamage(err) {
			t.Fatalf("a flipped bit: %v", err)
		}
	})
}

func FuzzRecordParse(f *testing.F) {
	f.Add(appendRecord(nil, recordHead{seq: 1}, []byte("payload")))
	f.Add(make([]byte, 100))
	f.Add(binary.LittleEndian.AppendUint32(nil, math.MaxUint32))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, payload, err := parseRecord(b[:len(b):len(b)])
		if err != nil {
			if !isDamage(err) {
				t.Fatal(err)
			}
			return
		}
		if len(payload) != int(h.length) || h.size() > uint64(len(b)) || int(h.hlen) > len(payload) {
			t.Fatalf("%+v with %d bytes from %d", h, len(payload), len(b))
		}
	})
}

func FuzzSegmentHead(f *testing.F) {
	f.Add(segmentHead{base: 1, seq: 2, back: 3, time: 4}.encode())
	f.Add([]byte(segmentMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseSegmentHead(b)
		if err != nil {
			return
		}
		if again, err := parseSegmentHead(h.encode()); err != nil || again != h {
			t.Fatalf("%+v became %+v, %v", h, again, err)
		}
	})
}

func TestSegmentHeadSeesFlips(t *testing.T) {
	h := segmentHead{base: 1 << 40, seq: 17, back: 48, time: 1e18}
	for i := range segmentSum + 4 {
		b := h.encode()
		b[i] ^= 1
		if got, err := parseSegmentHead(b); err == nil {
			t.Errorf("byte %d: %+v", i, got)
		}
	}
	if got, err := parseSegmentHead(h.encode()); err != nil || got != h {
		t.Errorf("%+v %v", got, err)
	}
}
