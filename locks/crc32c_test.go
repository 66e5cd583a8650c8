package locks

import (
	"hash/crc32"
	"testing"
)

func FuzzCRC32C(f *testing.F) {
	f.Add([]byte("123456789"), []byte(""))
	f.Add([]byte{}, make([]byte, recordSize))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		table := crc32.MakeTable(crc32.Castagnoli)
		want := crc32.Update(crc32.Checksum(a, table), table, b)
		if got := crc32c(a, b); got != want {
			t.Errorf("%x %x: got %08x, want %08x", a, b, got, want)
		}
	})
}
