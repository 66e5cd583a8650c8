package cmd

import (
	"testing"

	"github.com/spf13/pflag"
)

func TestPipeValues(t *testing.T) {
	for _, tt := range []struct {
		value pflag.Value
		texts []string
		want  string // "" for an error
	}{
		{new(backlogValue), []string{"none"}, "none"},
		{new(backlogValue), []string{"all"}, "all"},
		{new(backlogValue), []string{"17"}, "17"},
		{new(backlogValue), []string{"0"}, "none"},
		{new(backlogValue), []string{"-1"}, ""},
		{new(backlogValue), []string{""}, ""},
		{new(backlogValue), []string{"1K"}, ""},
		{new(retention), []string{"10M"}, "10M"},
		{new(retention), []string{"10m"}, "10m0s"},
		{new(retention), []string{"2d"}, "48h0m0s"},
		{new(retention), []string{"4096"}, "4K"},
		{new(retention), []string{"1g"}, "1G"},
		{new(retention), []string{"1GiB", "36h"}, "1G,36h0m0s"},
		{new(retention), []string{""}, ""},
		{new(retention), []string{"days"}, ""},
		{new(retention), []string{"-1d"}, ""},
		{new(fromValue), []string{"start"}, "start"},
		{new(fromValue), []string{"12"}, "12"},
		{new(fromValue), []string{"0"}, ""},
		{new(fromValue), []string{"end"}, ""},
	} {
		var err error
		for _, text := range tt.texts {
			if err == nil {
				err = tt.value.Set(text)
			}
		}
		if (err != nil) != (tt.want == "") || err == nil && tt.value.String() != tt.want {
			t.Errorf("%s %q: %s, %v", tt.value.Type(), tt.texts, tt.value, err)
		}
	}
}
